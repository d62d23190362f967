#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The power goes at any moment: by the record of all that was done to files,
every state of the disk that may be left is built, and the queue worked
through. What was accepted before arrives."""

import os
import queue
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import disk     # noqa: E402
import lab      # noqa: E402
import walk     # noqa: E402

# A test that can fail: without the syncs, mail must get lost.
BROKEN = "sync"
TELL = ("-N", "success,failure")


def record(place):
    """Messages that wait, one with a refused recipient, one whose success is
    to be told, one with both, a run that delivers them, and two that go out at
    once. Returns the trial and the record."""
    trial = lab.Trial(place)
    lines, texts = [], {}

    def mark(*words):
        with open(trial.log, "a", encoding="utf-8") as f:
            f.write("\t".join(("mark",) + words) + "\n")

    def take(rcpts, text):
        for word in texts:
            if b"Subject: " + word.encode() + b"\r\n" in text:
                mark("arrived" if lab.GOOD in rcpts else
                     "relayed" if b"\nAction: relayed\r\n" in text else
                     "reported", word)
        place.mail.taken.append((rcpts, text))

    def send(*rcpts):
        texts[trial.renew()] = rcpts
        ended = trial.send(*rcpts, plan="record")
        lines.extend(ended.struck)
        lines.append(f"mark\taccepted\t{trial.word}")
        return ended.status == 0

    place.mail.take = take
    trial.configure(place.away)
    good = send(lab.GOOD) and send(lab.GOOD, lab.BAD)
    good &= send(*TELL, lab.GOOD) and send(*TELL, lab.GOOD, lab.BAD)
    trial.configure(place.mail)
    trial.hours += 3
    lines.extend(trial.run("run", "--once", plan="record").struck)
    good &= send(lab.GOOD) and send(*TELL, lab.GOOD)
    good &= not trial.waiting()
    place.result(good and len(lines) > 50, f"{len(lines)} lines are recorded")
    return trial, lines, texts


def lost(texts, marks, server):
    """What should be there and is not, after a cut at these marks."""
    for word, rcpts in texts.items():
        if ("accepted", word) not in marks:
            continue
        if ("arrived", word) not in marks and not server.arrived(word):
            yield f"{word}: accepted and lost"
        if lab.BAD in rcpts and ("reported", word) not in marks and (
                not server.reports(word)):
            yield f"{word}: no report"
        if TELL[0] in rcpts and ("relayed", word) not in marks and (
                not server.reports(word, "relayed")):
            yield f"{word}: not told that it was relayed"
        if len(server.reports(word, "relayed")) > 1:
            yield f"{word}: told twice that it was relayed"


class Checker:
    def __init__(self, place, trial, texts):
        self.place = place
        self.like = trial
        self.texts = texts
        self.servers = queue.Queue()
        for _ in range(len(os.sched_getaffinity(0))):
            self.servers.put(lab.Server(place, lab.Mail))
        self.tally = walk.Tally()

    def check(self, state):
        """Build it, work through it; complaints as one text, or nothing."""
        where, words, tree, marks = state
        server = self.servers.get()
        del server.taken[:]
        trial = lab.Trial(self.place)
        tree.build(trial.home)
        trial.configure(server)
        trial.hours = self.like.hours + 3
        left = trial.drain()
        said = [*lost(self.texts, marks, server), *left]
        for word in self.texts:
            trial.word = word
            found = server.arrived(word)
            self.tally["arrived twice"] += ("arrived", word) in marks and (
                len(found) == 1)
            if len(found) > 1 or not all(map(trial.is_whole, found)):
                said.append(f"{word}: torn, or came {len(found)} times")
        self.servers.put(server)
        trial.place = os.path.dirname(trial.home)
        trial.clear()
        return f"{where}, {words}: " + "; ".join(said) if said else ""


def main():
    place = lab.Lab()
    trial, lines, texts = record(place)
    checker = Checker(place, trial, texts)
    found = lab.some(disk.states(lines, trial.home), 5)
    bad = [said for said in place.each(checker.check, found) if said]
    place.result(not bad, f"{len(found)} states after a power cut", *bad)
    print(f"# {checker.tally.words()}")
    without = [line for line in lines if not line.startswith(BROKEN)]
    found = [s for s in disk.states(without, trial.home)
             if s[1] == "nothing unsynced" and s[3]][:3]
    place.result(any(place.each(checker.check, found)),
                 "without the syncs mail is lost: this test can fail")
    place.finish()


if __name__ == "__main__":
    main()
