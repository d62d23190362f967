#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Recipients on the command line."""
from conform import (A, B, C, DATA, TEXT, USAGE, declared, field, letter,
                     main, none, nowhere, one_of, refused, row, sent, told)

M = letter("To: undisclosed-recipients:;", "Subject: x")
SMTPUTF8 = {"offers": ("PIPELINING", "8BITMIME", "SMTPUTF8")}


def operands(label, argv, *rcpts, **more):
    row("operands: " + label, ["--", *argv], M,
        sent(*rcpts, body=TEXT, **more))


operands("one", [A], A)
operands("two", [A, B], A, B)
operands("two in one, a comma between", [f"{A},{B}"], A, B)
operands("two in one, comma and blank", [f"{A}, {B}"], A, B)
operands("angle brackets", [f"<{A}>"], A)
operands("a name before it", [f"Ann <{A}>"], A)
operands("a quoted name with a comma", [f'"Last, Ann" <{A}>'], A)
operands("a comment behind it", [f"{A} (Ann)"], A)
operands("comments between its parts", ["a (x) @ (y) b.example"],
         "a@b.example")
operands("nested comments with commas, quotes, addresses",
         [f'(one (two, "x" {B}) three) {A} (b, {C})'], A)
operands("an escaped parenthesis in a comment", [rf"(a \) {B}) {A}"], A)
operands("a quoted local part with a blank", ['"a b"@c.example'],
         '"a b"@c.example')
operands("a quoted local part with comma, at, quote",
         [r'"a,b@c\"d"@e.example'], r'"a,b@c\"d"@e.example')
row("operands: quotes that are not needed", ['"ab"@c.example'], M,
    one_of(sent("ab@c.example"), sent('"ab"@c.example')))
operands("all atext", ["!#$%&'*+/=?^_`{|}~-@c.example"],
         "!#$%&'*+/=?^_`{|}~-@c.example")
operands("case of the local part is kept", ["AnN@a.example"], "AnN@a.example")
operands("an address literal", ["a@[192.0.2.1]"], "a@[192.0.2.1]")
operands("a route is taken out", [f"<@r.example,@q.example:{A}>"], A)
operands("a bare name is completed", ["bare"], "bare@d.example")
operands("bare names among others", ["bare", A, "other"], "bare@d.example", A,
         "other@d.example")
operands("a backslash before a name", [r"\root"], "root@d.example")
operands("a quoted name like an address", [f'"{B}" <{A}>'], A)
operands("an unquoted dot in a name", [f"John Q. Public <{A}>"], A)
operands("a dash at the begin, after --", ["-x@b.example"], "-x@b.example")
operands("the same twice", [A, A], A)
operands("the same twice, domains in other case",
         ["ann@A.example", "ann@a.EXAMPLE"], A)
operands("the same twice, in one", [f"{A},{A}"], A)
operands("empty elements", [f"{A},, ,{B},"], A, B)
operands("an empty operand beside a good one", ["", A], A)
operands("a thousand", [f"r{n}@a.example" for n in range(1000)],
         *[f"r{n}@a.example" for n in range(1000)])
row("operands: a dash after an operand is a recipient", [A, "-x@b.example"], M,
    sent(A, "-x@b.example"))
row("operands: options after an operand are none", [A, "-t"],
    letter("To: " + B),
    one_of(sent(A, "-t@d.example"), told(DATA)))
row("operands: POSIXLY_CORRECT changes nothing", [A, "-x@b.example"], M,
    sent(A, "-x@b.example"), env={"POSIXLY_CORRECT": "1"})
row("operands: none, and no -t", [], letter("To: " + A),
    refused(USAGE))
row("operands: only an empty one", [""], letter("To: " + A), refused(None))
row("operands: the header names nobody without -t", [B],
    letter("To: " + A, "Cc: " + C), sent(B, has=[field("To", A)]))
row("operands: two at signs", ["x@@b.example", A], M,
    one_of(refused(DATA, says="x@@b.example"), told(DATA)))
row("operands: words without at or comma", ["Jane Roe"], M,
    one_of(refused(DATA, says="Jane Roe"), told(DATA),
           sent("Jane@d.example", "Roe@d.example"),
           sent("Jane.Roe@d.example"), sent('"Jane Roe"@d.example')))
row("operands: addresses with a blank between", [f"{A} {B}"], M,
    sent(A, B), ours=True)
row("operands: a program", ["|/bin/touch ran"], M,
    one_of(refused(DATA), told(DATA)))
row("operands: a file", ["/etc/passwd"], M,
    one_of(sent("/etc/passwd@d.example"), told(DATA)))
row("operands: an included file", [":include:/etc/passwd"], M,
    one_of(refused(DATA), told(DATA)))
row("operands: a UTF-8 local part, SMTPUTF8 offered", ["jürgen@a.example"], M,
    sent("jürgen@a.example", has=[declared("SMTPUTF8")]), plan=SMTPUTF8)
row("operands: a UTF-8 local part, SMTPUTF8 not offered",
    ["jürgen@a.example"], M, told(None))
row("operands: a UTF-8 domain, SMTPUTF8 not offered", ["a@bücher.example"], M,
    one_of(sent("a@xn--bcher-kva.example"), told(DATA)))
row("operands: a local part of 100 octets", ["x" * 100 + "@b.example"], M,
    one_of(sent("x" * 100 + "@b.example"), told(DATA)))
row("operands: a local part of 5,000 octets", ["x" * 5000 + "@b.example"], M,
    told(DATA))
row("operands: recipients that the header does not show", [A, B],
    letter("Subject: x"),
    sent(A, B, has=[none("To", "Cc", "Bcc", "Apparently-To"), nowhere(A, B)]))

main()
