# SPDX-License-Identifier: ISC
"""lab: what the fault tests share: a mail server and a token endpoint in this
process, homes for trials of t/osmtp-fault, and TAP.

A trial has a home of its own, with a configuration and a spool in it; its
message is known by a word. What the server took is kept in memory, so that a
test can say at any time how often a message has arrived.

CK_FAULT=quick in the environment: a part of the faults, for make check.
"""

import base64
import collections
import concurrent.futures
import http.server
import itertools
import json
import os
import re
import select
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HOUR = 3600 * 1000
T = os.path.abspath(os.environ.get("T") or os.path.dirname(
    os.path.dirname(__file__)))
FAULTY = re.sub(r"-test$", "-fault", os.environ.get("OSMTP") or
                T + "/osmtp-test")
QUICK = os.environ.get("CK_FAULT") == "quick"
GOOD, BAD = "good@example.org", "bad@example.org"
SENDER = "box@example.com"


# ---- servers

class Mail(socketserver.StreamRequestHandler):
    """One SMTP session. Recipients bad@... are refused."""

    disable_nagle_algorithm = True

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        try:
            self.talk()
        except OSError:
            pass    # the client was killed

    def talk(self):
        rcpts = []
        if self.server.away:
            self.say("421 4.3.2 away")
            return
        self.say("220 lab.example.test ESMTP")
        for line in self.rfile:
            words = line.decode("utf-8", "replace").rstrip("\r\n")
            verb = words[:4].upper()
            if verb == "EHLO":
                self.say("250-lab.example.test\r\n250-PIPELINING\r\n"
                         "250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
                         "250 AUTH XOAUTH2")
            elif verb == "AUTH":
                self.login(words)
            elif verb == "RCPT":
                address = words[words.find("<") + 1:words.find(">")]
                if address.startswith("bad@"):
                    self.say("550 5.1.1 no such user")
                else:
                    rcpts.append(address)
                    self.say("250 2.1.5 ok")
            elif verb == "DATA" and not rcpts:
                self.say("554 5.5.1 no valid recipients")
            elif verb == "DATA":
                self.say("354 go ahead")
                self.server.take(rcpts, self.text())
                self.say("250 2.0.0 accepted")
                rcpts = []
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:   # MAIL, RSET, NOOP
                rcpts = []
                self.say("250 2.0.0 ok")

    def login(self, words):
        plain = base64.b64decode(words.split()[2]).decode()
        token = re.search(r"auth=Bearer ([^\1]*)", plain)[1].rstrip("\1")
        self.say("235 2.7.0 ok" if token in self.server.lab.tokens else
                 "535 5.7.8 no")

    def text(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[line.startswith(b"."):])
        raise ConnectionResetError


class Tokens(http.server.BaseHTTPRequestHandler):
    """A token endpoint: each refresh token is good for one request. seed-X is
    the first of a family X."""

    disable_nagle_algorithm = True

    def do_POST(self):  # pylint: disable=invalid-name
        lab = self.server.lab
        form = urllib.parse.parse_qs(self.rfile.read(
            int(self.headers["Content-Length"])).decode())
        sent = form["refresh_token"][0]
        family = sent.split("-")[1]
        with lab.lock:
            good = lab.refresh.get(family, "seed-" + family) == sent
            number = next(lab.numbers)
            if good:
                lab.refresh[family] = f"r-{family}-{number}"
                lab.tokens.add(f"t-{family}-{number}")
        answer = {"access_token": f"t-{family}-{number}",
                  "refresh_token": f"r-{family}-{number}",
                  "token_type": "Bearer", "expires_in": 3600}
        body = json.dumps(answer if good else {"error": "invalid_grant"})
        self.send_response(200 if good else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body.encode())
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, lab, handler, away=False):
        super().__init__(("127.0.0.1", 0), handler)
        self.lab = lab
        self.away = away
        self.taken = []         # (recipients, text) in the order of arrival
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, rcpts, text):
        """A message, before the client hears that it is taken."""
        self.taken.append((rcpts, text))

    def arrived(self, word, rcpt=GOOD):
        """The messages with this word that came for this recipient."""
        mark = b"\nSubject: " + word.encode() + b"\r\n"
        return [text for rcpts, text in list(self.taken)
                if rcpt in rcpts and
                mark in text.split(b"\r\n\r\n", 1)[0] + b"\r\n"]

    def reports(self, word, action="failed"):
        """Reports on a message with this word, of that action."""
        return [text for rcpts, text in list(self.taken)
                if SENDER in rcpts and b"multipart/report" in text and
                b"\nAction: " + action.encode() + b"\r\n" in text and
                b"\nSubject: " + word.encode() + b"\r\n" in text]


# ---- the lab

Ended = collections.namedtuple("Ended", "status err struck")


def some(things, one_of=8):
    """All of them, or, where it is to be quick, a few."""
    things = list(things)
    return things[::one_of] if QUICK else things


class Lab:
    def __init__(self):
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.tokens = set()     # access tokens that were given out
        self.refresh = {}       # family -> the one that is good
        self.top = tempfile.mkdtemp(prefix="fault.")
        self.mail = Server(self, Mail)
        self.away = Server(self, Mail, away=True)
        self.endpoint = Server(self, Tokens)
        self.tests = self.failed = 0
        if not os.access(FAULTY, os.X_OK):
            print(f"1..0 # SKIP {FAULTY} was not built")
            sys.exit(0)

    # TAP.

    def result(self, good, name, *words):
        self.tests += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.tests} - {name}",
              flush=True)
        if not good:
            for word in words:
                for line in str(word).splitlines():
                    print("#   " + line)

    def skip(self, name, why):
        self.tests += 1
        print(f"ok {self.tests} - {name} # SKIP {why}", flush=True)

    def finish(self):
        print(f"1..{self.tests}")
        shutil.rmtree(self.top, ignore_errors=True)
        sys.exit(1 if self.failed else 0)

    def each(self, function, jobs, times=1):
        """function(job) for all, a few at a time; the results in order.
        times: so many more, of those that wait for the most part."""
        with concurrent.futures.ThreadPoolExecutor(
                len(os.sched_getaffinity(0)) * times) as pool:
            return list(pool.map(function, jobs))


CONF = """
domain = "example.com"; admin = "root@example.com";
log = {{ to = "{home}/log"; }};
queue = {{ min_free = "0"; min_inodes = 0; }};
profiles = {{ box = {{
  kind = "mailbox"; address = "box@example.com"; users = "*";
  server = "smtp://127.0.0.1:{port}"; tls = {{ mode = "none"; }};
  timeouts = {{ token = "5s"; }};
  {auth}
}}; }};
"""
OAUTH = """auth = "oauth"; sasl = "XOAUTH2";
  oauth = {{ grant = "refresh_token"; client_id = "lab"; client_auth = "none";
    token_url = "http://127.0.0.1:{port}/token";
    refresh_token = "seed-{family}"; }};"""


class Trial:
    """A home, a configuration in it, and one message with a word."""

    def __init__(self, lab, oauth=False, like=None, home=None):
        """like: a trial whose home is where this one begins. home: one that
        is shared, and has its configuration."""
        self.lab = lab
        self.oauth = oauth
        self.word = f"word{next(lab.numbers)}"
        self.place = f"{lab.top}/{self.word}"
        self.home = home or self.place + "/home"
        self.log = self.place + "/struck"
        self.spool = self.home + "/.local/state/osmtp/spool"
        self.hours = 0
        self.at = None  # ms: where the clock stands; None: it goes
        self.lines = 0  # of the message, between the first and the last
        if like:
            shutil.copytree(like.home, self.home)
        elif not home:
            os.makedirs(self.home + "/.config/osmtp")
        if not home:
            self.configure(lab.mail)

    def configure(self, server, consent=""):
        """Write the configuration; another consent is another family of
        refresh tokens."""
        path = self.home + "/.config/osmtp/osmtp.conf"
        with open(path, "w", encoding="utf-8") as f:
            f.write(CONF.format(home=self.home, port=server.port,
                                auth=self.auth(consent)))
        os.chmod(path, 0o600)

    def auth(self, consent):
        """How the profile signs in."""
        if not self.oauth:
            return 'auth = "none";'
        return OAUTH.format(port=self.lab.endpoint.port,
                            family=self.word + consent)

    def environment(self, plan):
        env = {"PATH": os.environ["PATH"], "HOME": self.home, "TZ": "UTC",
               "LC_ALL": "C", "OSMTP_TEST_HOME": self.home,
               "OSMTP_TEST_ETC": self.place + "/etc",
               "OSMTP_TEST_STATE": self.place + "/state"}
        if self.hours or self.at:
            env["OSMTP_TEST_NOW"] = str(
                int(self.at or time.time() * 1000) + self.hours * HOUR)
        if plan:
            # What is read and logged beside the state is no matter there.
            root = self.home + ("/.local/state/osmtp" if plan == "record"
                                else "")
            env.update(OSMTP_FAULT=plan, OSMTP_FAULT_ROOT=root,
                       OSMTP_FAULT_LOG=self.log)
        return env | {k: v for k, v in os.environ.items()
                      if k.endswith("SAN_OPTIONS")}

    def body(self):
        return (f"first line of {self.word}\n" + ("x" * 70 + "\n") *
                self.lines + f"last line of {self.word}\n").encode()

    def message(self):
        return (f"From: {SENDER}\nTo: {GOOD}\nSubject: {self.word}\n\n"
                ).encode() + self.body()

    def run(self, *args, plan=None, text=b"", prefix=(), doom=None,
            out=subprocess.DEVNULL):
        """Run the program to its end, and what it has left to go on. doom:
        after how many seconds it is killed, and whether with all its kin.
        out: a file that gets what it prints."""
        alive, held = os.pipe()
        errors, err = os.pipe()     # a file would be under its limits, too
        with tempfile.TemporaryFile() as into:
            into.write(text)
            into.seek(0)
            child = subprocess.Popen(
                [*prefix, FAULTY, *args], stdin=into, stderr=err,
                stdout=out, env=self.environment(plan),
                pass_fds=[held], start_new_session=True)
        os.close(held)
        os.close(err)
        status = self.wait(child, alive, doom)
        said = os.read(errors, 65536).decode("utf-8", "replace")
        os.close(alive)
        os.close(errors)
        return Ended(status, said, self.struck(plan))

    @staticmethod
    def wait(child, alive, doom):
        """Its status, once nobody holds the other end of alive any more."""
        seconds, kin = doom or (60, True)
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            (os.killpg if kin else os.kill)(child.pid, signal.SIGKILL)
            status = child.wait()
            if not doom:
                return "hung"
        if not select.select([alive], [], [], 60)[0]:
            os.killpg(child.pid, signal.SIGKILL)
            return "its child hung"
        return status

    def struck(self, plan):
        """What the shim has logged: what it struck, the home left out, or
        its record as it is."""
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                text = f.read()
        except FileNotFoundError:
            return []
        os.unlink(self.log)
        if plan != "record":
            text = text.replace(self.home + "/", "")
        return text.splitlines()

    def send(self, *rcpts, **how):
        return self.run("-i", "-f", SENDER, *(rcpts or [GOOD]),
                        text=self.message(), **how)

    def renew(self):
        """Another message in the same home; its word."""
        self.word = f"word{next(self.lab.numbers)}"
        return self.word

    def names(self, folder):
        """Files below a folder of the spool."""
        return [os.path.join(place, n)
                for place, _, names in os.walk(f"{self.spool}/{folder}")
                for n in names]

    def waiting(self):
        """The messages in the queue."""
        return [n for n in self.names("queue") if not n.endswith(".state")]

    def drain(self, most=8):
        """Work through the queue without faults, hours apart, until it is
        empty; what was said where it never was."""
        said = []
        while self.waiting() and len(said) < most:
            self.hours += 3
            done = self.run("run", "--once")
            said.append(f"run: {done.status} {done.err}")
        return said + self.waiting() if self.waiting() else []

    def litter(self):
        """Files that have no business in an empty queue."""
        return [n for folder in ("new", "queue", "bad")
                for n in self.names(folder)]

    def sweep(self):
        """Runs when what crashes have left is old enough to go; a clock that
        jumped is believed after some days of them alone."""
        self.hours += 40 * 24
        for _ in range(6):
            self.hours += 13
            self.run("run", "--once")
            if not self.litter():
                break

    def dead(self):
        try:
            with open(self.home + "/dead.letter", "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def is_whole(self, text):
        return text.endswith(b"\r\n\r\n" +
                             self.body().replace(b"\n", b"\r\n"))

    def clear(self):
        shutil.rmtree(self.place, ignore_errors=True)
