#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is done to the body: 8-bit text, long lines, odd octets."""
import re

from conform import (A, DATA, case, content, crlf, declared, field, letter,
                     like, main, octets, one_of, params, row, sent, somewhere,
                     told, want)

SEVEN = {"offers": ("PIPELINING", "SIZE", "DSN")}
EIGHT = bytes(n for n in range(256) if n not in b"\0\r\n")
UTF8 = "Grüße, 10 µm\nno line of ASCII\n"
MIME = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit")


def body(label, text, wanted=None, *has, fields=("Subject: x",), argv="-i",
         **more):
    """With -i; unless said otherwise it arrives as it is, with CRLF."""
    if wanted is None:
        wanted = octets(text).replace(b"\n", b"\r\n")
    row("body: " + label, [*argv.split(), A], letter(*fields, body=text),
        sent(A, body=wanted, has=has, **more))


def encoded(label, text, *has, fields=("Subject: x",), plan=None):
    """It arrives encoded or in other lines, and says the same."""
    row("body: " + label, ["-i", A], letter(*fields, body=text),
        sent(A, has=[content(text), *has]), plan=plan)


def unwrapped(text):
    """The content says this but for line ends, which may be new."""
    def check(mail):
        got = mail.parsed().get_payload(decode=True)
        want(re.sub(rb"[\r\n]", b"", got) ==
             re.sub(rb"[\r\n]", b"", octets(text)), "content", got[:2000])
        got.decode()
    return check


def seven(mail):
    want(max(mail.text) < 128, "no 8-bit octet", mail.text)


# ---- 8-bit

body("UTF-8, with MIME fields", UTF8, None, declared("BODY=8BITMIME"),
     fields=MIME)
row("body: UTF-8, no MIME fields", ["-i", A], letter(body=UTF8),
    sent(A, body=crlf(UTF8), has=[declared("BODY=8BITMIME")]))
body("every octet but NUL, CR, LF", EIGHT + b"\n", EIGHT + b"\r\n",
     declared("BODY=8BITMIME"))
body("ASCII needs no BODY", "text\n", None, params())
encoded("UTF-8 with MIME fields, relay of 7 bits", UTF8, seven,
        like("Content-Transfer-Encoding", "^(quoted-printable|base64)$"),
        fields=MIME, plan=SEVEN)
encoded("UTF-8 without MIME fields, relay of 7 bits", UTF8, seven,
        field("MIME-Version", "1.0"),
        like("Content-Type", '^text/plain; *charset="?utf-8"?$'), plan=SEVEN)
row("body: not UTF-8, no MIME fields, relay of 7 bits", ["-i", A],
    letter(body=EIGHT + b"\n"),
    sent(A, has=[content(EIGHT + b"\n"), seven,
                 like("Content-Type", "^text/plain")]), plan=SEVEN)
MULTI = ("--b\nContent-Type: text/plain\n\nplain\n"
         "--b\nContent-Type: text/plain; charset=utf-8\n"
         "Content-Transfer-Encoding: 8bit\n\nGröße\n"
         "--b\nContent-Type: application/x\nContent-Transfer-Encoding: base64"
         "\n\nAAEC\n--b--\n")


@case("body: 8-bit multipart, relay of 7 bits")
def multipart(place):
    place.run([A], letter("MIME-Version: 1.0",
                          "Content-Type: multipart/mixed; boundary=b",
                          body=MULTI), sent(A, has=[seven]), plan=SEVEN)
    mail, = place.last.mails
    parts = mail.parsed().get_payload()
    want([p.get_payload(decode=True).strip() for p in parts] ==
         [b"plain", "Größe".encode(), b"\0\1\2"], "parts", mail.body)
    want(mail.body.startswith(
        b"--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b\r\n"),
         "the part of ASCII is untouched", mail.body)
    want(mail.body.endswith(
        b"--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: "
        b"base64\r\n\r\nAAEC\r\n--b--\r\n"), "so is the last", mail.body)


row("body: a signed message is not altered", ["-i", A], letter(
    "MIME-Version: 1.0",
    "Content-Type: multipart/signed; boundary=b; protocol=\"x/y\"; micalg=z",
    body=MULTI), sent(A, body=crlf(MULTI)))
row("body: Content-Transfer-Encoding binary", ["-i", A], letter(
    "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: binary", body=UTF8),
    sent(A, has=[content(UTF8), like("Content-Transfer-Encoding",
                                     "^(8bit|quoted-printable|base64)$")]),
    ours=True)

# ---- long lines

body("a line of 998", "x" * 998 + "\n")
body("a line of 998 that begins with a dot", "." + "x" * 997 + "\n")
for size in 999, 5000, 1000000:
    row(f"body: a line of {size}", ["-i", A],
        letter(body="a\n" + "x" * size + "\nb\n"),
        sent(A, has=[unwrapped("a\n" + "x" * size + "\nb\n")]))
row("body: a long line of dots", ["-i", A],
    letter(body="." * 5000 + "\n"), sent(A, has=[unwrapped("." * 5000)]))
row("body: long lines without any end", ["-i", A],
    letter(body="x" * 100000), sent(A, has=[unwrapped("x" * 100000)]))
row("body: a long line of UTF-8", ["-i", A],
    letter(body="é" * 3000 + "\n"), sent(A, has=[unwrapped("é" * 3000)]))

# ---- odd octets

body("form feed, ESC, DEL, ^D, ^Z", "a\fb\x1bc\x7fd\x04e\x1af\n")
body("blanks at line ends", "a  \n\t\n b\t\n")
body("many blank lines", "\n\n\na\n\n\n\n")
body("no end behind the last line", "a\nb", b"a\r\nb\r\n")
body("CRLF", "a\r\nb\r\n", b"a\r\nb\r\n")
body("CRLF and LF mixed", "a\r\nb\nc\r\n\n", b"a\r\nb\r\nc\r\n\r\n")
body("dots at the begin of lines", ".\n..\n...a\n.b\n")
row("body: a bare CR", ["-i", A], letter(body="one\rtwo\n"),
    sent(A, has=[lambda mail: want(
        re.fullmatch(rb"one(\r\n| |=0D)two\r\n", mail.body), "readable",
        mail.text)]))
row("body: progress with bare CRs", ["-i", A],
    letter(body="10%\r20%\r100%\ndone\n"),
    sent(A, has=[somewhere("10%", "100%", "done")]))
row("body: CRs before a line end", ["-i", A],
    letter(body="one\r\r\ntwo\n"), sent(A, has=[somewhere("one", "two\r\n")]))
row("body: NUL", ["-i", A], letter(body="one\0two\nthree\n"),
    one_of(sent(A, has=[lambda mail: want(
        re.search(rb"one(=00)?two\r\nthree\r\n", mail.body), "readable",
        mail.text)]), told(DATA)))


@case("body: 10 MB")
def large(place):
    text = b"".join(b"%07d %s\n" % (n, b"x" * 60) for n in range(150000))
    place.run([A], letter(body=text))
    got = place.last
    want(got.status == 0 and len(got.mails) == 1, "sent", got.err)
    want(got.mails[0].body == crlf(text), "unchanged")
    want(not got.relay.breaches, "no breach", got.relay.breaches)


row("body: over the relay's SIZE", [A], letter(body="x" * 60 + "\n" * 5000),
    told(DATA), plan={"offers": ("SIZE 1000",)})


main()
