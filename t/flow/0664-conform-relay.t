#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a relay may do, and what becomes of the mail."""
import socket

from conform import (A, B, C, CLOSE, ME, NOUSER, TEMPFAIL, TEXT, bounced,
                     case, clean, letter, main, octets, refused, row, sent,
                     want)

M = letter(f"From: {B}", "Subject: x")
DOT = "dot"


def relay(label, hold, rcpts=(A,), argv=(), stdin=M, **plan):
    row("relay: " + label, [*argv, *rcpts], stdin, hold, plan=plan)


# ---- what it offers

relay("offers nothing", sent(A, has=[lambda mail: want(
    not mail.params and not any(mail.rcpt_params), "no parameter",
    mail.params)]), offers=())
relay("refuses EHLO: HELO, without parameters", sent(A, has=[lambda mail: want(
    mail.transaction.verb == "HELO" and not mail.params, "HELO",
    mail.params)]), answers={"ehlo": "502 5.5.1 unknown"})
relay("offers no PIPELINING", sent(A, C, body=TEXT), rcpts=(A, C),
      offers=("SIZE", "8BITMIME"))
relay("offers CHUNKING", sent(A, body=TEXT),
      offers=("PIPELINING", "CHUNKING", "BINARYMIME", "SMTPUTF8", "8BITMIME"))
relay("has replies of many lines", sent(A, body=TEXT), answers={
    "greeting": "220-relay.example\r\n220-a second line\r\n220 ESMTP",
    "mail": "250-one\r\n250 two", "rcpt": "250-one\r\n250-\r\n250 two",
    "data": "354-go\r\n354 on", "dot": "250-taken\r\n250 it is"})
relay("has replies without text", sent(A, body=TEXT),
      answers={"mail": "250", "rcpt": "250 ", "data": "354", "dot": "250"})
relay("says 251 to RCPT", sent(A), answers={"rcpt": "251 2.1.5 will forward"})
relay("offers SIZE, and the message fits", sent(A, has=[lambda mail: want(
    all(int(p[5:]) >= len(mail.transaction.data) - 200 for p in
        mail.transaction.sender.params for p in [mail.word(p)]
        if p.startswith("SIZE=")), "SIZE is about right", mail.params)]),
      offers=("SIZE 100000",))

# ---- what it refuses


def failed(*codes):
    """The attempt was made; exit 0 and a report, or one of these."""
    def hold(got):
        want(got.relay.connections, "it was tried")
        want(not any(A in m.rcpts for m in got.mails), "not sent")
        want(got.status in codes or got.status == 0 or not got.strict,
             "exit status", got.status, codes)
        if got.status == 0:
            want([m.rcpts for m in got.mails if m.sender == ""] == [[ME]],
                 "a report", [m.rcpts for m in got.mails])
        want(got.queued() == 0, "nothing in the queue", got.queued())
        clean(got)
    return hold


relay("refuses the recipient", failed(67),
      answers={"rcpt:" + A: "550 5.1.1 no such user"})
relay("refuses the text", failed(65, 69),
      answers={"dot": ["554 5.6.0 no such text"]})
relay("refuses DATA", failed(65, 69), answers={"data": ["554 5.7.1 no"]})
relay("refuses one of two recipients", lambda got: (
    want(got.status == 0, "exit status", got.status),
    want([C] in [m.rcpts for m in got.mails], "the other has it", got.mails),
    want([ME] in [m.rcpts for m in got.mails if m.sender == ""], "a report",
         [m.rcpts for m in got.mails]), clean(got)),
      rcpts=(A, C), answers={"rcpt:" + A: "550 5.1.1 no such user"})
relay("refuses a recipient, null sender: no report", lambda got: (
    want([C] in [m.rcpts for m in got.mails], "the other has it", got.mails),
    want(all(m.rcpts == [C] for m in got.mails), "no report",
         [m.rcpts for m in got.mails])),
      rcpts=(A, C), argv=["-f", "<>"],
      answers={"rcpt:" + A: "550 5.1.1 no such user"})


@case("relay: a report is a message of its own")
def report(place):
    place.run(["-f", B, A, C], letter("Subject: Größe", body="Größe\n"),
              bounced(A, to=B, good=[C]),
              plan={"answers": {"rcpt:" + A: "550 5.1.1 no such user"}})
    mail, = [m for m in place.last.mails if m.sender == ""]
    want(mail.addresses("From")[0][1] == "MAILER-DAEMON@d.example" or
         not place.strict, "From", mail.fields)
    want(b"550" in mail.body and b"no such user" in mail.body, "why",
         mail.body)
    want(b"message/delivery-status" in mail.body, "RFC 3464", mail.body)


# ---- what it puts off

def later(label, **plan):
    """Exit 0, kept, and delivered once when it is tried again."""
    @case("relay: " + label + ": kept, and sent once")
    def check(place):
        got = place.run([A], M, plan=plan)
        want(got.status == 0, "exit status", got.status, got.err)
        want(not got.mails and got.queued() == 1, "in the queue",
             got.queued(), got.mails)
        want(got.relay.connections, "it was tried")
        place.run(["-q"], b"", lambda got: (
            sent(A, body=TEXT, out=None)(got),
            want(len(got.relay.accepted()) == 1, "once")), plan={})


later("421 at the greeting", answers={"greeting": "421 4.3.2 not now"})
later("no greeting, the connection ends", answers={"greeting": CLOSE})
later("451 to MAIL", answers={"mail": "451 4.3.0 not now"})
later("4xx to RCPT", answers={"rcpt": "450 4.2.0 not now"})
later("4xx to DATA", answers={"data": "451 4.3.0 not now"})
later("451 to the dot", answers={"dot": "451 4.3.0 not now"})
later("421 to the dot", answers={"dot": "421 4.3.0 not now"})
later("the connection ends at MAIL", answers={"mail": CLOSE})
later("the connection ends at RCPT", answers={"rcpt": CLOSE})


@case("relay: it is down: kept, and sent once")
def down(place):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))   # and does not listen
        place.program.configure(place, nobody.getsockname()[1])
        got = place.run([A], M)
        want(got.status == 0, "exit status", got.status, got.err)
        want(got.queued() == 1, "in the queue", got.queued())
    place.program.configure(place, place.relay.port)
    place.run(["-q"], b"", sent(A, body=TEXT, out=None))


@case("relay: lost behind the dot: kept, no second recipient")
def lost(place):
    got = place.run([A], M, plan={"answers": {"dot": CLOSE}})
    want(got.status == 0, "exit status", got.status)
    want(got.queued() == 1, "in the queue", got.queued())
    place.run(["-q"], b"", plan={})
    want([t.rcpts[0].address for t in place.relay.accepted()] in
         ([], [octets(A)]), "once at most", place.relay.accepted())


@case("relay: one of two is put off: the other at once, this one later")
def partly(place):
    got = place.run([A, C], M, plan={"answers": {"rcpt:" + A: "450 4.2.0 no"}})
    want(got.status == 0, "exit status", got.status)
    want([m.rcpts for m in got.mails] == [[C]], "the other has it", got.mails)
    want(got.queued() == 1, "in the queue", got.queued())
    place.run(["-q"], b"", sent(A, out=None), plan={})


@case("relay: 452 after ten recipients: the rest at once")
def room(place):
    rcpts = [f"r{n}@a.example" for n in range(25)]
    place.run(rcpts, M, sent(*rcpts) if place.strict else None,
              plan={"room": 10})
    if not place.strict:
        for _ in range(3):
            place.run(["-q"], b"")
        sent(*rcpts, out=None)(place.last)


# ---- --now

@case("relay: --now and 4xx: 75, and nothing is kept", ours=True)
def now(place):
    place.run(["--now", A], M, refused(TEMPFAIL),
              plan={"answers": {"rcpt": "450 4.2.0 not now"}})


@case("relay: --now and a refusal: its code, and nothing is kept", ours=True)
def now_refused(place):
    place.run(["--now", A], M, refused(NOUSER),
              plan={"answers": {"rcpt": "550 5.1.1 no such user"}})


main()
