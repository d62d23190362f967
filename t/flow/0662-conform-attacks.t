#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What strangers may have a hand in: addresses, names, headers, bodies."""
import os

from conform import (A, B, C, DATA, ME, TEXT, USAGE, both, case, clean, field,
                     letter, main, none, octets, one_of, refused, row, sent,
                     sound, told, want)

M = letter("Subject: x")
EVIL = "evil@evil.example"


def harmless(label, argv, stdin=M, *, senders=(ME,), rcpts=((A,),), code=DATA,
             has=()):
    """Refused with this code, or a report; or it went to whom it should, and
    nothing came of the attack. code None: it has to go."""
    def neutral(got):
        clean(got)
        want(got.status == 0, "exit status", got.status)
        real = [m for m in got.mails if m.rcpts != [ME]]
        want(len(real) == 1, "one message", got.mails)
        for mail in real:
            sound(mail)
            want(mail.sender in senders, "sender", mail.sender)
            want(any(sorted(mail.rcpts) == sorted(r) for r in rcpts),
                 "recipients", mail.rcpts)
            want(not any(p.upper().startswith(("NOTIFY", "SIZE=1"))
                         for r in mail.rcpt_params for p in r) and
                 not any(p == "SIZE=1" for p in mail.params), "parameters",
                 mail.rcpt_params, mail.params)
            want(not mail.values("X-Evil"), "no new field", mail.fields)
            want(not any(EVIL in r for r in mail.rcpts), "not to him",
                 mail.rcpts)
            for check in has:
                check(mail)

    row("injection: " + label, argv, stdin,
        one_of(refused(code), neutral, told(code)) if code else neutral)


for name, end in ("LF", "\n"), ("CRLF", "\r\n"), ("CR", "\r"):
    harmless(f"{name} and RCPT in -f",
             ["-f", f"{B}>{end}RCPT TO:<{EVIL}", A], senders=(ME, B))
    harmless(f"{name} and RCPT in an operand",
             [f"{A}>{end}RCPT TO:<{EVIL}"])
    harmless(f"{name} and DATA in an operand",
             [A, f"{B}>{end}DATA{end}evil{end}.{end}"],
             rcpts=((A,), (A, B)))
    harmless(f"{name} and a field in -f", ["-f", f"{B}{end}X-Evil: x", A],
             senders=(ME, B))
    harmless(f"{name} and a field in -F", ["-F", f"Name{end}X-Evil: x", A],
             code=None)
    harmless(f"{name} twice and text in -F",
             ["-F", f"Name{end}{end}X-Evil: x", A], code=None,
             has=[lambda mail: want(mail.body == TEXT, "body", mail.text)])
    harmless(f"{name} and a field in -L", ["-L", f"tag{end}X-Evil: x", A],
             code=None)
    harmless(f"{name} and SMTP in -V",
             ["-V", f"id{end}RCPT TO:<{EVIL}>", A], code=USAGE)
harmless("a line end and a command in a header's address", ["-t"],
         letter(f"To: {A}", f' "x', f'RCPT TO:<{EVIL}>"@a.example'),
         rcpts=((A,),))
harmless("a parameter in an operand", [f"{A}> NOTIFY=NEVER X=<"])
harmless("a parameter in an operand, bare", [f"{A} NOTIFY=NEVER"])
harmless("a parameter in -f", ["-f", f"{B}> SIZE=1", A], senders=(ME, B))
harmless("a parameter in -f, bare", ["-f", f"{B} SIZE=1", A],
         senders=(ME, B))
harmless("a parameter in -V", ["-V", "id SIZE=1", A], code=USAGE)
harmless("a second address in -f", ["-f", f"{B}, {EVIL}", A],
         senders=(ME, B))
harmless("a NUL octet in a header's address", ["-t"],
         letter(f"To: {A}\0{EVIL}"), rcpts=((A,),))


@case("injection: NAME with a field in it")
def name_field(place):
    place.run([A], M, sent(A, has=[none("X-Evil", "Bcc")]),
              env={"NAME": "Ann\nX-Evil: x\nBcc: " + EVIL})


for option in "-X", "-OQueueDirectory=", "-C":
    @case(f"injection: {option} behind -- is no option")
    def behind(place, option=option):
        os.mkdir(place.path("public"))
        word = option + place.path("public/evil")
        place.run(["--", A, word], M, one_of(
            sent(A, word + "@d.example"), told(DATA)))
        want(not os.listdir(place.path("public")), "no file")


# The parentheses are a comment's.
KEPT = {"$(touch ran)@b.example": "$@b.example",
        "/tmp/ran": "/tmp/ran@d.example"}
for label, word in (("a shell's words", "`touch ran`@b.example"),
                    ("a variable", "$(touch ran)@b.example"),
                    ("a program", "|/bin/touch ran"),
                    ("a file", "/tmp/ran"),
                    ("an included file", ":include:/etc/passwd")):
    @case(f"injection: {label} as an operand: nothing is run")
    def operand(place, word=word):
        got = place.run([A, word], M, one_of(
            sent(A, KEPT[word]) if word in KEPT else refused(DATA), told(DATA), both(clean, lambda got: want(
                A in [r for m in got.mails for r in m.rcpts], "sent"))))
        want(not os.path.exists(place.path("ran")), "not run")
        want(not os.path.exists("/tmp/ran"), "not written")
        want(b"root:" not in got.out + got.err, "not shown", got.err)
        want(not any(b"root:" in m.text for m in got.mails), "not read")


row("injection: an operand of 1 MB", ["x" * 100000 + "@b.example", A], M,
    told(DATA))
row("injection: a million commas", ["," * 100000 + A], M,
    one_of(sent(A), told(DATA)))
row("injection: comments in 20,000 levels", ["(" * 20000 + ")" * 20000 + A],
    M, one_of(refused(DATA), sent(A), told(DATA)))
row("injection: groups in a header in 10,000 levels", "-t",
    letter("To: " + "g:" * 10000 + f"{A};"), one_of(refused(DATA), sent(A),
                                                    told(DATA)))
row("injection: UTF-8 that is cut off", ["j\udcc3@a.example".encode(
    "utf-8", "surrogateescape"), A], M, told(DATA))
row("injection: a bare CR before Bcc in a header", "-t",
    f"To: {A}\nX-A: b\rBcc: {EVIL}\n\ntext\n",
    sent(A, has=[none("Bcc"), field("X-A", f"b Bcc: {EVIL}")]))
row("injection: NUL before Bcc in a header", "-t",
    f"To: {A}\nX-A: b\0\nBcc: {C}\n\ntext\n",
    one_of(sent(A, C, has=[none("Bcc")]), told(DATA)))


# ---- what a lax server could take for the end of data

SMTP = "MAIL FROM:<m@evil.example>{0}RCPT TO:<{1}>{0}DATA{0}Subject: e{0}{0}" \
       "evil{0}.{0}QUIT{0}"


def smuggle(name, dot, end, *, exact=None):
    """After the dot look-alike come commands; all of it is one text."""
    def hold(got):
        clean(got)
        want(got.status == 0, "exit status", got.status)
        mail, = got.mails
        want(mail.rcpts == [A], "recipients", mail.rcpts)
        if exact is not None:
            want(mail.body == octets(exact), "body", mail.body)
        text = mail.parsed().get_payload(decode=True)
        for word in ("one", "MAIL FROM:<m@evil.example>", f"RCPT TO:<{EVIL}>",
                     "evil"):
            want(octets(word) in text, "the text", text)

    text = octets("Subject: x" + end + end + "one") + octets(dot) + octets(
        SMTP.format(end, EVIL))
    row("smuggling: " + name, ["-i", A], text,
        one_of(hold, told(DATA)) if "NUL" in name else hold)


LINES = "one\r\n.\r\n" + SMTP.format("\r\n", EVIL)
smuggle("LF.LF", "\n.\n", "\n", exact=LINES)
smuggle("LF.CRLF", "\n.\r\n", "\n", exact=LINES)
smuggle("CRLF.LF", "\r\n.\n", "\r\n", exact=LINES)
smuggle("CRLF.CRLF", "\r\n.\r\n", "\r\n", exact=LINES)
smuggle("CR.CR", "\r.\r", "\n")
smuggle("LF.CR", "\n.\r", "\n")
smuggle("CR.LF", "\r.\n", "\n")
smuggle("CRCRLF.CRCRLF", "\r\r\n.\r\r\n", "\r\n")
smuggle("LF NUL.LF", "\n\0.\n", "\n")
smuggle("LF.NUL LF", "\n.\0\n", "\n")

main()
