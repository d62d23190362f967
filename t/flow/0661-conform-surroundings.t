#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Environment, descriptors, signals, limits."""
import array
import fcntl
import os
import resource
import signal
import subprocess
import tempfile
import termios
import threading
import time

from conform import (A, B, DATA, NOINPUT, TEXT, USAGE, Mail, case, children,
                     crlf, letter, main, nothing, octets, one_of, refused,
                     row, sent, want)

M = letter(f"From: {B}", "Subject: x")
FINE = sent(A, body=TEXT)


def surroundings(label, **how):
    row("surroundings: " + label, [A], M, FINE, **how)


# ---- environment

surroundings("no environment", bare=True)
surroundings("HOME is missing", env={"HOME": None})
surroundings("HOME does not exist", env={"HOME": "/nonexistent/home"})
surroundings("HOME is another's", env={"HOME": "/"})
for name, value in (("IFS", "/ \t\nx"), ("MALLOC_CHECK_", "3"),
                    ("POSIXLY_CORRECT", "1"), ("LC_ALL", "xx_YY.UTF-8"),
                    ("LC_ALL", "C"), ("TZ", "Nowhere/No"), ("PATH", "")):
    surroundings(f"{name}={value!r}", env={name: value})
for mask in 0o000, 0o777:
    surroundings(f"umask {mask:03o}", umask=mask)


@case("surroundings: the working directory is deleted")
def deleted(place):
    gone = tempfile.mkdtemp(dir=place.folder)
    place.run([A], M, FINE, cwd=gone, before=lambda: os.rmdir(gone))


# ---- descriptors

surroundings("standard output is closed", close=[1])
surroundings("standard output and error are closed", close=[1, 2])


@case("surroundings: standard input is a file")
def input_file(place):
    with open(place.write("input", M), "rb") as f:
        place.run([A], f, FINE)


@case("surroundings: standard input is closed")
def input_closed(place):
    place.run([A], b"", one_of(refused(NOINPUT), sent(A)), close=[0])


@case("surroundings: standard input is closed, -t")
def input_closed_t(place):
    place.run(["-t"], b"", refused(NOINPUT), close=[0])


row("surroundings: standard input is /dev/null", [A], None,
    one_of(sent(A), refused(None)))
row("surroundings: standard input is /dev/null, -t", ["-t"], None,
    refused(DATA))


@case("surroundings: standard input is a directory")
def input_folder(place):
    folder = os.open(place.folder, os.O_RDONLY)
    try:
        place.run([A], folder, refused(NOINPUT))
    finally:
        os.close(folder)


@case("surroundings: standard input is for writing only")
def input_write_only(place):
    with open(place.path("input"), "wb") as f:
        place.run([A], f, refused(NOINPUT))


@case("surroundings: standard error is closed, and an error")
def error_closed(place):
    got = place.run(["-k", A], M, close=[2])
    want(got.status == USAGE, "exit status", got.status)
    nothing(got)


@case("surroundings: standard output is full")
def output_full(place):
    with open("/dev/full", "wb") as full:
        place.run(["-v", A], M, sent(A, out=None), stdout=full)


@case("surroundings: standard output and error are full")
def error_full(place):
    with open("/dev/full", "wb") as full:
        place.run([A], M, FINE, stdout=full, stderr=full)


# ---- signals

surroundings("SIGPIPE is ignored", ignore=[signal.SIGPIPE])
surroundings("SIGHUP, SIGINT are ignored",
             ignore=[signal.SIGHUP, signal.SIGINT])
surroundings("SIGCHLD is ignored", ignore=[signal.SIGCHLD])
for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
    @case(f"surroundings: {number.name} while input is read")
    def killed(place, number=number):
        child = place.start([A])
        child.stdin.write(M + b"half a message\n" * 5000)
        child.stdin.flush()     # more than a pipe holds: it is being read
        child.send_signal(number)
        got = place.finish(child, hold=nothing)
        want(got.status != 0, "a status that is not 0")


def drained(pipe):
    """Wait until all that was written was read."""
    left = array.array("i", [1])
    patience = time.monotonic() + 5
    while left[0] and time.monotonic() < patience:
        fcntl.ioctl(pipe, termios.FIONREAD, left)
        time.sleep(0.0002)


@case("surroundings: a slow writer")
def slow(place):
    """One octet at a time, each written once the last one was read."""
    read, write = os.pipe()

    def trickle():
        with open(write, "wb", buffering=0) as out:
            for octet in M:
                out.write(bytes([octet]))
                drained(read)

    thread = threading.Thread(target=trickle)
    with open(read, "rb") as f:
        child = place.start([A], stdin=f)
        thread.start()
        thread.join()
        place.finish(child, hold=FINE)


# ---- limits

def small(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


for size in 0, 4096:
    @case(f"surroundings: no file over {size} octets")
    def limited(place, size=size):
        text = "text of a line\n" * 2000
        got = place.run([A], letter(body=text), before=small(size))
        if got.status == 0:
            sent(A, body=crlf(text))(got)
        else:
            nothing(got)
        want(not got.strict or got.status in (0, 73, 74), "exit status",
             got.status)


@case("surroundings: 40 commands at once")
def at_once(place):
    children = [place.start([A], stdin=subprocess.PIPE) for _ in range(40)]
    for child in children:
        child.stdin.write(M)
        child.stdin.close()
        child.stdin = None
    for child in children:
        want(child.wait(20) == 0, "exit status", child.returncode)
        child.stdout.close()
        child.stderr.close()
    place.settle()
    if place.queued():
        place.run(["-q"], b"")
    want([t.rcpts[0].address for t in place.relay.accepted()] ==
         [octets(A)] * 40, "40 messages", len(place.relay.accepted()))
    ids = {Mail(t).values("Message-ID")[0] for t in place.relay.accepted()}
    want(len(ids) == 40, "40 Message-IDs", len(ids))
    want(place.queued() == 0, "nothing in the queue")


main()
