#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The process that comes to a call, or all of them, are killed there: at each
call on each way of a message."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab      # noqa: E402
import walk     # noqa: E402


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
            if way.name == "settle":    # it was accepted before
                ended = ended._replace(status=0)
            said = walk.judge(trial, ended, tally, killed=True)
            said += walk.judge_reports(way, trial, ended, tally)
            said = walk.complain(trial, plan, ended, said)
            trial.clear()
            return said

        tried = lab.some([f"{how}:{n}" for n, _ in calls
                          for how in ("kill", "killall")], 7)
        bad = [said for said in place.each(attempt, tried) if said]
        place.result(not bad, f"{way.name}: killed at {len(tried)} calls",
                     *bad)
        print(f"# {way.name}: {tally.words()}")
        place.result(tally["accepted"] > 0, f"{way.name}: some are accepted")
        place.result(tally["not struck"] * 10 < len(tried),
                     f"{way.name}: the faults have struck")
    place.finish()


if __name__ == "__main__":
    main()
