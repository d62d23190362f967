# SPDX-License-Identifier: ISC
"""walk: the ways of a message on which faults are tried, one call after the
other, and what must hold whatever fails.

Accepted (exit 0) means that the message arrives once it can, once; a second
time only where the first was not recorded. Not accepted means that it never
arrives, and that its sender still has it, or is told that he has not.
"""

import collections
import errno

import lab

CREATING = {"open", "write", "link", "mkdir", "fallocate", "sync", "ftruncate",
            "rename"}


class Way:
    """prepare() makes a trial ready, act() is the command under faults."""

    due = []    # actions of the reports that are to come

    def __init__(self, name, place, template):
        self.name = name
        self.lab = place
        self.template = template

    def prepare(self):
        return lab.Trial(self.lab, like=self.template)

    def act(self, trial, plan):
        return trial.send(plan=plan)

    def calls(self):
        """Did all go well without a fault; and (index, kind) of the calls to
        be tried."""
        trial = self.prepare()
        ended = self.act(trial, "list")
        found = [line.split(" ", 2) for line in ended.struck]
        trial.drain()
        arrived = self.lab.mail.arrived(trial.word)
        good = ended.status == 0 and len(arrived) == 1
        trial.clear()
        return good, [(int(n), kind) for n, kind, path in found
                      if self.counts(path)]

    def counts(self, path):
        """The configuration is read on the first way alone."""
        return not path.startswith((".config/", "(standard"))


class Submit(Way):
    """The first message of a user: sent, delivered, settled."""

    def prepare(self):
        return lab.Trial(self.lab)

    def counts(self, _):
        return True


class Report(Way):
    """One recipient is refused: a report is made, and sent."""

    due = ["failed"]

    def act(self, trial, plan):
        return trial.send(lab.GOOD, lab.BAD, plan=plan)


class Relay(Way):
    """The other one is to be told of, too, and the server does not."""

    due = ["relayed", "failed"]

    def act(self, trial, plan):
        return trial.send("-N", "success,failure", lab.GOOD, lab.BAD,
                          plan=plan)


class Settle(Way):
    """A message that waits is delivered by a run."""

    def prepare(self):
        trial = super().prepare()
        trial.configure(self.lab.away)
        trial.send()
        trial.configure(self.lab.mail)
        trial.hours += 3
        return trial

    def act(self, trial, plan):
        ended = trial.run("run", "--once", plan=plan)
        # It was accepted before, whatever the run says.
        return ended._replace(status=0) if isinstance(
            ended.status, int) and ended.status > 0 else ended


class Redeem(Way):
    """A refresh token, good for one use, is turned in on the way."""

    def prepare(self):
        return lab.Trial(self.lab, oauth=True, like=self.template)


def ways(place):
    template = lab.Trial(place)
    template.send()
    return [Submit("submit", place, None), Report("report", place, template),
            Relay("relay", place, template),
            Settle("settle", place, template),
            Redeem("redeem", place, template)]


class Tally(collections.Counter):
    """What was seen over all trials: accepted, refused, twice, ..."""

    def words(self):
        return ", ".join(f"{n} {what}" for what, n in sorted(self.items()))


def drain(trial, tally):
    """Empty the queue. A refresh token that was turned in and could not be
    stored leaves mail that waits for another consent: all of it."""
    left = trial.drain()
    if left and trial.oauth:
        tally["needed a new consent"] += 1
        trial.configure(trial.lab.mail, consent="again")
        left = trial.drain()
    return left


def judge(trial, ended, tally, killed=False):
    """Complaints about a trial whose faults are over."""
    place, word = trial.lab, trial.word
    before = len(place.mail.arrived(word))
    left = drain(trial, tally)
    arrived = place.mail.arrived(word)
    said = []
    if not ended.struck:
        tally["not struck"] += 1
    if ended.status == 0:
        tally["accepted"] += 1
        if not arrived:
            said.append("accepted and lost")
    elif isinstance(ended.status, str):
        said.append(ended.status)
    elif ended.status > 0:
        tally["refused"] += 1
        if arrived:
            said.append("not accepted, and delivered")
        elif word.encode() in trial.dead():
            tally["kept in dead.letter"] += 1
        elif "gone" in ended.err:
            tally["told that it is gone"] += 1
        else:
            said.append("not accepted, not kept, and nothing said")
    elif killed:
        tally["killed before an answer"] += 1
    else:
        said.append(f"ended by signal {-ended.status}")
    if len(arrived) > 1:
        tally["twice"] += 1
        if not before or len(arrived) > 2:
            said.append(f"arrived {len(arrived)} times, {before} at first")
    if not all(trial.is_whole(text) for text in arrived):
        said.append("arrived torn")
    said += [f"not delivered: {line}" for line in left]
    if trial.litter():
        tally["left for the sweep"] += 1
        trial.sweep()
    said += [f"left behind: {name}" for name in trial.litter()]
    return said


def judge_reports(way, trial, ended, tally):
    """If the message was accepted, its sender is told of it, once for each
    time that it arrived."""
    said = []
    for action in way.due if ended.status == 0 else []:
        found = len(trial.lab.mail.reports(trial.word, action))
        if found == 2:
            tally[f"{action}, told twice"] += 1
        if not 1 <= found <= 2:
            said.append(f"{found} reports: {action}")
    return said


def complain(trial, plan, ended, said):
    return (f"{plan} ({', '.join(ended.struck[:3])}): {'; '.join(said)}\n" +
            ended.err) if said else ""


def errors(kind):
    """The errno values that are worth trying for a call."""
    found = [errno.EIO]
    if kind in CREATING:
        found.append(errno.ENOSPC)
    if kind in ("open", "socketpair"):
        found.append(errno.EMFILE)
    if kind == "fork":
        found.append(errno.EAGAIN)
    return found
