#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The power goes for real: ext4 on a loop device is shut down, without its
log, while messages are accepted and delivered. What was accepted arrives."""

import concurrent.futures
import fcntl
import os
import random
import shutil
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab      # noqa: E402
import walk     # noqa: E402

CUTS, SENDERS = 4 if lab.QUICK else 20, 4
EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2     # _IOR('X', 125, u32)


def call(*args):
    return subprocess.run(args, check=False, stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


class Disk:
    def __init__(self, path, folder):
        self.path = path
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        with open(path, "wb") as f:
            f.truncate(32 << 20)
        self.good = call("mkfs.ext4", "-qF", path) and self.mount()

    def mount(self):
        return call("mount", "-o", "loop,commit=300", self.path, self.folder)

    def cut(self):
        fd = os.open(self.folder, os.O_RDONLY)
        fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        os.close(fd)

    def umount(self):
        return call("umount", self.folder) or call("umount", "-l", self.folder)


def attempt(place, ground, server, wait, tally):
    """One cut; complaints."""
    disk = Disk(ground.place + "/disk", ground.home + "/.local/state")
    if not disk.good:
        return None
    ground.configure(server)
    over = threading.Event()
    accepted = []

    def send():
        while not over.is_set():
            trial = lab.Trial(place, home=ground.home)
            if trial.send().status == 0:
                accepted.append(trial.word)
            trial.clear()

    try:
        with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            jobs = [pool.submit(send) for _ in range(SENDERS)]
            patience = time.monotonic() + 30
            while not accepted and time.monotonic() < patience:
                time.sleep(0.01)
            time.sleep(wait)    # any moment from now on will do
            disk.cut()
            over.set()
        for job in jobs:
            job.result()
        good = disk.umount() and disk.mount()
        early = {w for w in accepted if place.mail.arrived(w)}
        ground.configure(place.mail)
        left = ground.drain()
        counts = {w: len(place.mail.arrived(w)) for w in accepted}
    finally:
        disk.umount()
        os.unlink(disk.path)
    tally["accepted"] += len(accepted)
    tally["arrived before the cut"] += len(early)
    tally["twice"] += sum(n > 1 for n in counts.values())
    said = [] if good else ["cannot mount again"]
    said += [f"{w} is lost" for w, n in counts.items() if n == 0]
    said += [f"{w} came {n} times" for w, n in counts.items()
             if n > 2 or (n > 1 and w not in early)]
    return said + left


def main():
    if not shutil.which("mkfs.ext4") or not os.path.exists(
            "/dev/loop-control"):
        print("1..0 # SKIP no ext4 on a loop device here")
        return
    seed = os.environ.get("CK_FAULT_SEED") or str(random.randrange(1 << 32))
    print(f"# again with CK_FAULT_SEED={seed}")
    chance = random.Random(seed)
    place = lab.Lab()
    tally, bad = walk.Tally(), []
    for n in range(CUTS):
        ground = lab.Trial(place)
        said = attempt(place, ground, (place.away, place.mail)[n % 2],
                       0.05 + chance.random(), tally)
        if said is None:
            place.skip("power cuts", "no loop device to be mounted")
            place.finish()
        bad += [f"cut {n}: {line}" for line in said]
        ground.clear()
    print(f"# {tally.words()}")
    place.result(not bad, f"{CUTS} power cuts", *bad)
    place.result(tally["accepted"] >= CUTS, "some was accepted each time")
    place.finish()


if __name__ == "__main__":
    main()
