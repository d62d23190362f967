#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""-bs: SMTP on standard input and output."""
import signal

from conform import (A, B, C, TEXT, both, case, crlf, main, nothing, octets,
                     row, sound, want)

HELLO = "EHLO client.example\n"
MAIL = f"MAIL FROM:<{B}>\nRCPT TO:<{A}>\nDATA\n"
TEXTS = "Subject: x\n\ntext\n.\n"
QUIT = "QUIT\n"


def talk(*codes, mails=1, then=None):
    """The replies begin so (a list: one of them), this many messages went to
    ann; then looks at each."""
    def hold(got):
        said = [line[:3].decode() for line in got.out.splitlines()
                if line[3:4] != b"-"]
        want(len(said) == len(codes) and all(
            s in c.split("|") for s, c in zip(said, codes)), "replies",
            got.out, codes)
        want([m.rcpts for m in got.mails] == [[A]] * mails, "mails",
             [m.rcpts for m in got.mails])
        want([m.sender for m in got.mails] == [B] * mails, "senders")
        for mail in got.mails:
            sound(mail)
            if then:
                then(mail)
        want(got.relay.breaches == [], "no breach", got.relay.breaches)
        want(got.queued() == 0 or not got.strict, "an empty queue")
    return hold


def serve(label, lines, hold, argv="-bs", both_ends=True, **more):
    """With CRLF, and with LF."""
    if both_ends:
        row(f"-bs: {label}, LF", argv, lines, hold, **more)
        label += ", CRLF"
    row("-bs: " + label, argv, crlf(lines), hold, **more)


def status(code, hold):
    return both(hold, lambda got: want(got.status == code, "exit status",
                                       got.status))


serve("a message, all in one write", HELLO + MAIL + TEXTS + QUIT,
      status(0, talk("220", "250", "250", "250", "354", "250", "221",
                     then=lambda mail: want(mail.body == TEXT, "body",
                                            mail.text))))
serve("HELO", "HELO client\n" + MAIL + TEXTS + QUIT,
      talk("220", "250", "250", "250", "354", "250", "221"))
serve("no greeting", MAIL + TEXTS + QUIT,
      talk("220", "250", "250", "354", "250", "221"), ours=True,
      both_ends=False)
serve("commands in any case, a blank behind the colon",
      f"ehlo [127.0.0.1]\nmail from: <{B}>\nRcpt To: <{A}>\ndata\n" + TEXTS +
      "quit\n", talk("220", "250", "250", "250", "354", "250", "221"),
      both_ends=False)
serve("-odb -oem -om -i beside it", HELLO + MAIL + TEXTS + QUIT,
      talk("220", "250", "250", "250", "354", "250", "221"),
      argv="-bs -odb -oem -om -i", both_ends=False)


@case("-bs: null sender")
def null_sender(place):
    place.run("-bs", crlf(HELLO + MAIL.replace(B, "") + TEXTS + QUIT))
    got, = place.last.mails
    want(got.sender == "" and got.rcpts == [A], "null sender", got.sender)


@case("-bs: each reply comes at once")
def dialogue(place):
    """One line after another, as a client that does not pipeline."""
    child = place.start("-bs")

    def reply():
        while (line := child.stdout.readline())[3:4] == b"-":
            pass
        return line[:3].decode()

    got = [reply()]
    for line in (HELLO + MAIL).splitlines() + [TEXTS.strip(), "QUIT"]:
        child.stdin.write(crlf(line + "\n"))
        child.stdin.flush()
        got.append(reply())
    want(got == ["220", "250", "250", "250", "354", "250", "221"], "replies",
         got)
    child.wait(10)
    place.finish(child)
    want(len(place.last.mails) == 1, "sent")


@case("-bs: what EHLO offers")
def offers(place):
    got = place.run("-bs", crlf(HELLO + QUIT))
    words = {line[4:].split()[0].decode().upper()
             for line in got.out.splitlines() if line.startswith(b"250")}
    want(not words & {"AUTH", "STARTTLS"}, "neither AUTH nor STARTTLS", words)
    if place.strict:
        want({"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8",
              "ENHANCEDSTATUSCODES", "DSN"} <= words, "keywords", words)
        want(b"\r\n250-SIZE 52428800\r\n" in got.out, "SIZE", got.out)


serve("RSET, NOOP, VRFY", HELLO + f"MAIL FROM:<{B}>\nRSET\nNOOP\n"
      "VRFY root\n" + QUIT, talk("220", "250", "250", "250", "250",
                                 "250|252|550|553|502", "221", mails=0),
      both_ends=False)
serve("an unknown verb", HELLO + "FOO\n" + QUIT,
      status(0, talk("220", "250", "500|502", "221", mails=0)),
      both_ends=False)
serve("DATA and RCPT out of order",
      HELLO + f"DATA\nRCPT TO:<{A}>\nMAIL FROM:<{B}>\nDATA\n" + QUIT,
      talk("220", "250", "503|554|501", "503|554|501", "250", "503|554|501",
           "221", mails=0), both_ends=False)
serve("a bad address", HELLO + f"MAIL FROM:<{B}>\nRCPT TO:<x@@y>\n" + QUIT,
      talk("220", "250", "250", "501|553|555", "221", mails=0),
      both_ends=False)
serve("MAIL with BODY and SIZE",
      HELLO + f"MAIL FROM:<{B}> BODY=8BITMIME SIZE=100\nRCPT TO:<{A}>\n"
      "DATA\n" + TEXTS + QUIT,
      talk("220", "250", "250", "250", "354", "250", "221"), both_ends=False)
serve("SIZE over the limit",
      HELLO + f"MAIL FROM:<{B}> SIZE=99999999999\n" + QUIT,
      talk("220", "250", "552", "221", mails=0), both_ends=False, ours=True)
serve("one leading dot is taken off", HELLO + MAIL +
      "Subject: x\n\n..\n...a\n.b\nc\n.\n" + QUIT,
      talk("220", "250", "250", "250", "354", "250", "221",
           then=lambda mail: want(mail.body == b".\r\n..a\r\nb\r\nc\r\n",
                                  "dots", mail.body)))
serve("an empty text", HELLO + MAIL + ".\n" + QUIT,
      talk("220", "250", "250", "250", "354", "250", "221"), both_ends=False)
serve("several messages, RSET between",
      HELLO + MAIL + TEXTS + "RSET\n" + f"MAIL FROM:<{C}>\nRCPT TO:<{C}>\n"
      "RSET\n" + MAIL + TEXTS + MAIL + TEXTS + QUIT,
      talk("220", *["250"] * 3, "354", "250", "250", *["250"] * 3,
           *["250", "250", "354", "250"] * 2, "221", mails=3))
serve("a Bcc is no recipient", HELLO + MAIL + f"To: {A}\nBcc: {C}\n" + TEXTS +
      QUIT, talk("220", "250", "250", "250", "354", "250", "221"),
      both_ends=False)
serve("end of input behind the dot", HELLO + MAIL + TEXTS,
      talk("220", "250", "250", "250", "354", "250"), both_ends=False)
serve("end of input in the text", HELLO + MAIL + "Subject: x\n\nha",
      both(nothing, lambda got: want(b"\r\n354 " in got.out, "354",
                                     got.out)))
for name, dot in (("LF.LF", "\n.\n"), ("LF.CRLF", "\n.\r\n"),
                  ("CR.CR", "\r.\r"), ("CRLF.LF", "\r\n.\n"),
                  ("CRLF.CR", "\r\n.\r")):
    @case(f"-bs: {name} in CRLF data smuggles nothing")
    def smuggled(place, dot=dot):
        evil = f"MAIL FROM:<{C}>\r\nRCPT TO:<{C}>\r\nDATA\r\nevil\r\n.\r\n"
        got = place.run("-bs", crlf(HELLO + MAIL + "Subject: x\n\none") +
                        octets(dot + evil + "QUIT\r\n"))
        want(all(m.rcpts == [A] for m in got.mails) and len(got.mails) <= 1,
             "one message", [m.rcpts for m in got.mails])
        want(b"\r\n354 " in got.out, "354", got.out)
        want(not got.relay.breaches, "no breach", got.relay.breaches)
        if place.strict:
            want(b"evil" in got.mails[0].body, "text", got.mails[0].body)


@case("-bs: killed in the text, nothing is sent")
def killed(place):
    child = place.start("-bs")
    child.stdin.write(crlf(HELLO + MAIL + "Subject: x\n\nhalf\n"))
    child.stdin.flush()
    seen = b""
    while b"354" not in seen:
        line = child.stdout.readline()
        want(line, "354", seen)
        seen += line
    child.send_signal(signal.SIGTERM)
    place.finish(child, hold=nothing)


@case("-bs: the first message stays when the second is cut")
def second_cut(place):
    got = place.run("-bs", crlf(HELLO + MAIL + TEXTS + MAIL + "half"))
    want([m.rcpts for m in got.mails] == [[A]], "one", got.mails)
    want(got.queued() == 0, "nothing in the queue")


serve("8-bit text", HELLO + f"MAIL FROM:<{B}> BODY=8BITMIME\nRCPT TO:<{A}>\n"
      "DATA\nSubject: x\n\nGröße\n.\n" + QUIT,
      talk("220", "250", "250", "250", "354", "250", "221",
           then=lambda mail: want("BODY=8BITMIME" in mail.params and
               mail.body == "Größe\r\n".encode(), "body", mail.text)),
      both_ends=False)
serve("a relay's refusal of a recipient", HELLO +
      f"MAIL FROM:<{B}>\nRCPT TO:<no@a.example>\nRCPT TO:<{A}>\nDATA\n" +
      TEXTS + QUIT, lambda got: want(
          [A] in [m.rcpts for m in got.mails], "the other has it",
          got.mails), both_ends=False,
      plan={"answers": {"rcpt:no@a.example": "550 5.1.1 no"}})

main()
