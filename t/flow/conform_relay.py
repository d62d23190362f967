# SPDX-License-Identifier: ISC
"""The relay of the conformance suite: an SMTP server in this process, on a
loopback port that the kernel picks, that writes down what it saw.

Nothing is normalised: lines and data are kept as they came. What a client must
not do stands in Relay.breaches, one line each:

    a command that ends with a bare LF, or holds a bare CR, NUL, 8-bit octets
    a parameter whose keyword was not offered
    a command sent before the reply it had to wait for
    in the data: bare CR, bare LF, NUL, a line over 998 octets, a dot at the
    begin of a line that is not doubled, 8-bit octets without BODY=8BITMIME,
    in the header 8-bit octets without SMTPUTF8

What it offers and answers is a case's: see Plan.
"""
import collections
import re
import socket
import threading

OFFER = ("PIPELINING", "SIZE 20000000", "8BITMIME", "DSN",
         "ENHANCEDSTATUSCODES")
LINE_MAX = 998          # octets without CRLF (RFC 5322 2.1.1)
PATIENCE = 20           # seconds without an octet
CLOSE = "close"         # an answer: none, the connection ends

# Which keyword allows which parameter.
NEEDS = {b"SIZE": "SIZE", b"BODY": "8BITMIME", b"SMTPUTF8": "SMTPUTF8",
         b"RET": "DSN", b"ENVID": "DSN", b"NOTIFY": "DSN", b"ORCPT": "DSN"}
PATH = re.compile(rb'<((?:"(?:\\.|[^"\\])*"|[^>"])*)>(?: (.*))?', re.S)
QUOTED = re.compile(rb'"(?:\\.|[^"\\])*"', re.S)
Path = collections.namedtuple("Path", "address params")


def is_address(text):
    """Could it be one? A bare name could."""
    return bool(re.fullmatch(rb"[^\s@]+(@[^\s@]+)?", QUOTED.sub(b"q", text)))


class Plan:
    """What the relay offers and how it answers.

    answers: stage -> an answer, or a list of them for the first, second ..
    time; None is the ordinary one. Stages are greeting, ehlo, helo, mail, rcpt,
    rcpt:ADDRESS, data, dot.
    room: how many recipients a transaction may have.
    """

    def __init__(self, offers=OFFER, answers=None, room=None):
        self.offers = tuple(offers)
        self.answers = {k: list(v) if isinstance(v, list) else v
                        for k, v in (answers or {}).items()}
        self.room = room
        self.lock = threading.Lock()

    def answer(self, *stages):
        with self.lock:
            for stage in stages:
                answer = self.answers.get(stage)
                if isinstance(answer, list):
                    answer = answer.pop(0) if answer else None
                if answer:
                    return answer
        return None


class Transaction:
    """From a MAIL to its end. Octets are as on the wire."""

    def __init__(self, verb, sender):
        self.verb = verb        # of the greeting: EHLO or HELO
        self.sender = sender    # Path
        self.rcpts = []         # those that were accepted: Path
        self.refused = []
        self.data = None        # without the last dot, still stuffed
        self.accepted = False   # the final dot was answered by 2xx


class Relay:
    def __init__(self):
        self.plan = Plan()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.socket.getsockname()[1]
        self.changed = threading.Condition()
        self.open = 0
        self.reset(Plan())
        threading.Thread(target=self.serve, daemon=True).start()

    def reset(self, plan):
        """Forget what was seen; from here on it goes by plan."""
        self.plan = plan
        self.connections = 0
        self.transactions = []
        self.commands = []
        self.breaches = []

    def serve(self):
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            with self.changed:
                self.open += 1
                self.connections += 1
            threading.Thread(target=self.talk, args=(link,),
                             daemon=True).start()

    def talk(self, link):
        try:
            with link:
                link.settimeout(PATIENCE)
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Session(self, link).run()
        except (OSError, EOFError):
            pass
        finally:
            with self.changed:
                self.open -= 1
                self.changed.notify_all()

    def wait(self, until, seconds):
        """Wait for until(), which is looked at whenever something came."""
        with self.changed:
            return self.changed.wait_for(until, seconds)

    def quiet(self, seconds=5):
        """Wait until nobody is connected."""
        return self.wait(lambda: self.open == 0, seconds)

    def accepted(self):
        return [t for t in self.transactions if t.accepted]

    def close(self):
        self.socket.close()

    def breach(self, what, where=b""):
        self.breaches.append(f"{what}: {where[:120]!r}")


class Session:
    """One connection."""

    def __init__(self, relay, link):
        self.relay = relay
        self.plan = relay.plan
        self.link = link
        self.buffer = bytearray()
        self.verb = None        # EHLO, HELO
        self.now = None         # the transaction

    # ---- octets

    def fill(self):
        got = self.link.recv(1 << 17)
        if not got:
            raise EOFError
        self.buffer += got

    def take(self, n):
        taken = bytes(self.buffer[:n])
        del self.buffer[:n]
        return taken

    def line(self):
        """A command, without its end."""
        while (at := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > 1 << 20:
                raise EOFError
            self.fill()
        line = self.take(at + 1)
        if not line.endswith(b"\r\n"):
            self.relay.breach("bare LF in a command", line)
        text = line.rstrip(b"\r\n")
        if re.search(rb"[\r\0]", text):
            self.relay.breach("CR or NUL in a command", text)
        return text

    def text(self):
        """The data up to the dot. The first line may be that dot."""
        found, seen = -1, 0
        while found < 0:
            if self.buffer.startswith(b".\r\n"):
                self.take(3)
                return b""
            found = self.buffer.find(b"\r\n.\r\n", max(0, seen - 4))
            seen = len(self.buffer)
            if found < 0:
                self.fill()
        text = self.take(found + 5)
        return text[:-3]

    def say(self, answer):
        if answer == CLOSE:
            raise EOFError
        self.link.sendall(answer.encode() + b"\r\n")

    def reply(self, usual, *stages):
        """Say what the plan wants, or usual. Returns whether it was good."""
        answer = self.plan.answer(*stages) or usual
        self.say(answer)
        return answer[0] in "23"

    # ---- commands

    def run(self):
        if not self.reply("220 relay.example ESMTP", "greeting"):
            return
        while True:
            line = self.line()
            word = line.split(b" ")[0].upper()
            # What may be sent on before its reply is here (RFC 2920 3.1).
            if self.buffer and (word in (b"EHLO", b"HELO", b"DATA", b"NOOP")
                                or "PIPELINING" not in self.plan.offers):
                self.relay.breach("sent before the reply", line)
            self.relay.commands.append(line)
            with self.relay.changed:
                self.relay.changed.notify_all()
            known = re.fullmatch(rb"EHLO|HELO|MAIL|RCPT|DATA|RSET|NOOP|QUIT",
                                 word)
            if not known:
                self.relay.breach("unknown command", line)
                self.say("500 5.5.1 unknown")
                continue
            getattr(self, word.decode().lower())(line)
            if word == b"QUIT":
                return

    def ehlo(self, line):
        self.now = None
        if answer := self.plan.answer("ehlo"):
            return self.say(answer)
        self.verb = "EHLO"
        offers = ["relay.example", *self.plan.offers]
        last = offers.pop()
        return self.say("".join(f"250-{o}\r\n" for o in offers) +
                        "250 " + last)

    def helo(self, line):
        self.now, self.verb = None, "HELO"
        self.reply("250 relay.example", "helo")

    def path(self, line, prefix):
        """The path of MAIL or RCPT, its parameters judged; or None."""
        match = None
        if line[:len(prefix)].upper() == prefix:
            match = PATH.fullmatch(line[len(prefix):])
        if not match:
            self.relay.breach("bad syntax", line)
            return None
        path = Path(match[1], tuple((match[2] or b"").split()))
        offered = {o.split()[0] for o in self.plan.offers}
        for param in path.params:
            need = NEEDS.get(param.split(b"=")[0].upper())
            if self.verb != "EHLO" or need not in offered:
                self.relay.breach("parameter not offered", line)
        if max(line, default=0) > 127 and (
                "SMTPUTF8" not in offered or prefix == b"MAIL FROM:" and
                b"SMTPUTF8" not in path.params):
            self.relay.breach("8-bit octets in a command", line)
        return path

    def mail(self, line):
        path = self.path(line, b"MAIL FROM:")
        if not path:
            return self.say("501 5.5.4 syntax")
        if not self.verb:
            self.relay.breach("no greeting", line)
        if path.address and not is_address(path.address):
            return self.say("501 5.1.7 no address")
        if self.reply("250 2.1.0 ok", "mail"):
            self.now = Transaction(self.verb, path)
            self.relay.transactions.append(self.now)
        return None

    def rcpt(self, line):
        path = self.path(line, b"RCPT TO:")
        if not path or not path.address:
            return self.say("501 5.5.4 syntax")
        if not self.now:
            return self.say("503 5.5.1 MAIL first")
        if not is_address(path.address):
            self.now.refused.append(path)
            return self.say("501 5.1.3 no address")
        if self.plan.room is not None and (
                len(self.now.rcpts) >= self.plan.room):
            return self.say("452 4.5.3 too many recipients")
        address = path.address.decode("utf-8", "replace")
        good = self.reply("250 2.1.5 ok", "rcpt:" + address, "rcpt")
        (self.now.rcpts if good else self.now.refused).append(path)
        return None

    def data(self, line):
        if not self.now or not self.now.rcpts:
            return self.say("503 5.5.1 RCPT first")
        if not self.reply("354 go on", "data"):
            return None
        now, self.now = self.now, None
        now.data = self.text()
        self.judge(now)
        with self.relay.changed:
            answer = self.plan.answer("dot") or "250 2.0.0 taken"
            now.accepted = answer[0] == "2"
            self.relay.changed.notify_all()
        return self.say(answer)

    def judge(self, now):
        """What must not be in the data."""
        data = now.data
        end = data.find(b"\r\n\r\n")
        end = len(data) if end < 0 else end
        params = [p.upper() for p in now.sender.params]
        look = [("bare CR", rb"\r(?!\n)", 0, None),
                ("bare LF", rb"(?<!\r)\n", 0, None),
                ("NUL", rb"\0", 0, None),
                ("unstuffed dot", rb"(?:\A|(?<=\n))\.(?!\.)", 0, None)]
        if b"SMTPUTF8" not in params:
            look.append(("8-bit header", rb"[\x80-\xff]", 0, end))
        if b"BODY=8BITMIME" not in params:
            look.append(("8-bit body", rb"[\x80-\xff]", end, None))
        for what, bad, begin, stop in look:
            if match := re.compile(bad).search(data, begin, stop or len(data)):
                self.relay.breach(what, data[max(0, match.start() - 40):][:80])
        for line in data.split(b"\r\n"):
            if len(line) - line.startswith(b".") > LINE_MAX:
                self.relay.breach(f"line of {len(line)}", line)

    def rset(self, line):
        self.now = None
        self.say("250 2.0.0 ok")

    def noop(self, line):
        self.say("250 2.0.0 ok")

    def quit(self, line):
        try:
            self.say("221 2.0.0 bye")
        except OSError:
            pass    # a client need not wait for it
