#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A line of one dot, and lines that begin with dots."""
from conform import (A, case, crlf, letter, main, row, sent, want)

CUT = letter(body="one\n.\ntwo\n")
WHOLE = b"one\r\n.\r\ntwo\r\n"


def dot(label, argv, stdin, body, **more):
    row("lone dot: " + label, [*argv, A], stdin, sent(A, body=body), **more)


dot("ends input, LF", [], CUT, b"one\r\n")
dot("ends input, CRLF", [], crlf(CUT), b"one\r\n")
dot("ends input, as the first line of the body", [], letter(body=".\ntwo\n"),
    b"")
dot("ends input, right behind the header", [], b"Subject: x\n.\ntwo\n", b"")
dot("ends input, as the last line without end", [], letter(body="one\n."),
    b"one\r\n")
dot("ends input with -t", ["-t"], letter(f"To: {A}", body="one\n.\ntwo\n"),
    b"one\r\n")
dot("is text with -i", ["-i"], CUT, WHOLE)
dot("is text with -oi", ["-oi"], CUT, WHOLE)
dot("is text with -oitrue", ["-oitrue"], CUT, WHOLE, ours=True)
dot("is text with -ti", ["-ti"], letter(f"To: {A}", body="one\n.\ntwo\n"),
    WHOLE)
dot("is text with -i, CRLF", ["-i"], crlf(CUT), WHOLE)
dot("is text with -i, first line", ["-i"], letter(body=".\ntwo\n"),
    b".\r\ntwo\r\n")
dot("is text with -i, right behind the header", ["-i"],
    b"Subject: x\n.\ntwo\n", b".\r\ntwo\r\n")
dot("is text with -i, last line without end", ["-i"], letter(body="one\n."),
    b"one\r\n.\r\n")
for opts, says in ([], "without -i"), (["-i"], "with -i"):
    dot("other lines of dots are text, " + says, opts,
        letter(body="..\n...\n.x\n. \n ..\n..x\n"),
        b"..\r\n...\r\n.x\r\n. \r\n ..\r\n..x\r\n")
dot("at every offset of a buffer", ["-i"],
    letter(body="".join("x" * (n % 97) + "\n.\n" for n in range(4000))),
    b"".join(b"x" * (n % 97) + b"\r\n.\r\n" for n in range(4000)))


@case("lone dot: nothing behind it is waited for")
def interactive(place):
    child = place.start([A])
    child.stdin.write(CUT)
    child.stdin.flush()
    # Its standard input stays open: only the dot can end it.
    want(place.relay.wait(place.relay.accepted, 10), "the mail is sent")
    place.finish(child, hold=sent(A, body=b"one\r\n"))


main()
