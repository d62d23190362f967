#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The power goes at any moment of a consent's life: the first login, a refresh,
another login, the logout. By the record of all that was done to files, every
state of the disk that may be left is built, and a token is asked for.

What was said to be stored is there, what was said to be forgotten is not, and
no refresh token is used twice but where the server's answer was lost. Whatever
else is there, a login puts it right.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import disk     # noqa: E402
import grants   # noqa: E402
import lab      # noqa: E402
import walk     # noqa: E402

AT_ONCE = 6     # states for each processor: a login waits for the most part
BROKEN = "sync"     # a test that can fail: without the syncs


class Story:
    """What was done, and what the server knew at each moment."""

    def __init__(self, place):
        self.trial = grants.Trial(place)
        self.lines = []
        self.known = [self.trial.account.copied()]  # by the number in a mark
        self.families = []      # of the logins
        self.good = True

    def mark(self, *words):
        with open(self.trial.log, "a", encoding="utf-8") as f:
            f.write("\t".join(("mark",) + words) + "\n")

    def before_answer(self, kind):
        if kind in ("token", "revoke"):
            self.known.append(self.trial.account.copied())
            self.mark("server", str(len(self.known) - 1))

    def do(self, said, *words):
        """A command; what is true once it has said so."""
        ended = self.trial.run(*words, plan="record")
        self.good &= ended.status == 0
        self.lines += ended.struck + ["mark\tsaid\t" + said]

    def tell(self):
        account = self.trial.account
        account.before_answer = self.before_answer
        self.do("first", "login", "box")
        self.families.append(list(account.good)[-1])
        self.trial.hours += 2
        self.do("refreshed", "token", "box")
        self.do("second", "login", "box")
        self.families.append(list(account.good)[-1])
        self.do("out", "logout", "box")


class Checker:
    def __init__(self, place, story):
        self.place = place
        self.story = story
        self.tally = walk.Tally()

    def check(self, state):
        """Build it, and ask; complaints as one text, or nothing."""
        where, words, tree, marks = state
        known = max([0, *(int(m[1]) for m in marks if m[0] == "server")])
        trial = grants.Trial(self.place, account=self.story.known[known])
        tree.build(trial.home)
        trial.hours = self.story.trial.hours + 2
        said = list(self.judge(trial, {m[1] for m in marks
                                       if m[0] == "said"}, known))
        trial.clear()
        return f"{where}, {words}: " + "; ".join(said) if said else ""

    def judge(self, trial, said, known):
        stored = trial.stored()
        ended, token = trial.speak("token", "box")
        family = trial.account.access.get(token.strip())
        had = ended.status == 0 and family is not None
        # Between the server's answer and ours, the first of them may be lost.
        lost = "first" in said and known >= 2 and "refreshed" not in said
        self.tally["a token" if had else "none"] += 1
        if "out" in said and (had or stored):
            yield "forgotten, and there again"
        elif "second" in said and "out" not in said and (
                known < 4 and family != self.story.families[1]):
            yield f"the second login is not there: {ended.err}"
        elif "first" in said and known < 4 and not had and not lost:
            yield f"the first login is not there: {ended.err}"
        if not had and (ended.status != 77 or
                        "osmtp login box" not in ended.err):
            yield f"no token: {ended.status} {ended.err}"
        if trial.account.replayed() and not (lost or known >= 4):
            yield "a refresh token was used twice"
        if had:
            return
        ended = trial.login()
        if ended.status or trial.run("token", "box").status:
            yield f"a login does not help: {ended.status} {ended.err}"


def main():
    place = grants.Lab()
    story = Story(place)
    story.tell()
    place.result(story.good and len(story.known) == 5 and
                 len(story.lines) > 50, f"{len(story.lines)} lines are "
                 "recorded", *story.lines[:3])
    checker = Checker(place, story)
    found = lab.some(disk.states(story.lines, story.trial.home), 7)
    bad = [said for said in place.each(checker.check, found, AT_ONCE) if said]
    place.result(not bad, f"{len(found)} states after a power cut", *bad)
    print(f"# {checker.tally.words()}")
    place.result(checker.tally["a token"] and checker.tally["none"],
                 "some have a token, some have not")
    without = [line for line in story.lines if not line.startswith(BROKEN)]
    found = [s for s in disk.states(without, story.trial.home)
             if s[1] == "nothing unsynced" and ("said", "first") in s[3]][:3]
    place.result(any(place.each(checker.check, found)),
                 "without the syncs a consent is lost: this test can fail")
    place.finish()


if __name__ == "__main__":
    main()
