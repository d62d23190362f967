#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The envelope sender: -f, -r, and what it is without them."""
from conform import (A, B, DATA, ME, USAGE, address, declared, field, letter,
                     main, one_of, refused, row, sent, told)

M = letter(f"To: {A}", "Subject: x")


def sender(label, argv, wanted, *fields, **more):
    row("sender: " + label, [*argv, A], letter(*fields or ("Subject: x",)),
        sent(A, sender=wanted, **more))


sender("none given: the login name", [], ME)
sender("-f and a word", ["-f", B], B)
sender("-f glued", ["-f" + B], B)
sender("-r", ["-r", B], B)
sender("-r glued", ["-r" + B], B)
sender("angle brackets", ["-f", f"<{B}>"], B)
sender("a name before it", ["-f", f"Foo Bar <{B}>"], B)
sender("a bare name is completed", ["-f", "foo"], "foo@d.example")
sender("a bare name, glued", ["-ffoo"], "foo@d.example")
sender("null sender", ["-f", "<>"], "")
sender("null sender, glued", ["-f<>"], "")
sender("an empty word", ["-f", ""], "")
sender("null sender, From is made", ["-f", "<>"], "",
       has=[address("From", (None, ME))])
sender("a quoted local part", ["-f", '"a b"@c.example'], '"a b"@c.example')
sender("VERP", ["-f", "list+a=b.example@c.example"],
       "list+a=b.example@c.example")
sender("mixed case is kept", ["-f", "BoB@b.example"], "BoB@b.example")
row("sender: given twice, the last counts", ["-f", A, "-f", B, A], M,
    one_of(sent(A, sender=B), refused(USAGE)))
sender("From does not set it", [], ME, f"From: Bob <{B}>",
       has=[field("From", f"Bob <{B}>")])
sender("From does not set it, -t", ["-t"], ME, f"From: {B}", f"To: {A}")
sender("Sender and Reply-To do not set it", [], ME, f"Sender: {B}",
       f"Reply-To: {B}", f"From: {B}",
       has=[field("Sender", B), field("Reply-To", B)])
sender("Return-Path does not set it", [], ME, f"Return-Path: <{B}>")
sender("a missing From is made of it", ["-f", B], B,
       has=[address("From", (None, B))])
sender("From is kept beside -f", ["-f", B], B, f"From: {A}",
       has=[field("From", A)])
sender("no Sender is added", ["-f", B], B, f"From: {A}",
       has=[field("Sender")])
sender("no warning is added", ["-f", B], B, f"From: {A}",
       has=[field("X-Authentication-Warning")])
for name in ("USER", "LOGNAME", "EMAIL", "MAIL", "MAILRC", "MAILHOST",
             "MAILNAME", "MAILUSER", "MAILTO", "REPLYTO"):
    row(f"sender: {name} has no effect", [A], letter("Subject: x"),
        sent(A, has=[address("From", (None, ME)), field("Reply-To")]),
        env={name: "mallory@evil.example"})
row("sender: USER and LOGNAME are missing", [A], letter("Subject: x"),
    sent(A, has=[address("From", (None, ME))]),
    env={"USER": None, "LOGNAME": None})
row("sender: a line end", ["-f", f"b\n{B}", A], M,
    one_of(refused(DATA), told(DATA)))
row("sender: UTF-8, SMTPUTF8 offered", ["-f", "jürgen@b.example", A], M,
    sent(A, sender="jürgen@b.example", has=[declared("SMTPUTF8")]),
    plan={"offers": ("8BITMIME", "SMTPUTF8")})
row("sender: two at signs", ["-f", "x@@b.example", A], M, refused(None))

main()
