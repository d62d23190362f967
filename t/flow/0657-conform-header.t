#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is done to the header: where it ends, what is added, kept, removed."""
import email.utils
import time

from conform import (A, B, C, DATA, ME, TEXT, address, case, crlf, declared,
                     decoded, field, letter, like, main, none, nowhere,
                     one_of, order, params, refused, row, sent, somewhere,
                     told, want)


def text(label, stdin, body, *has, argv=(), **more):
    """Input to one operand, and the body that arrives."""
    row("header: " + label, [*argv, A], stdin,
        sent(A, body=body, has=has, **more))


def fields(label, given, *has, **more):
    text(label, letter(*given), TEXT, *has, **more)


# ---- where it ends

text("none: text from the first line", "one\ntwo\n", b"one\r\ntwo\r\n")
text("none: a first line that is blank", "\nSubject: x\n\ntwo\n",
     b"Subject: x\r\n\r\ntwo\r\n", none("Subject"))
text("of two blank lines one is the body's", "Subject: x\n\n\ntext\n",
     b"\r\ntext\r\n")
text("a blank in the name is no field", "Note well: x\nmore\n",
     b"Note well: x\r\nmore\r\n")
text("an 8-bit name is no field", "Größe: x\n", "Größe: x\r\n".encode())
text("a colon alone is no field", ": x\ny\n", b": x\r\ny\r\n")
text("a blank at the begin of the first line", "  Subject: x\n\ntext\n",
     b"  Subject: x\r\n\r\ntext\r\n", none("Subject"))
text("text behind the fields ends it", "Subject: x\nplain text\nmore\n",
     b"plain text\r\nmore\r\n", field("Subject", "x"))
row("header: a message of a shell", [A], "sh: 1: foo: not found\n",
    sent(A, has=[somewhere("1: foo: not found")]))
row("header: a line of blanks in it", [A],
    "Subject: x\n \t\nX-Next: y\n\ntext\n",
    sent(A, has=[somewhere("X-Next: y", "text\r\n")]))
text("From of an mbox is dropped", f"From {B} Sat Nov 28 12:00:00 2026\n"
     "Subject: x\n\ntext\n", TEXT, field("Subject", "x"), nowhere(B))
row("header: >From of an mbox, and -t", "-t",
    f">From {B} Sat Nov 28 12:00:00 2026\nTo: {A}\n\ntext\n",
    one_of(sent(A, has=[nowhere(">From")]), refused(DATA)))
text("From in the body is text", letter(body="From here on\n>From there\n"),
     b"From here on\r\n>From there\r\n")
for label, stdin in (("with", "Subject: x\nX-Last: y\n"),
                     ("without", "Subject: x\nX-Last: y")):
    row(f"header: no blank line, {label} a last line end", [A], stdin,
        one_of(sent(A, body=b"", has=[field("X-Last", "y")]),
               sent(A, body=b"\r\n", has=[field("X-Last", "y")])))
row("header: empty input", [A], b"", sent(A))
text("blanks before the colon go", "Subject : x\nX-A\t : y\n\ntext\n", TEXT,
     field("Subject", "x"), field("X-A", "y"),
     lambda mail: want(not any(n != n.strip() for n, _ in mail.fields),
                       "no blank in a name", mail.fields))

# ---- what is added

fields("From, Date, Message-ID are added", ["Subject: x"],
       address("From", (None, ME)))


@case("header: Date is now, whatever TZ and locale say")
def date(place):
    place.run([A], letter(), sent(A), env={
        "TZ": "America/New_York", "LC_ALL": "de_DE.UTF-8", "LC_TIME": "de_DE"})
    value = place.last.mails[0].values("Date")[0]
    got = email.utils.parsedate_to_datetime(value).timestamp()
    want(abs(got - time.time()) < 60, "now", value)
    want(value[:3] in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
         "English", value)


fields("Date and Message-ID are kept",
       ["Date: Fri, 02 Jan 2026 03:04:05 +0100", "Message-ID: <a%b@c.example>"],
       field("Date", "Fri, 02 Jan 2026 03:04:05 +0100"),
       field("Message-ID", "<a%b@c.example>"))
fields("nothing is added for a missing To", ["Subject: x"],
       none("To", "Cc", "Bcc", "Apparently-To"), nowhere(A))

# ---- what is completed

fields("From with a comment", ["From: root (Cron Daemon)"],
       field("From", "root@d.example (Cron Daemon)"))
fields("From with a name", ["From: Anacron <root>"],
       field("From", "Anacron <root@d.example>"))
fields("From that is complete", [f'From: "Bob, B." <{B}>'],
       field("From", f'"Bob, B." <{B}>'))
fields("To, Cc, Reply-To", ["To: root", f"Cc: Joe <joe>, {B}",
                            "Reply-To: ann (x)"],
       field("To", "root@d.example"),
       field("Cc", f"Joe <joe@d.example>, {B}"),
       field("Reply-To", "ann@d.example (x)"))
fields("Sender", [f"From: {B}", "Sender: joe"],
       field("Sender", "joe@d.example"))
fields("names, comments, encoded words, groups are kept",
       [f"To: =?utf-8?q?J=C3=BCrgen?= <joe>, (c) {B}, G: x@x.example, y;"],
       field("To", f"=?utf-8?q?J=C3=BCrgen?= <joe@d.example>, (c) {B}, "
             "G: x@x.example, y@d.example;"))

# ---- what is removed

fields("Bcc without -t", [f"To: {A}", f"Bcc: {B}"], none("Bcc"), nowhere(B))
fields("Bcc, several, in any case, folded",
       [f"bcc: {B},", f" {C}", f"To: {A}", f"BCC : {C}", "Subject: x",
        f"Bcc: {B}"], nowhere(B, C), field("Subject", "x"))
fields("Resent-Bcc", [f"From: {B}", f"Resent-From: {C}", f"Resent-To: {A}",
                      "Resent-Bcc: x@x.example"], none("Resent-Bcc"),
       nowhere("x@x.example"))
fields("Return-Path", [f"Return-Path: <{B}>", f"Return-path: <{C}>",
                       "Subject: x"], none("Return-Path"), nowhere(B, C))

# ---- what is kept

fields("order, number and value", ["X-B: 1", "X-A:  two  blanks ", "X-B: 3",
                                   "X-Empty:", "Subject: x"],
       field("X-B", "1", "3"), field("X-A", "two  blanks"),
       field("X-Empty", ""), order("X-B", "X-A", "X-B", "X-Empty", "Subject"))
fields("folding is kept or not, the value is", ["Subject: one", "\ttwo",
                                                "   three"],
       lambda mail: want(mail.values("Subject")[0].split() ==
                         ["one", "two", "three"], "Subject", mail.fields))
fields("Received", ["Received: from a by b; Fri, 2 Jan 2026 03:04:05 +0000",
                    "Received: from c by a; Fri, 2 Jan 2026 03:04:00 +0000",
                    "Subject: x"],
       lambda mail: want(mail.values("Received")[-2:] == [
           "from a by b; Fri, 2 Jan 2026 03:04:05 +0000",
           "from c by a; Fri, 2 Jan 2026 03:04:00 +0000"], "Received",
           mail.fields))
text("MIME fields and bodies of parts",
     letter("MIME-Version: 1.0 (x)", "Content-Type: multipart/mixed;",
            '\tboundary="b b"', body="pre\n--b b\nContent-Type: text/html\n"
            "X-Part: 1\n\n<p>\n--b b\n\nBcc: x\n--b b--\npost\n"),
     b"pre\r\n--b b\r\nContent-Type: text/html\r\nX-Part: 1\r\n\r\n<p>\r\n"
     b"--b b\r\n\r\nBcc: x\r\n--b b--\r\npost\r\n",
     field("MIME-Version", "1.0 (x)"),
     like("Content-Type", r'^multipart/mixed;\s+boundary="b b"$'))
fields("fields of a resent message", [
    f"Resent-From: {C}", f"Resent-To: {A}", f"From: {B}", "To: x@x.example",
    "Date: Fri, 02 Jan 2026 03:04:05 +0000", "Message-ID: <a@b.example>"],
       field("From", B), field("To", "x@x.example"),
       field("Message-ID", "<a@b.example>"), field("Resent-From", C),
       field("Date", "Fri, 02 Jan 2026 03:04:05 +0000"),
       lambda mail: want(len(mail.values("Resent-Date")) == 1,
                         "one Resent-Date", mail.fields))
row("header: recipients of all resent blocks", "-t",
    letter(f"Resent-From: {C}", f"Resent-To: {A}", f"Resent-From: {C}",
           f"Resent-To: {B}", f"From: {B}", "To: x@x.example"), sent(A, B),
    ours=True)
# ---- long, 8-bit, odd

LONG = " ".join(f"word{n}" for n in range(2000))
fields("a long field is refolded", ["Subject: " + LONG, "X-Next: y"],
       field("Subject", LONG), field("X-Next", "y"))
fields("a word of 2,000 octets", ["X-Long: " + "w" * 2000, "Subject: x"],
       lambda mail: want("".join(mail.values("X-Long")[0].split()) ==
                         "w" * 2000, "X-Long", mail.fields),
       field("Subject", "x"))
row("header: a field of 100,000 octets", [A],
    letter("X-Long: " + LONG * 7, "Subject: x"),
    one_of(sent(A, body=TEXT, has=[field("X-Long", LONG * 7),
                                   field("Subject", "x")]), told(DATA)))
fields("a thousand fields", [f"X-{n}: {n}" for n in range(1000)],
       lambda mail: want([v for n, v in mail.fields
                          if n.startswith("X-")] ==
                         [str(n) for n in range(1000)], "all", mail.fields))
fields("raw UTF-8 in Subject", ["Subject: Größe 10 µm"],
       decoded("Subject", "Größe 10 µm"))
row("header: raw UTF-8 in Subject, SMTPUTF8 offered", [A],
    letter("Subject: Größe"),
    one_of(sent(A, has=[decoded("Subject", "Größe"), params()]),
           sent(A, has=[decoded("Subject", "Größe"), declared("SMTPUTF8")])),
    plan={"offers": ("8BITMIME", "SMTPUTF8")})
fields("a long raw UTF-8 Subject", ["Subject: " + "Größe " * 200 + "x"],
       decoded("Subject", "Größe " * 200 + "x"))
fields("raw UTF-8 names", [f"From: Jürgen <{B}>", f"To: Größe <{A}>, {C}"],
       address("From", ("Jürgen", B)), address("To", ("Größe", A), ("", C)))
fields("raw UTF-8 in a quoted name", [f'To: "Größe, X" <{A}>'],
       address("To", ("Größe, X", A)))
fields("raw UTF-8 in a comment", [f"To: {A} (Größe)"],
       lambda mail: want([a for _, a in mail.addresses("To")] == [A], "To",
                         mail.fields))
row("header: raw octets that are not UTF-8", [A],
    b"Subject: gr\xf6\xdfe\nX-Next: y\n\ntext\n",
    sent(A, body=TEXT, has=[field("X-Next", "y")]))
row("header: NUL in a field", [A], b"Subject: a\0b\nX-Next: y\n\ntext\n",
    one_of(sent(A, body=TEXT, has=[field("Subject", "ab"),
                                   field("X-Next", "y")]), told(DATA)))
fields("a control character in a value is kept",
       ["Subject: a\033b\x7fc\014d"], field("Subject", "a\033b\x7fc\014d"))
row("header: a bare CR is no line end", "-t",
    f"To: {A}\nSubject: a\rBcc: {B}\n\ntext\n",
    sent(A, body=TEXT, has=[field("Subject", f"a Bcc: {B}"), none("Bcc")]))
text("CRLF", crlf(letter("Subject: x", "X-A: y")), TEXT, field("Subject", "x"),
     field("X-A", "y"))
text("CRLF in the header, LF in the body", crlf("Subject: x\n\n") +
     b"one\ntwo\n", b"one\r\ntwo\r\n", field("Subject", "x"))
text("LF in the header, CRLF in the body", b"Subject: x\n\none\r\ntwo\r\n",
     b"one\r\ntwo\r\n", field("Subject", "x"))

main()
