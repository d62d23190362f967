# SPDX-License-Identifier: ISC
"""The mail server at the end of the sandbox: keeps what arrives, sends nothing.

usage: sink.py FD DIR REFUSED SLOW

FD is a listening socket that was inherited. Message number N becomes
DIR/N.eml, the data as they came, with dots unstuffed and nothing else done to
them, and DIR/N.env, the MAIL and RCPT lines that were accepted, as they came.
N.env is there only when N.eml is complete. The recipient REFUSED gets 550; the
reply to a message for the recipient SLOW comes after a second.
"""
import os
import re
import socket
import socketserver
import sys
import threading
import time

MAX_LINE = 4096
OFFERS = ["8BITMIME", "DSN", "ENHANCEDSTATUSCODES", "PIPELINING",
          "SIZE 104857600", "SMTPUTF8"]
PATH = re.compile(rb"^(?:MAIL FROM|RCPT TO):\s*<([^>]*)>", re.I)


class Store:
    """The directory of messages, numbered from 1."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.last = 0

    def keep(self, envelope, data):
        with self.lock:
            self.last += 1
            name = os.path.join(self.path, str(self.last))
            for suffix, octets in ((".eml", data), (".env", envelope)):
                with open(name + ".part", "wb") as f:
                    f.write(octets)
                os.rename(name + ".part", name + suffix)
            return self.last


class Session(socketserver.StreamRequestHandler):
    """One connection: just enough of RFC 5321 for a relay that behaves."""

    def say(self, *lines):
        for i, line in enumerate(lines):
            sep = " " if i == len(lines) - 1 else "-"
            code, text = line.split(" ", 1)
            self.wfile.write(f"{code}{sep}{text}\r\n".encode())

    def forget(self):
        self.envelope, self.rcpts = [], 0

    def handle(self):
        self.forget()
        self.say("220 sink.example.test ESMTP")
        while True:
            line = self.rfile.readline(MAX_LINE)
            if not line.endswith(b"\n"):
                return
            line = line.rstrip(b"\r\n")
            verb = line[:4].upper().decode("latin-1")
            if verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            answer = getattr(self, "do_" + verb.lower(), None)
            if answer is None:
                self.say("502 5.5.1 unknown command")
            else:
                answer(line)

    def do_ehlo(self, _line):
        self.forget()
        self.say("250 sink.example.test", *("250 " + o for o in OFFERS))

    def do_helo(self, _line):
        self.forget()
        self.say("250 sink.example.test")

    def do_noop(self, _line):
        self.say("250 2.0.0 ok")

    def do_rset(self, _line):
        self.forget()
        self.say("250 2.0.0 ok")

    def do_mail(self, line):
        if self.envelope:
            self.say("503 5.5.1 a transaction is open")
        elif not PATH.match(line):
            self.say("501 5.1.7 no path")
        else:
            self.envelope.append(line)
            self.say("250 2.1.0 ok")

    def do_rcpt(self, line):
        path = PATH.match(line)
        if not self.envelope:
            self.say("503 5.5.1 MAIL first")
        elif not path:
            self.say("501 5.1.3 no path")
        elif path[1].decode("utf-8", "replace").lower() == self.server.refused:
            self.say(f"550 5.1.1 <{self.server.refused}>: no such user here")
        else:
            self.envelope.append(line)
            self.rcpts += 1
            self.say("250 2.1.5 ok")

    def do_data(self, _line):
        if not self.rcpts:
            self.say("503 5.5.1 RCPT first")
            return
        self.say("354 end with a dot on a line by itself")
        data, at_start = [], True
        while True:
            line = self.rfile.readline()
            if not line:
                return
            if at_start and line == b".\r\n":
                break
            if at_start and line.startswith(b"."):
                line = line[1:]
            data.append(line)
            # A bare LF begins no line: there a dot means nothing.
            at_start = line.endswith(b"\r\n")
        envelope = b"".join(x + b"\n" for x in self.envelope)
        if f"<{self.server.slow}>".encode() in envelope:
            time.sleep(1)
        number = self.server.store.keep(envelope, b"".join(data))
        self.forget()
        self.say(f"250 2.0.0 kept as {number}")


class Sink(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True

    def __init__(self, fd, path, refused, slow):
        super().__init__(None, Session, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=fd)
        self.store = Store(path)
        self.refused = refused.lower()
        self.slow = slow


if __name__ == "__main__":
    Sink(int(sys.argv[1]), *sys.argv[2:5]).serve_forever()
