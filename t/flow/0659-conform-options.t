#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Options: how they are read, which have an effect, which are taken, which
are no options."""
import os

from conform import (A, B, CONFIG, ME, TEXT, USAGE, both, case, declared,
                     field, letter, main, one_of, params, rcpt_declared,
                     rcpt_params, refused, row, sent, want)

M = letter(f"From: {B}", "To: undisclosed-recipients:;", "Subject: x")
DSN = {"offers": ("PIPELINING", "DSN")}
NO_DSN = {"offers": ("PIPELINING",)}


def fine(argv, *has, label=None, **more):
    """The mail goes, its header untouched."""
    row(f"options: {label or argv}", [*argv.split(), A], M, sent(
        A, body=TEXT, has=[field("From", B), field("Subject", "x"), *has]),
        **more)


def wrong(argv, *, exact=False, ours=False, label=None):
    row(f"options: {label or argv}: a usage error", argv.split() + [A], M,
        refused(USAGE, exact=exact), ours=ours)


# ---- how they are read

row("options: letters joined: -it", ["-it"], letter(f"To: {A}"), sent(A))
row("options: letters joined: -ti", ["-ti"], letter(f"To: {A}"), sent(A))
row("options: letters joined: -im", ["-im", A], M, sent(A))
row("options: letters joined, a value behind: -if", ["-if", B, A], M,
    sent(A, sender=B))
row("options: letters joined, a value behind: -tif", ["-tif", B],
    letter(f"To: {A}"), sent(A, sender=B))
row("options: letters joined, a value glued: -if", ["-if" + B, A], M,
    sent(A, sender=B))
for argv in ("-h 5", "-h5", "-B 8BITMIME", "-B8BITMIME", "-B 7BIT",
             "-O LogLevel=9", "-OLogLevel=9", "-L tag", "-Ltag",
             "-F Name", "-FName"):
    fine(argv, label=f"a value, glued or not: {argv}")
for argv in "-d", "-d0.1":
    fine(argv, label=f"an optional value is only ever glued: {argv}")
row("options: a missing value", [A, "-f"], M,
    one_of(sent(A, "-f@d.example"), refused(None)))
row("options: -f as the last word", ["-f"], M, refused(USAGE))
row("options: -F as the last word", ["-i", "-F"], M, refused(USAGE))
row("options: end at --", ["--", A], M, sent(A))
row("options: behind -- there are none", ["-t", "--", "-i@x.example"],
    letter(f"To: {A}", body=".\n"), sent(A, "-i@x.example", body=b""))


@case("options: a usage error does not wait for input")
def early(place):
    child = place.start(["-k", A])
    # Its standard input stays open until it has ended.
    child.wait(10)
    place.finish(child, hold=refused(USAGE, exact=True))


for name in "osmtp", "sendmail.osmtp", "mail":
    row(f"options: the program's name is {name}", ["-i", A], M,
        sent(A, body=TEXT), name=name, ours=True)
row("options: a mode counts more than the name", ["-bm", A], M, sent(A),
    name="mailq", ours=True)

# ---- with an effect

fine("-bm")
fine("-t -bm", label="-t and -bm, an operand")
for argv in ("-odb", "-odi", "-odf"):
    fine(argv)


@case("options: -odq: sent at the next run, once")
def queue_only(place):
    queued(place, "-odq")


@case("options: -odd: sent at the next run, once")
def deferred(place):
    queued(place, "-odd")


@case("options: -ODeliveryMode=q: sent at the next run, once")
def delivery_mode(place):
    queued(place, "-ODeliveryMode=q")


def queued(place, option):
    got = place.run([option, A], M)
    want(got.status == 0, "exit status", got.status, got.err)
    if not place.strict and got.mails:
        return sent(A)(got)
    want(not got.mails and not place.relay.connections, "not sent yet")
    want(got.queued() == 1, "one in the queue", got.queued())
    place.run(["-q"], b"", sent(A, out=None))
    return place.run(["-q"], b"", sent(A, out=None))


for word in ("failure,delay", "delay,FAILURE", "success,failure,delay",
             "never", "Success"):
    row(f"options: -N {word}, DSN offered", ["-N", word, A], M,
        sent(A, has=[lambda mail, word=word: want(
            [sorted(p[7:].split(",")) for r in mail.rcpt_params for p in r
             if p.startswith("NOTIFY=")] ==
            [sorted(word.upper().split(","))], "NOTIFY", mail.rcpt_params)]),
        plan=DSN)
row("options: -Nfailure glued, DSN offered", ["-Nfailure", A], M,
    sent(A, has=[rcpt_declared("NOTIFY=FAILURE")]), plan=DSN)
row("options: -N failure,delay, DSN not offered", ["-N", "failure,delay", A],
    M, sent(A, has=[rcpt_params()]), plan=NO_DSN)
row("options: -N never, DSN not offered", ["-N", "never", A], M,
    sent(A, has=[rcpt_params()]), plan=NO_DSN)


@case("options: -N success, DSN not offered")
def relayed(place):
    got = place.run(["-N", "success", A], M, plan=NO_DSN)
    want(got.status == 0, "exit status", got.status)
    mails = [m for m in got.mails if m.rcpts == [A]]
    want(len(mails) == 1 and mails[0].rcpt_params == [[]], "sent", mails)
    reports = [m for m in got.mails if m.sender == ""]
    want(len(reports) + 1 == len(got.mails) <= 2, "a report at most")
    if place.strict:
        want([m.rcpts for m in reports] == [[ME]] and
             b"Action: relayed" in reports[0].body, "a report: relayed")


row("options: -N and a wrong word", ["-N", "sometimes", A], M,
    one_of(refused(USAGE), sent(A, has=[rcpt_params()])), plan=DSN)
for ret in "full", "hdrs":
    row(f"options: -R {ret}, DSN offered", ["-R", ret, A], M,
        sent(A, has=[declared("RET=" + ret.upper())]), plan=DSN)
row("options: -R hdrs, DSN not offered", ["-R", "hdrs", A], M,
    sent(A, has=[params()]), plan=NO_DSN)
row("options: -V, DSN offered", ["-V", "id+1=x", A], M,
    sent(A, has=[declared("ENVID=id+2B1+3Dx")]), plan=DSN)
row("options: -V, DSN not offered", ["-V", "id1", A], M,
    sent(A, has=[params()]), plan=NO_DSN)
for name, value in (("a blank", "id 1"), ("a control character", "id\x01"),
                    ("an 8-bit octet", "idé")):
    row(f"options: -V with {name}", ["-V", value, A], M,
        one_of(refused(USAGE), sent(A, has=[lambda mail: want(
            not any("id 1" in p or "\x01" in p or "é" in p
                    for p in mail.params), "not raw", mail.params)])),
        plan=DSN)
fine("-n")
row("options: -v", ["-v", A], M, sent(A, out=None))


@case("options: -v, and standard output is closed")
def verbose_closed(place):
    place.run(["-v", A], M, sent(A, out=None), close=[1])


@case("options: -v, and nobody reads standard output")
def verbose_unread(place):
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as out:
        place.run(["-v", A], M, sent(A, out=None), stdout=out)


row("options: -OIgnoreDots=true", ["-OIgnoreDots=true", A],
    letter(body="one\n.\ntwo\n"),
    one_of(sent(A, body=b"one\r\n.\r\ntwo\r\n"), sent(A, body=b"one\r\n")))
row("options: -C and a file that is not there", ["-C", "/nonexistent", A], M,
    refused(CONFIG))
row("options: -C and a file of secrets: none is shown",
    ["-C", os.path.abspath("/etc/passwd"), A], M, both(refused(CONFIG),
    lambda got: want(b"root:" not in got.out + got.err, "not shown",
                     got.err)))


@case("options: -C and a file of the caller's", ours=True)
def own_file(place):
    path = place.write("own.conf", "secret words\n")
    place.run(["-C", path, A], M, both(refused(CONFIG), lambda got: want(
        b"secret words" not in got.err, "not shown", got.err)))


# ---- taken, without an effect

for argv in ("-oem", "-oep", "-oeq", "-oew", "-oee", "-em", "-ep", "-eq",
             "-ew", "-ee", "-m", "-om", "-U", "-G", "-Ac", "-Am",
             "-oA/etc/aliases", "-o7", "-o8", "-oo", "-os", "-oT3d", "-oL9",
             "-oQ/nonexistent", "-OQueueDirectory=/nonexistent",
             "-OErrorMode=m", "-ODeliveryMode=b", "-ODeliveryMode=i", "-s",
             "-c", "-x", "-T", "-p SMTP:host.example", "-pSMTP"):
    fine(argv)


@case("options: -X writes no file")
def traffic(place):
    path = place.path("traffic")
    got = place.run(["-X", path, A], M)
    want(not os.path.exists(path), "no file")
    one_of(sent(A), refused(None))(got)


@case("options: -X and -OQueueDirectory write no file")
def traffic_elsewhere(place):
    os.mkdir(place.path("public"), 0o777)
    got = place.run(["-OQueueDirectory=" + place.path("public"),
                     "-X" + place.path("public/log.php"), A],
                    letter(body="<?php evil ?>\n"))
    want(not os.listdir(place.path("public")), "no file")
    one_of(sent(A), refused(None))(got)


# ---- none

for argv in "-k", "-bz", "-b", "-o":
    wrong(argv, exact=argv in ("-k", "-bz"))
wrong("--unknown")
for argv in ("-bd", "-bD", "-bl", "-bt", "-bS", "-be", "-DX", "-M1", "-Sx",
             "-Qx"):
    wrong(argv, ours=True)
row("options: -bh prints nothing", ["-bh"], b"", sent(), ours=True)
row("options: -bH prints nothing", ["-bH"], b"", sent(), ours=True)
row("options: -ba is -bm", ["-ba", A], M, sent(A), ours=True)

main()
