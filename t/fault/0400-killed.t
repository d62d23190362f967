#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""1,000 messages by 20 commands at a time, and runs beside them; half of all
are killed at a random instant. Then the queue is worked through."""

import collections
import concurrent.futures
import os
import random
import re
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab      # noqa: E402
import walk     # noqa: E402

MESSAGES, AT_A_TIME = 100 if lab.QUICK else 1000, 20
LONGEST = 0.5   # seconds to the kill; by then most are done


def doom(chance):
    if chance.random() < 0.5:
        return None
    # Most things happen early.
    return LONGEST * chance.random() ** 2, chance.random() < 0.5


def words(server):
    """How often each word has arrived."""
    found = collections.Counter()
    for rcpts, text in list(server.taken):
        if lab.GOOD in rcpts:
            found[re.search(rb"\nSubject: (\w+)", text)[1].decode()] += 1
    return found


def main():
    seed = os.environ.get("CK_FAULT_SEED") or str(random.randrange(1 << 32))
    print(f"# again with CK_FAULT_SEED={seed}")
    chance = random.Random(seed)
    place = lab.Lab()
    ground = lab.Trial(place)
    ended, at_kill = {}, {}
    over = threading.Event()

    def send(plan):
        trial = lab.Trial(place, home=ground.home)
        ended[trial.word] = trial.send(doom=plan)
        at_kill[trial.word] = len(place.mail.arrived(trial.word))
        trial.clear()

    def run():
        trial = lab.Trial(place, home=ground.home)
        while not over.wait(0.2):
            trial.run("run", "--once", doom=doom(chance))
        trial.clear()

    runner = threading.Thread(target=run)
    runner.start()
    plans = [doom(chance) for _ in range(MESSAGES)]
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(send, plans))
    over.set()
    runner.join()
    left = ground.drain(30)
    place.result(not left, "the queue is empty in the end", *left)

    found = words(place.mail)
    tally = walk.Tally()
    bad = []
    for word, end in ended.items():
        if end.status == 0:
            tally["accepted"] += 1
            if not found[word]:
                bad.append(f"{word}: accepted and lost")
        elif isinstance(end.status, str) or end.status > 0:
            bad.append(f"{word}: {end.status} {end.err}")
        else:
            tally["killed"] += 1
            tally["killed and delivered"] += found[word] > 0
        if found[word] > 1:
            tally["twice, killed behind the 250" if at_kill[word] else
                  "twice, killed elsewhere"] += 1
        if found[word] > 2:
            bad.append(f"{word}: {found[word]} times")
    print(f"# {tally.words()}")
    place.result(not bad, f"{MESSAGES} messages", *bad[:20])
    place.result(tally["accepted"] > MESSAGES / 4 and
                 tally["killed"] > MESSAGES / 20, "some lived, some died")
    trial = lab.Trial(place, home=ground.home)
    torn = 0
    for rcpts, text in place.mail.taken:
        trial.word = re.search(rb"\nSubject: (\w+)", text)[1].decode()
        torn += lab.GOOD in rcpts and not trial.is_whole(text)
    place.result(not torn, "none is torn", torn)
    if ground.litter():
        ground.sweep()
    place.result(not ground.litter(), "nothing is left", *ground.litter())
    place.finish()


if __name__ == "__main__":
    main()
