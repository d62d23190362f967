#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each call on files fails once, with each errno that it may have, on each way
of a message; and from then on all of its kind, and each write is short."""

import errno
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab      # noqa: E402
import walk     # noqa: E402


def plans(calls):
    for n, kind in calls:
        for error in walk.errors(kind):
            yield f"fail:{n}:{error}"
        if kind in walk.CREATING:
            yield f"fail+:{n}:{errno.ENOSPC}"
        if kind == "write":
            yield f"short:{n}"


def main():
    place = lab.Lab()
    for way in walk.ways(place):
        good, calls = way.calls()
        place.result(good and len(calls) > 20,
                     f"{way.name}: {len(calls)} calls without a fault")
        tally = walk.Tally()

        def attempt(plan, way=way, tally=tally):
            trial = way.prepare()
            ended = way.act(trial, plan)
            said = walk.judge(trial, ended, tally)
            said += walk.judge_reports(way, trial, ended, tally)
            said = walk.complain(trial, plan, ended, said)
            trial.clear()
            return said

        tried = lab.some(plans(calls))
        bad = [said for said in place.each(attempt, tried) if said]
        place.result(not bad, f"{way.name}: {len(tried)} faults", *bad)
        print(f"# {way.name}: {tally.words()}")
        place.result(tally["accepted"] > 0, f"{way.name}: some are accepted")
        place.result(tally["not struck"] * 10 < len(tried),
                     f"{way.name}: the faults have struck")
    place.finish()


if __name__ == "__main__":
    main()
