#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a person has consented to outlives a failing call, and a kill, at each
call of a login, a refresh, a first discovery and a logout.

Whatever strikes, a token is had afterwards, by the old grant or the new one,
and no refresh token is used twice. The one exception is a kill behind the
server's answer: what came with it is lost, and then it is said that a login is
needed. Nothing half-made stays behind the next run, no secret lies about in
clear, and who has failed says why.
"""

import errno
import itertools
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import grants   # noqa: E402
import lab      # noqa: E402
import walk     # noqa: E402

DAY = 24    # hours
AT_ONCE = 6     # trials for each processor: a login waits for the most part


class Way:
    """prepare() makes a trial ready, words are the command under faults."""

    words = ()

    def __init__(self, name, place, template):
        self.name = name
        self.lab = place
        self.template = template

    def prepare(self):
        return grants.Trial(self.lab, like=self.template)

    def judge(self, trial, ended, tally):
        """Complaints about a trial whose faults are over."""
        return works(trial, tally)

    def succeeded(self, _):
        """Has it done its work, without a fault?"""
        return True

    def calls(self):
        """Did all go well without a fault; and (index, kind) of the calls to
        be tried: of many in a row that are the same, the first and the last.
        """
        trial = self.prepare()
        ended = trial.run(*self.words, plan="list")
        good = ended.status == 0 and self.succeeded(trial)
        trial.clear()
        found = [line.split(" ", 2) for line in ended.struck]
        found = [(int(n), kind, path) for n, kind, path in found
                 if not path.startswith((".config/osmtp/osmtp.conf", "(st"))]
        runs = [list(same) for _, same in itertools.groupby(
            found, lambda call: call[1:])]
        return good, [(run[i][0], run[i][1]) for run in runs
                      for i in sorted({0, len(run) - 1})]


class Login(Way):
    """Over a grant that is still good."""

    words = ("login", "box")

    def judge(self, trial, ended, tally):
        account = trial.account
        family = next(iter(account.good))   # of the old grant
        said = works(trial, tally)
        counts = account.access.get(trial.token)
        if ended.status == 0 and counts == family:
            said.append("stored, and the old grant counts")
        elif (ended.status and "stays as it was" in ended.err and
              counts != family):
            said.append("said to be lost, and the new grant counts")
        if account.replayed():
            said.append("a refresh token was used twice")
        return said

    def succeeded(self, trial):
        return trial.account.given == 1


class Refresh(Way):
    """A consent lies idle, and a run uses it."""

    words = ("run", "--once")

    def prepare(self):
        trial = super().prepare()
        trial.hours += 8 * DAY
        return trial

    def judge(self, trial, ended, tally):
        said = []
        if (ended.status == 0 and not trial.account.given and
                " text=" not in trial.told() and
                not ended.struck[-1].endswith(" log")):
            said.append("not refreshed, and nothing is in the log")
        return said + works(trial, tally)

    def succeeded(self, trial):
        return trial.account.given == 1


class Token(Refresh):
    """The first one ever, in an empty home: by discovery, and by a refresh
    token that is configured."""

    words = ("token", "box")

    def prepare(self):
        return grants.Trial(self.lab, seed=True)

    def judge(self, trial, ended, tally):
        return works(trial, tally)


class Logout(Way):
    words = ("logout", "box")

    def judge(self, trial, ended, tally):
        if ended.status == 0 and not trial.account.revoked and (
                "not revoked at the server" not in trial.printed):
            return ["not revoked, and nothing said"]
        if ended.status != 0:
            tally["not logged out"] += 1
            again = trial.run(*self.words)
            if again.status:
                return [f"logout fails again: {again.status} {again.err}"]
        said = [f"is still there: {name}" for name in trial.stored()]
        after, _ = trial.speak("token", "box")
        if not asks_for_login(trial, after):
            said.append(f"after the logout: {after.status} {after.err}")
        if not trial.account.revoked:
            tally["not revoked"] += 1
        if any(trial.account.uses.values()):
            said.append("the grant was used")
        return said

    def succeeded(self, trial):
        return len(trial.account.revoked) == 1 and not trial.stored()


def asks_for_login(trial, ended):
    """Is it said that the person, and nobody else, can mend it?"""
    return ended.status == 77 and (
        "refresh_token" if trial.seed else "osmtp login box") in ended.err


def works(trial, tally):
    """Complaints where no token is to be had, now or when the one that may be
    cached has ended."""
    account, lost = trial.account, trial.lost
    said = []
    for hours in (0, 2):
        trial.hours += hours
        ended, token = trial.speak("token", "box")
        trial.token = token.strip()
        if ended.status == 0 and trial.token in account.access:
            continue
        if not (lost and asks_for_login(trial, ended)):
            said.append(f"no token: {ended.status} {ended.err}")
        elif not trial.seed and trial.login().status:
            said.append("a login does not help")
        else:
            tally["needed a login"] += 1
        break
    twice = account.replayed()
    if twice and not lost or any(account.uses[t] > 2 for t in twice):
        said.append(f"used more than once: {len(twice)} refresh tokens")
    return said


def is_said(ended):
    """Who fails says why, by a status of sysexits(3) and in words."""
    if ended.status == 0 or isinstance(ended.status, int) and (
            ended.status in range(64, 79) and ended.err.startswith("osmtp")):
        return []
    return [f"ended by {ended.status}: {ended.err!r}"]


def attempt(way, plan, tally):
    trial = way.prepare()
    ended, printed = trial.speak(*way.words, plan=plan)
    kill = plan.startswith("kill")
    # What came behind a kill may be lost, with what it was asked with.
    lasts = plan.startswith("fail+")
    trial.lost = (kill or lasts) and trial.account.asked > 0
    trial.printed = printed
    said = [] if kill else is_said(ended)
    tally["failed" if ended.status else "succeeded"] += 1
    if not ended.struck:
        tally["not struck"] += 1
    if way.words[0] == "token":
        printed = ""
    said += trial.leaks(ended.err, printed)
    said += way.judge(trial, ended, tally)
    said += trial.leaks()
    if trial.temporary():
        tally["left for the next run"] += 1
        if not kill and not lasts and " unlink " not in ended.struck[0]:
            said.append(f"left by a failure: {trial.temporary()}")
        trial.run("run", "--once")
    said += [f"left behind: {name}" for name in trial.temporary()]
    said = walk.complain(trial, plan, ended, said)
    trial.clear()
    return said


def plans(calls):
    kinds = {kind for _, kind in calls}
    for n, kind in calls:
        yield f"fail:{n}:{errno.EIO}"
        if kind in walk.CREATING:
            yield f"fail:{n}:{errno.ENOSPC}"
        if kind in ("sync", "rename"):
            yield f"fail+:{n}:{errno.EIO}"
        yield f"kill:{n}"
        if "fork" in kinds:
            yield f"killall:{n}"


def strike(way):
    good, calls = way.calls()
    way.lab.result(good and len(calls) > 20,
                   f"{way.name}: {len(calls)} calls without a fault")
    tally = walk.Tally()
    tried = lab.some(plans(calls), 11)
    bad = [said for said in way.lab.each(
        lambda plan: attempt(way, plan, tally), tried, AT_ONCE) if said]
    way.lab.result(not bad, f"{way.name}: struck {len(tried)} times", *bad)
    print(f"# {way.name}: {tally.words()}")
    way.lab.result(tally["failed"] > 0 and tally["not struck"] * 10 <
                   len(tried), f"{way.name}: the faults have struck")


def leaks_are_seen(place, trial):
    """A test that can fail: secrets in clear are found."""
    found = []
    for number, octets in enumerate(grants.forms(max(trial.account.secrets))):
        with open(trial.home + "/draft", "wb") as f:
            f.write(b"x" * number + octets)
        found += trial.leaks()[:1]
        os.unlink(trial.home + "/draft")
    place.result(len(found) == 4 and not trial.leaks(),
                 "a secret in clear is seen", *found)


def lose_one(account):
    """The next answer with a token in it does not reach us."""
    def lose(kind):
        if kind != "token":
            return None
        account.before_answer = lambda kind: None
        return "lose"
    account.before_answer = lose


def answers_get_lost(place, template):
    """What was redeemed may be lost on its way to us. It is tried once more,
    for servers that forgive, and then a person is needed."""
    trial = grants.Trial(place, like=template)
    trial.hours += 2
    lose_one(trial.account)
    ended = trial.run("token", "box")
    asked = trial.account.asked
    place.result(ended.status == 77 and asks_for_login(trial, ended) and
                 asked == 2, "a lost answer needs a login", ended, asked)
    trial.run("run", "--once")
    ended = trial.run("token", "box")
    place.result(ended.status == 77 and trial.account.asked == asked,
                 "the endpoint is left in peace", ended, trial.account.asked)
    ended = trial.login()
    trial.account.uses.clear()
    bad = works(trial, walk.Tally())
    place.result(ended.status == 0 and not bad, "a login helps", ended, *bad)
    trial.clear()


def a_login_gets_lost(place, template):
    """The same for a device code, which is spent by then."""
    trial = grants.Trial(place, like=template)
    lose_one(trial.account)
    ended = trial.login()
    place.result(ended.status == 75 and "osmtp login box" in ended.err,
                 "the answer to a login is lost, and said to be", ended)
    bad = works(trial, walk.Tally())
    place.result(not bad, "the old consent stays", *bad)
    trial.clear()


def unreadable_is_told(place, template):
    """A consent that lies idle and can't be read: a run does not pass over it
    in silence."""
    trial = grants.Trial(place, like=template)
    trial.hours += 8 * DAY
    os.chmod(f"{trial.home}/{grants.STATE}/tokens/box.blob", 0o644)
    trial.run("run", "--once")
    place.result(not trial.account.asked and 'event=consent profile=box '
                 'result="not read"' in trial.told(),
                 "an idle consent that can't be read is told of",
                 trial.told())
    trial.clear()


def main():
    place = grants.Lab()
    template = grants.sign_in(place)
    leaks_are_seen(place, template)
    unreadable_is_told(place, template)
    answers_get_lost(place, template)
    a_login_gets_lost(place, template)
    for way in (Login("login", place, template),
                Refresh("idle refresh", place, template),
                Token("first token", place, None),
                Logout("logout", place, template)):
        strike(way)
    place.finish()


if __name__ == "__main__":
    main()
