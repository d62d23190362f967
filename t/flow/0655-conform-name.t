#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The name in a From that is made: -F, NAME, the password database."""
import os
import pwd

from conform import (A, B, LOGIN, ME, address, field, letter, main, row, sent)

GECOS = pwd.getpwuid(os.getuid()).pw_gecos.split(",")[0].replace(
    "&", LOGIN.capitalize())


def named(label, name, wanted=None, **how):
    row("full name: " + label, ["-F", name, A], letter("Subject: x"),
        sent(A, has=[address("From", (name if wanted is None else wanted,
                                      ME))]), **how)


named("two words", "Ann Other")
row("full name: glued", ["-FAnn Other", A], letter("Subject: x"),
    sent(A, has=[address("From", ("Ann Other", ME))]))
named("an apostrophe", "Ann O'Hara")
named("a quote", 'Ann "Nan" Other')
named("a quote that is not closed", 'Ann "Other')
named("parentheses", "Ann (at work)")
named("nested parentheses", "Ann (at (her) work)")
named("a parenthesis that is not closed", "Ann (at work")
named("a comma", "Other, Ann")
named("angle brackets", f"Ann <{B}>")
named("a backslash", r"Ann \ Other\\")
named("an at sign", B)
named("dots and semicolons", "Dr. A.; B: C.")
named("UTF-8", "Jürgen Größe")
named("UTF-8, long", "Größe " * 30 + "x")
named("a very long one", ("word " * 300).strip())
named("line ends and control characters", "Ann\r\n\x01Other\tX",
      "Ann Other X")
named("a field in it", "Ann\nX-Evil: yes", "Ann X-Evil: yes")
named("the empty one", "", "")
row("full name: not UTF-8", ["-F", b"J\xfcrgen", A], letter("Subject: x"),
    sent(A, has=[address("From", (None, ME))]))
row("full name: -f and -F both count", ["-f", B, "-F", "Bob", A],
    letter("Subject: x"), sent(A, sender=B,
                               has=[address("From", ("Bob", B))]))
row("full name: a From wins over -F", ["-F", "Ann", A],
    letter(f"From: Bob <{B}>"), sent(A, has=[field("From", f"Bob <{B}>")]))
row("full name: NAME", [A], letter("Subject: x"),
    sent(A, has=[address("From", ("Nan", ME))]), env={"NAME": "Nan"})
row("full name: NAME with a field in it", [A], letter("Subject: x"),
    sent(A, has=[address("From", ("Nan X-Evil: yes", ME))]),
    env={"NAME": "Nan\nX-Evil: yes"})
row("full name: -F wins over NAME", ["-F", "Ann", A], letter("Subject: x"),
    sent(A, has=[address("From", ("Ann", ME))]), env={"NAME": "Nan"})
row("full name: the password database", [A], letter("Subject: x"),
    sent(A, has=[address("From", (GECOS, ME))]))
row("full name: another's -f has none", ["-f", B, A], letter("Subject: x"),
    sent(A, sender=B, has=[address("From", ("", B))]), ours=True)

main()
