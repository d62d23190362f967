#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The queue as other programs see it: mailq, -bp, -q; aliases; -bv."""
import os
import re

from conform import (A, B, CONFIG, LOGIN, ME, TEXT, Plan, both, case, letter,
                     main, nowhere, octets, refused, row, sent, want)

M = letter(f"From: {B}", "Subject: x")
LATER = {"answers": {"rcpt:" + A: ["450 4.2.1 not now"] * 2}}


def put_off(place, argv=(), plan=LATER):
    """One message waits."""
    got = place.run([*argv, A], M, plan=plan)
    want(got.status == 0, "exit status", got.status, got.err)
    want(not got.mails, "not sent")
    want(got.queued() == 1, "in the queue", got.queued())


def empty(got):
    want(got.status == 0, "exit status", got.status)
    want(b"empty" in got.out, "the word empty", got.out)


for name, argv in ("sendmail", ["-bp"]), ("mailq", []), ("mailq", ["-v"]):
    row(f"queue: {' '.join([name, *argv])}: it is empty", argv, b"", empty,
        name=name)


@case("queue: mailq lists what waits")
def listed(place):
    put_off(place)
    got = place.run([], b"", name="mailq")
    want(got.status == 0, "exit status", got.status)
    for word in A, ME, "not now":
        want(octets(word) in got.out, word, got.out)
    if place.strict:
        lines = got.out.decode().splitlines()
        want(re.match(r"-Queue ID- +--Size-- ----Arrival Time---- "
                      r"-Sender/Recipient-------", lines[0]) and
             re.fullmatch(r"-- \d+ Kbytes in 1 Requests?\.", lines[-1]) and
             any(re.fullmatch(rf" +{A}", line) for line in lines) and
             any(re.fullmatch(r"\(.*not now.*\)", line) for line in lines),
             "Postfix's layout", lines)


@case("queue: a reader of mailq who leaves")
def left(place):
    put_off(place)
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as out:
        place.run([], b"", name="mailq", stdout=out)


@case("queue: -q tries at once what was put off, and sends it once")
def again(place):
    put_off(place)
    place.relay.reset(Plan())
    place.run(["-q"], b"", sent(A, body=TEXT, out=None))
    place.run(["-q"], b"", both(sent(A, out=None), lambda got: want(
        len(got.relay.accepted()) == 1, "once")))


row("queue: -q, it is empty", ["-q"], b"", sent(out=None))
row("queue: -q does not take the next word", ["-q", "-i"], b"",
    sent(out=None))


@case("queue: -q15m is one run", ours=True)
def interval(place):
    put_off(place)
    place.relay.reset(Plan())
    place.run(["-q15m"], b"", sent(A, out=None))


@case("queue: -qR, -qS, -qI choose, ! negates", ours=True)
def chosen(place):
    put_off(place)
    place.relay.reset(Plan())
    for option in ("-qRmallory", "-qSmallory@", "-qInone", "-q!Rann@"):
        got = place.run([option], b"")
        want(got.status == 0 and not got.mails, option, got.err)
    place.run(["-qRann@"], b"", sent(A, out=None))
    put_off(place)
    place.relay.reset(Plan())
    place.run(["-qS" + LOGIN], b"", sent(A, out=None))


row("queue: -bP prints a number", ["-bP"], b"",
    lambda got: want(got.status == 0 and got.out.strip() == b"0", "0",
                     got.out), ours=True)


@case("queue: put off at the greeting, kept, sent when the relay is back")
def greeting(place):
    put_off(place, plan={"answers": {"greeting": ["421 4.3.2 not now"] * 2}})
    place.relay.reset(Plan())
    place.run(["-q"], b"", sent(A, out=None))


@case("queue: what waits does not hold up another")
def others(place):
    put_off(place)
    place.run([B], M, lambda got: want([m.rcpts for m in got.mails] == [[B]],
                                       "the other is sent", got.mails))


@case("queue: it cannot be written", ours=True)
def unwritable(place):
    place.write("spool", "no folder\n")
    got = place.run([A], M)
    want(got.status in (73, 74), "exit status", got.status)
    want(not got.mails, "nothing sent")
    want(octets(place.path("spool")) in got.err and
         b"dead.letter" in got.err, "what, and where the text is", got.err)


# ---- aliases

def aliased(label, argv, file, *rcpts):
    @case("aliases: " + label, ours=True)
    def check(place):
        place.write("aliases", file)
        place.program.configure(place, place.relay.port,
                                f'aliases = "{place.path("aliases")}";')
        place.run(argv, M, sent(*rcpts, has=[nowhere("Apparently-To")]))


aliased("a local name", ["root"], f"root: {A}, {B}\n", A, B)
aliased("any case", ["Root"], f"ROOT: {A}\n", A)
aliased("several steps", ["a", "b"], f"a: b\nb: c, {B}\nc: {A}\n", A, B)
aliased("a domain of this host", ["root@localhost"], f"root: {A}\n", A)
aliased("not for others", ["root@x.example"], f"root: {A}\n",
        "root@x.example")
aliased("a backslash passes over them", [r"\root"], f"root: {A}\n",
        "root@d.example")
aliased("-n passes over them", ["-n", "root"], f"root: {A}\n",
        "root@d.example")


@case("aliases: a program is not run", ours=True)
def program(place):
    place.write("aliases", f'root: "|touch {place.path("ran")}"\n')
    place.program.configure(place, place.relay.port,
                            f'aliases = "{place.path("aliases")}";')
    place.run(["root"], M, refused(CONFIG, says="program"))
    want(not os.path.exists(place.path("ran")), "not run")


for name, argv in ("sendmail", ["-bi"]), ("newaliases", []), (
        "sendmail", ["-I"]), ("newaliases", ["-v"]):
    row(f"aliases: {' '.join([name, *argv])}", argv, b"",
        lambda got: want(got.status == 0 and not got.mails, "exit status",
                         got.status, got.err), name=name)


@case("aliases: newaliases and a broken file", ours=True)
def broken(place):
    path = place.write("aliases", "root: x\nno colon\n")
    place.program.configure(place, place.relay.port, f'aliases = "{path}";')
    place.run([], b"", refused(CONFIG, says=re.escape(path) + ":2: "),
              name="newaliases")


# ---- -bv


@case("queue: -bv sends nothing and reads no input")
def verify(place):
    child = place.start(["-bv", A, B])
    child.wait(10)      # its standard input stays open
    got = place.finish(child)
    want(not any(set(m.rcpts) & {A, B} for m in got.mails), "nothing sent")
    if place.strict:
        want(got.status == 0 and octets(A) in got.out and
             octets(B) in got.out, "each address", got.out)


main()
