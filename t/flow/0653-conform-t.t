#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Recipients out of the header: -t."""
from conform import (A, B, C, DATA, TEXT, crlf, declared, field, letter, like,
                     main, none, nowhere, one_of, refused, row, sent, told,
                     want)

SMTPUTF8 = {"offers": ("PIPELINING", "8BITMIME", "SMTPUTF8")}


def header(label, *fields, to=(), has=(), **more):
    row("-t: " + label, "-t", letter(*fields),
        sent(*to, body=TEXT, has=has, **more))


def value(label, text, *to, **more):
    header(label, "To: " + text, "Subject: x", to=to, **more)


header("To", f"To: {A}", to=[A], has=[field("To", A)])
header("Cc", f"Cc: {A}", to=[A], has=[field("Cc", A)])
header("Bcc alone", f"Bcc: {A}", "Subject: x", to=[A], has=[nowhere(A)])
header("To, Cc, Bcc", f"To: {A}", f"Cc: {B}", f"Bcc: {C}", to=[A, B, C],
       has=[nowhere(C)])
header("field names in any case", f"tO: {A}", f"CC: {B}", f"BCc: {C}",
       to=[A, B, C])
header("several of each", f"To: {A}", f"Cc: {B}", f"To: {C}",
       "Cc: e@e.example", "Bcc: f@f.example", "Bcc: g@g.example",
       to=[A, B, C, "e@e.example", "f@f.example", "g@g.example"],
       has=[field("To", A, C)])
header("a blank before the colon", f"To : {A}", f"Bcc\t: {B}", to=[A, B],
       has=[nowhere(B)])
header("no blank behind the colon", f"To:{A}", f"Bcc:{B}", to=[A, B])
header("folded", f"To: {A},", f"  {B},", f"\t{C}", "Subject: x",
       to=[A, B, C])
header("folded Bcc goes as a whole", f"To: {A}", f"Bcc: {B},", f" {C}",
       "Subject: x", to=[A, B, C], has=[nowhere(B, C, "Bcc")])
header("folded before a comma", f"To: {A}", f" , {B}", to=[A, B])
header("folded at the begin", "To:", f" {A},", f" {B}", to=[A, B])
row("-t: CRLF, folded", "-t", crlf(letter(f"To: {A},", f" {B}")),
    sent(A, B, body=TEXT))
header("Bcc between others", f"To: {A}", f"Bcc: {B}", "Subject: x", to=[A, B],
       has=[none("Bcc"), field("Subject", "x")])
header("Bcc first and last", f"Bcc: {B}", f"To: {A}", f"Bcc: {C}",
       to=[A, B, C], has=[none("Bcc")])
header("an empty Bcc", f"To: {A}", "Bcc:", to=[A], has=[none("Bcc")])
header("angle brackets", f"To: <{A}>,<{B}>", to=[A, B])
value("a display name", f"Ann <{A}>", A, has=[like("To", "^Ann <")])
value("a quoted name with a comma", f'"Last, Ann" <{A}>, {B}', A, B)
value("a comment behind it", f"{A} (Ann)", A)
value("comments inside, before, behind", "(z) a (x) @ (y) b.example (w)",
      "a@b.example")
value("an address in a comment is none", f"{A} ({B}, {C})", A)
value("a quoted local part", '"a b"@c.example', '"a b"@c.example')
value("a quoted local part with comma and at", '"a,b@c"@d.example',
      '"a,b@c"@d.example')
value("a route", f"<@r.example:{A}>", A)
value("a bare name is completed", f"root, {A}", "root@d.example", A,
      has=[like("To", f"^root@d.example, *{A}")])
value("a bare name in brackets", "Root <root>", "root@d.example",
      has=[field("To", "Root <root@d.example>")])
value("a bare name with a comment", "root (the boss)", "root@d.example",
      has=[like("To", r"\(the boss\)")])
value("a quoted name like an address", f'"{B}" <{A}>', A)
value("an unquoted name like an address", f"x@y.example <{A}>", A)
value("an unquoted dot in a name", f"John Q. Public <{A}>", A)
value("an encoded word as a name", f"=?utf-8?q?J=C3=BCrgen?= <{A}>", A,
      has=[like("To", r"^=\?utf-8\?q\?J=C3=BCrgen\?=")])
value("a group", f"Team: {A}, Bob <{B}>;", A, B, has=[like("To", "^Team:")])
value("a quoted group name", f'"The: Team": {A};, {B}', A, B)
value("empty elements", f"{A},, ,{B},", A, B)
value("the same twice", f"{A}, Ann <ann@A.example>", A)
header("the same in To, Cc and Bcc", f"To: {A}", f"Cc: {A}", f"Bcc: {A}",
       to=[A])
header("an empty To beside Cc", "To:", f"Cc: {A}", to=[A])
header("undisclosed recipients and a Bcc", "To: undisclosed-recipients:;",
       f"Bcc: {A}", to=[A],
       has=[field("To", "undisclosed-recipients:;"), nowhere(A)])
header("raw UTF-8 in a name", f"To: Jürgen <{A}>", to=[A])
header("the other fields name nobody", f"From: {B}", f"Sender: {B}",
       f"Reply-To: {C}", f"Return-Receipt-To: {C}", f"To: {A}",
       f"X-To: {B}", f"Apparently-To: {B}", to=[A])
header("Resent-To alone counts", f"Resent-To: {B}", f"To: {A}", f"Cc: {C}",
       to=[B], has=[field("To", A)])
header("Resent-Cc and Resent-Bcc", f"Resent-From: {C}", f"Resent-Cc: {A}",
       f"Resent-Bcc: {B}", "To: x@x.example", "Bcc: y@y.example",
       "From: f@f.example", to=[A, B], has=[none("Resent-Bcc", "Bcc")])
row("-t: fields in the body name nobody", "-t",
    letter(f"To: {A}", body=f"Cc: {B}\nBcc: {C}\n"),
    sent(A, body=f"Cc: {B}\r\nBcc: {C}\r\n"))
row("-t: an operand is added", ["-t", B], letter(f"To: {A}"), sent(A, B))
row("-t: an operand that the header has, too", ["-t", A],
    letter(f"To: {A}"), sent(A))
row("-t: an operand and no field", ["-t", A], letter("Subject: x"), sent(A))
row("-t: nobody", "-t", letter("Subject: x"), refused(DATA))
row("-t: undisclosed recipients alone", "-t",
    letter("To: undisclosed-recipients:;"), refused(DATA))
row("-t: an empty To alone", "-t", letter("To:"), refused(DATA))
row("-t: no input", "-t", b"", refused(DATA))
row("-t: an indented header is none", "-t", f"  To: {A}\n  Subject: x\n\nx\n",
    refused(DATA))
row("-t: two at signs", "-t", letter(f"To: x@@b.example, {A}"),
    one_of(refused(DATA, says="x@@b.example"), told(DATA)))
row("-t: words that are no address", "-t", letter("To: Jane Roe"),
    one_of(refused(DATA), told(DATA)))
row("-t: a UTF-8 local part, SMTPUTF8 offered", "-t",
    letter("To: jürgen@a.example"),
    sent("jürgen@a.example", has=[declared("SMTPUTF8")]), plan=SMTPUTF8)
row("-t: a UTF-8 local part, SMTPUTF8 not offered", "-t",
    letter("To: jürgen@a.example"), told(None))
row("-t: no blank line, last line without end", "-t",
    f"Subject: x\nTo: {A}", sent(A))
many = [f"recipient{n}@many.example" for n in range(600)]
row("-t: hundreds, one a line", "-t",
    letter("To: " + ",\n ".join(many)), sent(*many))
row("-t: hundreds on one line of 20,000 octets", "-t",
    letter("To: " + ", ".join(many)), sent(*many, has=[
        lambda mail: want(
            mail.values("To")[0].replace(" ", "") == ",".join(many),
            "all in To", mail.values("To"))]))
row("-t: a Bcc of hundreds goes", "-t",
    letter("Bcc: " + ",\n ".join(many), f"To: {A}"),
    sent(A, *many, has=[none("Bcc"), nowhere(many[-1])]))

main()
