#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What there is too little of: space, inodes, descriptors, file size; and a
spool that cannot be written. In name spaces of its own, for the mounts."""

import errno
import os
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import grants   # noqa: E402
import lab      # noqa: E402
import walk     # noqa: E402

APART = ["unshare", "-Urm"]


class Small:
    """A small file system below the state of a trial."""

    def __init__(self, trial, options):
        self.path = trial.home + "/.local/state"
        os.makedirs(self.path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs",
                        self.path], check=True)

    def remount(self, options):
        subprocess.run(["mount", "-o", "remount," + options, self.path],
                       check=True)

    def fill(self, leave):
        """Use up its space but for so many octets."""
        with open(self.path + "/filler", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError as e:
                if e.errno != errno.ENOSPC:
                    raise
            f.truncate(max(0, f.tell() - leave))

    def fill_inodes(self, leave):
        """Use up its inodes but for so many."""
        os.mkdir(self.path + "/fillers")
        while os.statvfs(self.path).f_ffree > leave:
            open(f"{self.path}/fillers/{time.monotonic_ns()}", "wb").close()

    def free(self):
        if os.path.exists(self.path + "/filler"):
            os.unlink(self.path + "/filler")
        shutil.rmtree(self.path + "/fillers", ignore_errors=True)

    def end(self):
        """Unmount it, once the child that a command leaves has ended."""
        due = time.monotonic() + 20
        while subprocess.run(["umount", self.path],
                             stderr=subprocess.DEVNULL).returncode:
            if time.monotonic() > due:
                raise RuntimeError(f"{self.path} stays busy")
            time.sleep(0.05)


def sweep(place, name, cases, start):
    """Send under each of the limits; start() gives trial, prefix and what is
    to be done before the queue is emptied."""
    tally, bad = walk.Tally(), []
    cases = lab.some(cases, 2)
    for case in cases:
        trial, prefix, heal, end = start(case)
        ended = trial.send(prefix=prefix)
        heal()
        said = walk.judge(trial, ended._replace(struck=["-"]), tally)
        if said:
            bad.append(f"{case}: {'; '.join(said)}\n{ended.err}")
        end()
        trial.clear()
    place.result(not bad, f"{name}: {len(cases)} limits", *bad)
    print(f"# {name}: {tally.words()}")
    place.result(tally["accepted"] and tally["refused"],
                 f"{name}: some are accepted, some are not")


def too_little_space(place):
    def start(leave):
        trial = lab.Trial(place)
        trial.lines = 300
        small = Small(trial, "size=1M")
        small.fill(leave)
        return trial, (), small.free, small.end

    sweep(place, "space", range(0, 96 * 1024, 4096), start)


def too_few_inodes(place):
    def start(inodes):
        trial = lab.Trial(place)
        small = Small(trial, "size=1M,nr_inodes=50")
        small.fill_inodes(inodes)
        return trial, (), small.free, small.end

    sweep(place, "inodes", range(23), start)


def too_few_descriptors(place):
    def start(number):
        return (lab.Trial(place), ("prlimit", f"--nofile={number}"),
                lambda: None, lambda: None)

    sweep(place, "descriptors", range(4, 32), start)


def too_small_files(place):
    def start(size):
        trial = lab.Trial(place)
        trial.lines = 300
        return (trial, ("prlimit", f"--fsize={size}"), lambda: None,
                lambda: None)

    sweep(place, "file size", [0, 1, 64, 300, 4096, 8192, 8193, 16384, 20000,
                               21000, 21500, 22000, 24000, 32768, 65536,
                               100000], start)


def queued(place, number=5):
    """A trial whose messages wait, on a file system of 1 MB, once all that a
    run needs has been made there."""
    trial = lab.Trial(place)
    small = Small(trial, "size=1M")
    trial.send()
    trial.configure(place.away)
    words = []
    for _ in range(number):
        words.append(trial.renew())
        trial.send()
    trial.configure(place.mail)
    trial.hours += 3
    place.result(len(trial.waiting()) == number, f"{number} messages wait")
    return trial, small, words


def count(place, words):
    return [len(place.mail.arrived(word)) for word in words]


def full_disk_drains(place):
    trial, small, words = queued(place)
    small.fill(0)
    ended = trial.run("run", "--once")
    place.result(ended.status == 0 and count(place, words) == [1] * 5,
                 "a full disk drains", count(place, words), ended)
    place.result(not trial.waiting(), "nothing waits any more",
                 *trial.waiting())
    small.end()


def read_only_sends_once(place):
    trial, small, words = queued(place)
    small.remount("bind,ro")
    ends = [trial.run("run", "--once") for _ in range(3)]
    place.result(all(e.status > 0 and e.err for e in ends),
                 "read-only: a run fails, and says so", *ends)
    place.result(sum(count(place, words)) <= 1,
                 "read-only: nothing goes out that cannot be recorded",
                 count(place, words))
    word = trial.renew()
    ended = trial.send()
    place.result(ended.status in (73, 74, 75) and
                 word.encode() in trial.dead(),
                 "read-only: a new message goes to dead.letter", ended)
    small.remount("bind,rw")
    left = trial.drain()
    place.result(not left and count(place, words) == [1] * 5,
                 "all is well again", count(place, words), *left)
    place.result(not place.mail.arrived(word), "dead mail stays dead")
    small.end()


def consented(place, template):
    """A trial with a consent, on a file system of its own."""
    trial = grants.Trial(place, like=template)
    path = trial.home + "/.local/state"
    shutil.move(path, path + ".old")
    small = Small(trial, "size=1M")
    shutil.copytree(path + ".old", path, dirs_exist_ok=True)
    shutil.rmtree(path + ".old")
    return trial, small


def still_works(trial, small):
    """Complaints, if the consent that there was is no good any more."""
    small.free()
    trial.hours += 2
    ended, token = trial.speak("token", "box")
    if ended.status or token.strip() not in trial.account.access:
        yield f"the old consent: {ended.status} {ended.err}"
    if trial.account.replayed():
        yield "a refresh token was used twice"


def login_without_space(place, template):
    """A person is troubled only where there is room for what comes of it."""
    tally, bad = walk.Tally(), []
    for leave in lab.some(range(0, 96 * 1024, 8192), 3):
        trial, small = consented(place, template)
        small.fill(leave)
        ended = trial.login()
        if ended.status == 0:
            tally["stored"] += 1
        else:
            tally["refused"] += 1
            if ended.status not in (73, 74) or (
                    os.strerror(errno.ENOSPC) not in ended.err):
                bad.append(f"{leave}: {ended.status} {ended.err}")
            if trial.account.codes or trial.account.given:
                bad.append(f"{leave}: the person was troubled")
        bad += still_works(trial, small)
        small.end()
        trial.clear()
    place.result(not bad and tally["stored"] and tally["refused"],
                 "login: room is looked for before a person is troubled",
                 *bad)
    print(f"# login: {tally.words()}")


def login_as_space_goes(place, template):
    """The disk fills up while the person reads the code."""
    trial, small = consented(place, template)
    trial.account.before_answer = lambda kind: (
        small.fill(0) if kind == "token" else None)
    ended = trial.login()
    trial.account.before_answer = lambda kind: None
    place.result(ended.status in (73, 74) and trial.account.given == 1 and
                 os.strerror(errno.ENOSPC) in ended.err and
                 "an older one stays as it was" in ended.err,
                 "login: what can't be stored is not said to be", ended)
    bad = [*still_works(trial, small), *trial.temporary()]
    place.result(not bad, "login: the old consent stays", *bad)
    ended = trial.login()
    place.result(ended.status == 0, "login: it can be done again", ended)
    small.end()
    trial.clear()


def refresh_without_space(place, template):
    """A refresh token is not turned in for what can't be stored."""
    trial, small = consented(place, template)
    small.fill(0)
    trial.hours += 2
    ended = trial.run("token", "box")
    place.result(ended.status == 75 and not trial.account.asked and
                 "no room for a new refresh token" in ended.err,
                 "refresh: nothing is asked for without room", ended)
    bad = [*still_works(trial, small)]
    place.result(not bad, "refresh: the consent stays", *bad)
    small.end()
    trial.clear()


def main():
    if sys.argv[1:] != ["inside"]:
        if subprocess.run([*APART, "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                          check=False, stderr=subprocess.DEVNULL).returncode:
            print("1..0 # SKIP no name spaces for mounts here")
            return
        os.execvp(APART[0], [*APART, sys.executable, __file__, "inside"])
    place = grants.Lab()
    if shutil.which("prlimit"):
        too_few_descriptors(place)
        too_small_files(place)
    else:
        place.skip("descriptors, file size", "no prlimit")
    too_little_space(place)
    too_few_inodes(place)
    full_disk_drains(place)
    read_only_sends_once(place)
    template = grants.sign_in(place)
    login_without_space(place, template)
    login_as_space_goes(place, template)
    refresh_without_space(place, template)
    place.finish()


if __name__ == "__main__":
    main()
