#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Whatever the conformance suite looks for, it finds: each breach and each
wrong answer is made once, and has to be seen."""
import re
import socket
import sys
import tempfile

import conform
from conform import (A, B, Failure, Got, ME, address, bounced, content,
                     declared, decoded, field, like, none, nowhere, one_of, order,
                     params, rcpt_params, refused, sent, somewhere)
from conform_peers import Program
from conform_relay import CLOSE, Plan, Relay

HEAD = (f"From: {ME}\r\nDate: Sat, 28 Nov 2026 12:00:00 +0000\r\n"
        "Message-ID: <a@d.example>\r\n")
GOOD = HEAD + "Subject: x\r\n\r\ntext\r\n"
points = []


def point(label, good, *why):
    points.append(good)
    print(f"{'ok' if good else 'not ok'} {len(points)} - {label}")
    for line in () if good else why:
        print("#", line)


def say(relay, *writes):
    """A client that writes what it is given; each write is answered first."""
    with socket.create_connection(("127.0.0.1", relay.port)) as link:
        link.settimeout(5)
        try:
            for write in writes:
                link.recv(1 << 16)
                link.sendall(conform.octets(write))
            link.shutdown(socket.SHUT_WR)
            while link.recv(1 << 16):
                pass
        except (ConnectionError, BrokenPipeError):
            pass
    relay.quiet()


def session(data=GOOD, sender=f"<{ME}>", rcpts=(f"<{A}>",), hello="EHLO x"):
    return (hello + "\r\n", f"MAIL FROM:{sender}\r\n",
            *(f"RCPT TO:{r}\r\n" for r in rcpts), "DATA\r\n",
            conform.octets(data) + b".\r\n", "QUIT\r\n")


def seen(relay, *writes, **plan):
    relay.reset(Plan(**plan))
    say(relay, *writes)


def breaches(relay):
    bare = {"offers": ()}
    for label, pattern, writes, plan in (
            ("nothing", "^$", session(), {}),
            ("a bare CR", "bare CR", session(GOOD + "a\rb\r\n"), {}),
            ("a bare LF", "bare LF", session(GOOD + "a\nb\r\n"), {}),
            ("LF.LF", "bare LF", session(GOOD + "a\n.\nb\r\n"), {}),
            ("NUL", "NUL", session(GOOD + "a\0b\r\n"), {}),
            ("a dot alone", "unstuffed", session(GOOD + ".x\r\n"), {}),
            ("998 octets", "^$", session(GOOD + "x" * 998 + "\r\n"), {}),
            ("998 octets behind a doubled dot", "^$",
             session(GOOD + ".." + "x" * 997 + "\r\n"), {}),
            ("999 octets", "line of 999", session(GOOD + "x" * 999 + "\r\n"),
             {}),
            ("8-bit body", "8-bit body", session(GOOD + "\xe9\r\n"), {}),
            ("8-bit body, declared", "^$",
             session(GOOD + "\xe9\r\n", f"<{ME}> BODY=8BITMIME"), {}),
            ("8-bit header", "8-bit header", session("X: \xe9\r\n" + GOOD),
             {}),
            ("8BITMIME not offered", "not offered",
             session(sender=f"<{ME}> BODY=8BITMIME"), bare),
            ("SIZE not offered", "not offered",
             session(sender=f"<{ME}> SIZE=1"), bare),
            ("NOTIFY not offered", "not offered",
             session(rcpts=[f"<{A}> NOTIFY=NEVER"]), bare),
            ("a parameter after HELO", "not offered",
             session(sender=f"<{ME}> SIZE=1", hello="HELO x"), {}),
            ("an unknown parameter", "not offered",
             session(sender=f"<{ME}> X=1"), {}),
            ("a second address", "not offered",
             session(sender=f"<{ME}> <{A}> x>"), {}),
            ("8-bit octets in RCPT", "8-bit octets in a command",
             session(rcpts=["<\xe9@a.example>"]), {}),
            ("a command with LF", "bare LF in a command", ("NOOP\n",), {}),
            ("a command with CR", "CR or NUL", ("NO\rOP\r\n",), {}),
            ("an unknown command", "unknown", ("HELP\r\n",), {}),
            ("no greeting", "no greeting", (f"MAIL FROM:<{ME}>\r\n",), {}),
            ("more behind EHLO", "before the reply",
             ("EHLO x\r\nNOOP\r\n",), {}),
            ("pipelining that was not offered", "before the reply",
             ("EHLO x\r\n", f"MAIL FROM:<{ME}>\r\nRCPT TO:<{A}>\r\n"), bare),
            ("text before the 354", "before the reply",
             (*session()[:3], "DATA\r\ntext\r\n"), {})):
        seen(relay, *writes, **plan)
        got = "\n".join(relay.breaches)
        point("breach: " + label, bool(re.search(pattern, got)), got)


def holds(relay, place):
    """One session, or none, and what must hold of it or must not."""
    eight = session("Subject: =?utf-8?q?=C3=A9?=\r\n" + HEAD +
                    "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64"
                    "\r\n\r\nw6k=\r\n")
    report = session(HEAD + "Content-Type: multipart/report\r\n\r\n" + A +
                     "\r\n", "<>", [f"<{ME}>"])
    good, idle = session(), ()
    for label, writes, hold, want, how in (
            ("sent", good, sent(A, body="text\r\n"), True, {}),
            ("another body", good, sent(A, body="text"), False, {}),
            ("another recipient", good, sent(B), False, {}),
            ("one missing", good, sent(A, B), False, {}),
            ("one too many", session(rcpts=[f"<{A}>", f"<{B}>"]), sent(A),
             False, {}),
            ("a copy too many", session(rcpts=[f"<{A}>"] * 2), sent(A), False,
             {}),
            ("case of the domain", session(rcpts=["<ann@A.EXAMPLE>"]),
             sent(A), True, {}),
            ("case of the local part", session(rcpts=["<ANN@a.example>"]),
             sent(A), False, {}),
            ("no address", session(rcpts=["<x@@y.example>"]),
             sent("x@@y.example"), False, {}),
            ("a sender that is none", session(sender="<x y@y.example>"),
             sent(A, sender="x y@y.example"), False, {}),
            ("a quoted address", session(rcpts=['<"x@ y"@y.example>']),
             sent('"x@ y"@y.example'), True, {}),
            ("another sender", good, sent(A, sender=B), False, {}),
            ("null sender", session(sender="<>"), sent(A), False, {}),
            ("sent, but non-zero", good, sent(A), False, {"status": 75}),
            ("sent, with output", good, sent(A), False, {"out": b"x"}),
            ("sent, with a breach", session(GOOD + "a\rb\r\n"), sent(A),
             False, {}),
            ("dot refused", good, sent(A), False,
             {"answers": {"dot": "550 no"}}),
            ("recipient refused", good, sent(A), False,
             {"answers": {"rcpt:" + A: "550 no"}}),
            ("no From", session(GOOD.replace("From", "X-From")), sent(A),
             False, {}),
            ("two Dates", session("Date: x\r\n" + GOOD), sent(A), False, {}),
            ("bad Message-ID", session(GOOD.replace("<a@", "<")), sent(A),
             False, {}),
            ("a Bcc", session("Bcc: x@y\r\n" + GOOD), sent(A), False, {}),
            ("an empty Bcc", session("Bcc:\r\n" + GOOD), sent(A), True, {}),
            ("a Return-Path", session("Return-Path: <>\r\n" + GOOD), sent(A),
             False, {}),
            ("no field", session("no field\r\n" + GOOD), sent(A), False, {}),
            ("refused", idle, refused(64), True, {"status": 64}),
            ("refused by another", idle, refused(64), False, {"status": 65}),
            ("refused with 0", idle, refused(None), False, {"status": 0}),
            ("refused without a word", idle, refused(64), False,
             {"status": 64, "err": b""}),
            ("refused with other words", idle, refused(64, says="why"), False,
             {"status": 64}),
            ("refused and sent", good, refused(64), False, {"status": 64}),
            ("refused, but tried", good, refused(64), False,
             {"status": 64, "answers": {"dot": "550 no"}}),
            ("the first of two", idle, one_of(refused(64), sent(A)), True,
             {"status": 64}),
            ("the second of two", idle, one_of(sent(A), refused(64)), False,
             {"status": 64}),
            ("a report", report, bounced(A), True, {}),
            ("a report to another", report, bounced(A, to=B), False, {}),
            ("a report of another", report, bounced(B), False, {}),
            ("a field", good, sent(A, has=[field("subject", "x")]), True, {}),
            ("another value", good, sent(A, has=[field("Subject", "y")]),
             False, {}),
            ("no such field", good, sent(A, has=[field("X", "y")]), False,
             {}),
            ("like", good, sent(A, has=[like("Subject", "^y")]), False, {}),
            ("none", good, sent(A, has=[none("Subject")]), False, {}),
            ("address", good, sent(A, has=[address("From", (None, ME))]),
             True, {}),
            ("another address", good, sent(A, has=[address("From", ("", A))]),
             False, {}),
            ("another name", good, sent(A, has=[address("From", ("x", ME))]),
             False, {}),
            ("RFC 2047", eight, sent(A, has=[decoded("Subject", "é")]), True,
             {}),
            ("RFC 2047, another", eight, sent(A, has=[decoded("Subject", "e")]
                                              ), False, {}),
            ("content", eight, sent(A, has=[content("é")]), True, {}),
            ("another content", eight, sent(A, has=[content("e")]), False,
             {}),
            ("order", good, sent(A, has=[order("From", "Subject")]), True,
             {}),
            ("another order", good, sent(A, has=[order("Subject", "From")]),
             False, {}),
            ("parameters", session(sender=f"<{ME}> RET=HDRS SIZE=9"),
             sent(A, has=[params("RET=HDRS")]), True, {}),
            ("a parameter among others",
             session(sender=f"<{ME}> RET=HDRS BODY=8BITMIME"),
             sent(A, has=[declared("RET=HDRS")]), True, {}),
            ("a parameter is missing", good,
             sent(A, has=[declared("RET=HDRS")]), False, {}),
            ("other parameters", good, sent(A, has=[params("RET=HDRS")]),
             False, {}),
            ("other parameters of RCPT", good,
             sent(A, has=[rcpt_params("NOTIFY=NEVER")]), False, {}),
            ("somewhere", good, sent(A, has=[somewhere("TEXT")]), False, {}),
            ("nowhere", good, sent(A, has=[nowhere("text")]), False, {})):
        seen(relay, *writes, answers=how.get("answers"))
        got = Got(place, how.get("status", 0), how.get("out", b""),
                  how.get("err", b"sendmail: a line\n"))
        try:
            hold(got)
            why = ""
        except Failure as failure:
            why = str(failure)
        point("holds: " + label, (not why) == want, why, *got.show())


def kept(relay, place):
    """What waits in the queue is seen, too."""
    seen(relay)
    got = Got(place, 64, b"", b"sendmail: a line\n")
    place.program.queued = lambda _: 1
    try:
        refused(64)(got)
        point("holds: refused, but in the queue", False)
    except Failure:
        point("holds: refused, but in the queue", True)


def main():
    relay = Relay()
    breaches(relay)
    with tempfile.TemporaryDirectory() as top:
        place = conform.Place(Program("/bin/true"), relay, True, top)
        holds(relay, place)
        kept(relay, place)
    seen(relay, *session(), answers={"greeting": CLOSE})
    point("the relay can fail", not relay.transactions)
    print(f"1..{len(points)}")
    return not all(points)


sys.exit(main())
