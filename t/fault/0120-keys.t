#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A change of keys or of a secret, killed at each call, and with each call failing: whatever
comes, each sealed secret opens, and a second time does the rest."""

import errno
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import lab      # noqa: E402

PROFILES = """
  one = { kind = "system"; address = "one@example.com"; password = "x";
    server = "smtp://127.0.0.1:9"; tls = { mode = "none"; }; };
  two = { kind = "system"; address = "two@example.com"; password = "x";
    server = "smtp://127.0.0.1:9"; tls = { mode = "none"; }; };
"""
STATE = ".local/state/osmtp/tokens/box."
CONF = ".config/osmtp/osmtp.conf"
KEY = ".config/osmtp/seal.key"


def read(trial, name):
    """A file of the home; "" if it is gone."""
    try:
        with open(f"{trial.home}/{name}", encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def kids(trial, name):
    return re.findall(r"sealed:v1:([0-9a-f]{8}):", read(trial, name))


def token(trial):
    """The token of the cache: the endpoint is not asked in between."""
    done = subprocess.run([lab.FAULTY, "token", "box"], check=False,
                          env=trial.environment(None), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout


def ground(place):
    """A home with two sealed values, a blob in two generations, two keys."""
    trial = lab.Trial(place, oauth=True)
    path = f"{trial.home}/{CONF}"
    text = read(trial, CONF).replace("profiles = {", "profiles = {" + PROFILES)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    for name in "one", "two":
        trial.run("seal", "--set", name + ".password", text=b"kettle\n")
    token(trial)
    shutil.copy2(f"{trial.home}/{STATE}blob", f"{trial.home}/{STATE}prev")
    trial.run("seal", "--new-key")
    return trial


def sound(trial, want):
    """What is wrong with the home: something that does not open."""
    if (ended := trial.run("seal", "--list")).status:
        yield f"a secret is lost: {ended.err}"
    if token(trial) != want:
        yield "the token is lost"
    if trial.run("reseal").status:
        yield "it can't be done again"
    first = (re.findall(r"^([0-9a-f]{8}) ", read(trial, KEY), re.M) or [0])[0]
    for name in CONF, STATE + "blob", STATE + "prev":
        if set(kids(trial, name)) != {first}:
            yield f"{name}: not by the first key after a second time"
    if (ended := trial.run("seal", "--list")).status:
        yield f"a secret is lost by the second time: {ended.err}"
    if token(trial) != want:
        yield "the token is lost by the second time"


def strike(place, start, words, want, text=b""):
    def calls():
        trial = lab.Trial(place, like=start, home=None)
        restore(trial, start)
        ended = trial.run(*words, plan="list", text=text)
        trial.clear()
        return ended.status, len(ended.struck)

    struck = []

    def attempt(plan):
        trial = lab.Trial(place, like=start)
        restore(trial, start)
        ended = trial.run(*words, plan=plan, text=text)
        said = list(sound(trial, want))
        if words == ["reseal"]:     # which has changed that file again
            said += [f"left behind: {name}" for name in os.listdir(
                f"{trial.home}/.config/osmtp")
                     if name.startswith(".osmtp.conf")]
        struck.extend(ended.struck)
        if plan.startswith("fail") and ended.status not in range(80):
            said.append(f"status {ended.status}: {ended.err}")
        trial.clear()
        return f"{plan}: {ended.struck}: {said}" if said else ""

    def restore(trial, like):
        # The configuration that a trial writes is not the one of the ground,
        # and it says where the home is.
        conf = read(like, CONF).replace(like.home, trial.home)
        with open(f"{trial.home}/{CONF}", "w", encoding="utf-8") as f:
            f.write(conf)

    status, n = calls()
    name = " ".join(words)
    place.result(status == 0 and n > 10, f"{name}: {n} calls without a fault")
    plans = [f"kill:{i}" for i in range(1, n + 1)] + [
        f"fail:{i}:{code}" for i in range(1, n + 1)
        for code in (errno.ENOSPC, errno.EIO)]
    tried = lab.some(plans, 7)
    bad = [said for said in place.each(attempt, tried) if said]
    place.result(not bad, f"{name}: struck at {len(tried)} calls", *bad)
    place.result(len(struck) * 10 > len(tried) * 9,
                 f"{name}: the faults have struck")


def main():
    place = lab.Lab()
    start = ground(place)
    want = token(start)
    place.result(want.startswith("t-"), "there is a token")
    strike(place, start, ["reseal"], want)
    start.run("reseal")
    old = re.findall(r"^([0-9a-f]{8}) ", read(start, KEY), re.M)[1]
    strike(place, start, ["seal", "--retire", old], want)
    strike(place, start, ["seal", "--new-key"], want)
    # Nobody listens there: it is put in untested.
    strike(place, start, ["rotate", "one", "--at-once"], want, b"trumpet\n")
    place.finish()


if __name__ == "__main__":
    main()
