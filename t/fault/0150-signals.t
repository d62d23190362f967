#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A login at a terminal is stopped, at any moment and in any way: the terminal
is as it was, and what is said of the consent is true."""

import errno
import itertools
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import grants   # noqa: E402
import lab      # noqa: E402
import walk     # noqa: E402

STEPS = {"device": 0.02, "paste": 0.005}    # seconds
AT_ONCE = 6     # for each processor
WAIT = 20
STOPS = {"INT": signal.SIGINT, "TERM": signal.SIGTERM, "HUP": signal.SIGHUP,
         "Ctrl-C": signal.SIGINT, "hang-up": signal.SIGHUP}
READ_FOR = 0.2  # seconds that the person takes to come back


class Terminal:
    """The program at a terminal of its own."""

    def __init__(self, trial, *words):
        self.master, self.slave = os.openpty()
        # Something to be put right: not what a terminal begins with.
        mode = termios.tcgetattr(self.slave)
        mode[3] &= ~termios.ECHOK
        mode[6][termios.VKILL] = b"\x18"
        termios.tcsetattr(self.slave, termios.TCSANOW, mode)
        self.mode = termios.tcgetattr(self.slave)
        self.said = b""
        self.child = subprocess.Popen(
            ["setsid", "-c", lab.FAULTY, *words], stdin=self.slave,
            stdout=self.slave, stderr=self.slave, env=trial.environment(None))

    def read(self, until):
        """Take what is said, until that instant or its end."""
        while (left := until - time.monotonic()) > 0 and (
                self.child.poll() is None):
            if select.select([self.master], [], [], min(left, 0.005))[0]:
                self.take()

    def take(self):
        try:
            self.said += os.read(self.master, 65536)
        except OSError as e:
            if e.errno != errno.EIO:
                raise

    def await_owner(self):
        """A key has an effect once the terminal is the program's."""
        end = time.monotonic() + WAIT
        while (time.monotonic() < end and self.child.poll() is None and
               os.tcgetpgrp(self.master) != self.child.pid):
            self.read(time.monotonic() + 0.001)

    def stop(self, how):
        if how == "Ctrl-C":
            self.await_owner()
        if self.child.poll() is not None:
            return
        if how == "Ctrl-C":
            os.write(self.master, b"\x03")
        elif how == "hang-up":
            os.close(self.slave)
            os.close(self.master)
            self.master = None
        else:
            self.child.send_signal(STOPS[how])

    def end(self):
        """Its status, and whether the terminal is as it was before."""
        if self.master is None:
            return self.child.wait(WAIT), True
        self.read(time.monotonic() + WAIT)
        if self.child.poll() is None:
            self.child.kill()
        status = self.child.wait()
        while select.select([self.master], [], [], 0)[0]:
            self.take()
        same = termios.tcgetattr(self.slave) == self.mode
        os.close(self.master)
        os.close(self.slave)
        return status, same


def by_device(terminal, _, until):
    terminal.read(until)


def by_paste(terminal, trial, until):
    """The person brings the address, some time after it was asked for."""
    came = None
    while time.monotonic() < until and terminal.child.poll() is None:
        terminal.read(min(until, time.monotonic() + 0.005))
        url = re.search(rb"http://[^ \r\n]*/authorize\?[^ \r\n]+\r\n.*> ",
                        terminal.said, re.S)
        if url and came is None:
            came = time.monotonic() + READ_FOR
            url = url[0].split()[0].decode()
            back = trial.account.come_back(url).encode()
        if came and came is not True and time.monotonic() > came:
            os.write(terminal.master, back + b"\n")
            came = True


WAYS = {"device": (["login", "box", "--device"], by_device),
        "paste": (["login", "box", "--paste"], by_paste)}


def truth(trial, status, said, tally):
    """Complaints about a login that ended so: which consent counts?"""
    old = list(trial.account.good)[0]
    trial.hours += 2
    ended, token = trial.speak("token", "box")
    family = trial.account.access.get(token.strip())
    if ended.status or family is None:
        yield f"no token: {ended.status} {ended.err}"
        return
    tally["new" if family != old else "old"] += 1
    if status == 0 or "it is stored" in said:
        if family == old:
            yield "said to be stored, and the old one counts"
    elif "nothing was changed" in said and family != old:
        yield "said that nothing was changed, and the new one counts"
    if trial.account.replayed():
        yield "a refresh token was used twice"


def attempt(place, template, job, tally):
    way, how, moment = job
    words, person = WAYS[way]
    trial = grants.Trial(place, like=template)
    terminal = Terminal(trial, *words)
    until = time.monotonic() + moment * STEPS[way]
    person(terminal, trial, until)
    terminal.stop(how)
    status, same = terminal.end()
    said = terminal.said.decode("utf-8", "replace")
    bad = []
    if status == 0:
        tally["came to its end"] += 1
    elif status == -STOPS[how]:
        tally["stopped"] += 1
        if "login: stopped; " in said:
            tally["with words"] += 1
        elif "Account" in said and how != "hang-up" and (
                "Stored." not in said):     # all is over then
            bad.append("nothing was said")
    elif status == 1 and how == "hang-up" and not said:
        tally["not begun"] += 1     # setsid(1) had no terminal any more
    else:
        bad.append(f"ended by {status}")
    if not same:
        bad.append("the terminal is not as it was")
    bad += truth(trial, status, said, tally) if how != "hang-up" else (
        truth(trial, None, "", tally))
    # What was pasted stands there, of course.
    bad += trial.leaks(said if way == "device" else "")
    if trial.temporary():
        trial.run("run", "--once")
    bad += [f"left behind: {name}" for name in trial.temporary()]
    trial.clear()
    return f"{way}, {how} at {moment * STEPS[way]:.3f}: {'; '.join(bad)}\n{said}" \
        if bad else ""


def moments(place, template, way):
    """How long a login takes that nobody stops, in steps, and some more."""
    trial = grants.Trial(place, like=template)
    words, person = WAYS[way]
    begun = time.monotonic()
    terminal = Terminal(trial, *words)
    person(terminal, trial, begun + WAIT)
    status, same = terminal.end()
    trial.clear()
    place.result(status == 0 and same, f"{way}: nobody stops it", status,
                 terminal.said.decode())
    return int((time.monotonic() - begun) * 1.25 / STEPS[way])


def main():
    if not shutil.which("setsid"):
        print("1..0 # SKIP no setsid")
        return
    place = grants.Lab()
    template = grants.sign_in(place)
    for way in WAYS:
        count = moments(place, template, way)
        jobs = lab.some(itertools.chain(
            itertools.product([way], ("INT", "TERM", "HUP"), range(count)),
            itertools.product([way], ("Ctrl-C", "hang-up"),
                              range(0, count, 4))), 11)
        tally = walk.Tally()
        bad = [said for said in place.each(
            lambda job, tally=tally: attempt(place, template, job, tally),
            jobs, AT_ONCE) if said]
        place.result(not bad, f"{way}: stopped at {len(jobs)} moments", *bad)
        print(f"# {way}: {tally.words()}")
        place.result(tally["with words"] * 3 > len(jobs),
                     f"{way}: most were stopped on the way")
    place.finish()


if __name__ == "__main__":
    main()
