# SPDX-License-Identifier: ISC
"""The conformance suite: what a sendmail command has to do, case by case.

A case runs the command and looks at what a relay in this process saw, octet by
octet (conform_relay.py), at the exit status, and at what was said. Most cases
are rows; `row` says of what. Others are functions, marked by `case`. Labels
begin with the part of the interface that they are about.

    #!/usr/bin/env python3
    from conform import A, letter, main, refused, row, sent

    row("-t: an operand is added", "-t b@x.example", letter("To: " + A),
        sent(A, "b@x.example"))
    row("-t: nobody", "-t", letter("Subject: x"), refused(65))
    main()

The command is osmtp, or $SENDMAIL, of the kind $SENDMAIL_KIND or as its name
says (conform_peers.py). Where several answers are right, each is, but for osmtp
the first alone (--strict; --lenient for the others).

    0650-conform-operands.t [-v] [--list] [--only REGEX] [--lenient]

-v shows what was seen in each case; labels of what fails are always shown.
"""
import argparse
import collections
import ctypes
import email
import email.header
import email.policy
import email.utils
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import conform_peers
from conform_relay import CLOSE, Plan, Relay

D = "d.example"                 # completes bare addresses
A, B, C = "ann@a.example", "bob@b.example", "cyd@c.example"
LOGIN = pwd.getpwuid(os.getuid()).pw_name
ME = f"{LOGIN}@{D}"
LIMIT = 20                      # seconds that a command may take
TEXT = b"text\r\n"
USAGE, DATA, NOINPUT, NOUSER, TEMPFAIL, CONFIG = 64, 65, 66, 67, 75, 78
PR_SET_CHILD_SUBREAPER = 36


class Failure(Exception):
    """What had to hold did not."""


def want(truth, why, *seen):
    if not truth:
        raise Failure("; ".join([why, *(f"{s!r}"[:300] for s in seen)]))


def octets(text):
    return text if isinstance(text, bytes) else text.encode()


# ---- input

def letter(*fields, body="text\n"):
    """A message with LF: these fields, and the body."""
    head = b"".join(octets(f) + b"\n" for f in fields or ("Subject: x",))
    return head + b"\n" + octets(body)


def crlf(text):
    return octets(text).replace(b"\n", b"\r\n")


# ---- what was seen

class Mail:
    """A transaction that the relay took, read as a message."""

    def __init__(self, transaction):
        self.transaction = transaction
        self.sender = self.word(transaction.sender.address)
        self.params = [self.word(p) for p in transaction.sender.params]
        self.rcpts = [self.word(p.address) for p in transaction.rcpts]
        self.rcpt_params = [sorted(map(self.word, p.params))
                            for p in transaction.rcpts]
        self.text = re.sub(rb"(\A|(?<=\r\n))\.", b"", transaction.data)
        self.head, found, self.body = self.text.partition(b"\r\n\r\n")
        want(found, "no end of the header", self.text)
        self.fields = []
        for line in re.split(rb"\r\n(?![ \t])", self.head):
            name, colon, value = line.partition(b":")
            want(colon and re.fullmatch(rb"[!-9;-~]+", name),
                 "not a field", line)
            self.fields.append((self.word(name), self.word(
                value.replace(b"\r\n", b"")).strip()))

    @staticmethod
    def word(text):
        return text.decode("utf-8", "surrogateescape")

    def values(self, name):
        """The values of the fields of this name, unfolded."""
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def addresses(self, name):
        """Pairs of name, decoded, and address."""
        return [(plain(n), a) for n, a in
                email.utils.getaddresses(self.values(name))]

    def parsed(self):
        return email.message_from_bytes(self.text,
                                        policy=email.policy.compat32)


def plain(value):
    """Without RFC 2047."""
    return str(email.header.make_header(email.header.decode_header(value)))


class Got:
    """What came of a command."""

    def __init__(self, place, status, out, err):
        self.place = place
        self.strict = place.strict
        self.status, self.out, self.err = status, out, err

    @property
    def relay(self):
        return self.place.relay

    @property
    def mails(self):
        return [Mail(t) for t in self.relay.accepted()]

    def show(self):
        lines = [f"exit status {self.status}", f"stdout {self.out[:500]!r}",
                 f"stderr {self.err[:500]!r}"]
        for t in self.relay.transactions:
            lines.append(f"MAIL {t.sender} RCPT {t.rcpts[:10]} "
                         f"refused {t.refused[:10]} accepted {t.accepted}")
            lines.append(f"  {(t.data or b'')[:1500]!r}")
        return lines + ["breach: " + b for b in self.relay.breaches]


# ---- what must hold of a mail: functions of a Mail

def field(name, *values):
    """These fields, unfolded, in this order and no others of the name."""
    def check(mail):
        want(mail.values(name) == list(values), f"field {name}",
             mail.values(name), list(values))
    return check


def like(name, pattern):
    """One field of the name, and the pattern is in it."""
    def check(mail):
        values = mail.values(name)
        want(len(values) == 1 and re.search(pattern, values[0]),
             f"field {name}, {pattern}", values)
    return check


def none(*names):
    """No such field."""
    def check(mail):
        for name in names:
            want(not mail.values(name), f"field {name}", mail.values(name))
    return check


def address(name, *pairs):
    """The addresses of a field, as (display name, address); the name None may
    be anything, and a blank is as good as two."""
    def check(mail):
        got = [(" ".join(n.split()), a) for n, a in mail.addresses(name)]
        want(len(got) == len(pairs) and all(
            p[1] == g[1] and p[0] in (None, g[0])
            for p, g in zip(pairs, got)), f"addresses of {name}", got, pairs)
    return check


def decoded(name, value):
    """The field says this, once RFC 2047 is undone."""
    def check(mail):
        got = [plain(v) for v in mail.values(name)]
        want(got == [value], f"field {name} decoded", got, value)
    return check


def order(*names):
    """The fields of these names stand in this order."""
    def check(mail):
        low = [n.lower() for n in names]
        got = [n for n, _ in mail.fields if n.lower() in low]
        want(got == list(names), "order of fields", got, names)
    return check


def params(*wanted):
    """These and no others stand on MAIL, but for SIZE."""
    def check(mail):
        got = [p for p in mail.params if not p.startswith("SIZE=")]
        want(sorted(got) == sorted(wanted), "parameters of MAIL", got, wanted)
    return check


def declared(*wanted):
    """These, among others, stand on MAIL."""
    def check(mail):
        want(set(wanted) <= set(mail.params), "parameters of MAIL",
             mail.params, wanted)
    return check


def rcpt_params(*wanted):
    """These and no others stand on each RCPT."""
    def check(mail):
        for got in mail.rcpt_params:
            want(got == sorted(wanted), "parameters of RCPT", got, wanted)
    return check


def rcpt_declared(*wanted):
    """These, among others, stand on each RCPT."""
    def check(mail):
        for got in mail.rcpt_params:
            want(set(wanted) <= set(got), "parameters of RCPT", got, wanted)
    return check


def content(wanted):
    """The body, with its transfer encoding undone; line ends do not count."""
    def check(mail):
        got = mail.parsed().get_payload(decode=True)
        got = got.replace(b"\r\n", b"\n")
        want(got == octets(wanted), "content", got, wanted)
    return check


def somewhere(*words):
    """These octets stand somewhere in the text."""
    def check(mail):
        for word in words:
            want(octets(word) in mail.text, "in the text", word, mail.text)
    return check


def nowhere(*words):
    """These octets stand nowhere in the text."""
    def check(mail):
        for word in words:
            want(octets(word) not in mail.text, "not in the text", word,
                 mail.text)
    return check


def sound(mail):
    """What is true of every message that leaves."""
    for name in "From", "Date", "Message-ID":
        want(len(mail.values(name)) == 1, f"one {name}", mail.fields)
    want(all(a for _, a in mail.addresses("From")), "an address in From",
         mail.values("From"))
    want(re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", mail.values("Message-ID")[0]),
         "a Message-ID", mail.values("Message-ID"))
    want(email.utils.parsedate_tz(mail.values("Date")[0]), "a Date",
         mail.values("Date"))
    want(not mail.values("Return-Path"), "no Return-Path")
    for name in "Bcc", "Resent-Bcc":
        want(not any(mail.values(name)), f"no {name}", mail.values(name))


# ---- what must hold of a command: functions of a Got

def clean(got):
    want(not got.relay.breaches, "no breach", got.relay.breaches)


def key(path):
    local, at, domain = path.rpartition("@")
    return local + at + domain.lower()


def arrived(got, rcpts, sender, checks):
    """Each of these got it, once, by sound transactions."""
    mails = got.mails
    seen = [key(r) for m in mails for r in m.rcpts]
    want(sorted(seen) == sorted(map(key, rcpts)), "recipients",
         [r for m in mails for r in m.rcpts], rcpts)
    for mail in mails:
        want(mail.sender == sender, "sender", mail.sender, sender)
        for check in checks:
            check(mail)


def sent(*rcpts, sender=ME, body=None, has=(), lax=False, status=0, out=b""):
    """Exit 0, and each recipient got it once. body: as on the wire, dots
    undone. has: checks of a Mail. lax: the message came with fields that are
    not sound, and they are kept. out: standard output, None for anything."""
    def hold(got):
        want(got.status == status, "exit status", got.status, status)
        arrived(got, rcpts, sender, [*has, *([] if lax else [sound])])
        for mail in got.mails if body is not None else ():
            want(mail.body == octets(body), "body", mail.body, body)
        want(out is None or got.out == out, "standard output", got.out)
        want(not got.strict or got.queued() == 0, "an empty queue",
             got.queued())
        clean(got)
    return hold


def nothing(got):
    """Nobody got anything, nor will."""
    want(not got.relay.accepted(), "nothing sent")
    want(not any(t.data is not None for t in got.relay.transactions),
         "no data")
    want(got.queued() == 0, "nothing in the queue", got.queued())


def refused(code, *, exact=False, says=None, out=b""):
    """Non-zero (osmtp, or if exact: this code, if any), nothing sent, a line on
    standard error. says: a pattern that osmtp's line has."""
    def hold(got):
        if code and (got.strict or exact):
            want(got.status == code, "exit status", got.status, code)
        want(got.status != 0, "a status that is not 0")
        nothing(got)
        want(out is None or got.out == out, "standard output", got.out)
        if got.strict:
            want(re.match(rb"\w[\w.]*: ", got.err), "a line on stderr",
                 got.err)
            want(not says or re.search(octets(says), got.err), str(says),
                 got.err)
        clean(got)
    return hold


def bounced(*rcpts, to=ME, good=()):
    """Exit 0; rcpts got nothing, and a report went to `to`. good got it."""
    def hold(got):
        want(got.status == 0, "exit status", got.status)
        reports = [m for m in got.mails if m.sender == ""]
        others = [m for m in got.mails if m.sender != ""]
        want([m.rcpts for m in reports] == [[to]], "a report",
             [m.rcpts for m in reports], to)
        want(sorted(r for m in others for r in m.rcpts) == sorted(good),
             "recipients", [m.rcpts for m in others])
        for report in reports:
            sound(report)
            want("multipart/report" in report.values("Content-Type")[0],
                 "a report", report.text)
            for rcpt in rcpts:
                want(rcpt.encode() in report.body, f"{rcpt} in the report",
                     report.body)
        clean(got)
    return hold


def one_of(*holds):
    """One of these holds; with --strict the first."""
    def hold(got):
        whys = []
        for each in holds[:1] if got.strict else holds:
            try:
                return each(got)
            except Failure as why:
                whys.append(str(why))
        raise Failure(" | ".join(whys))
    return hold


def told(code, to=ME, **more):
    """Refused, or a report came."""
    return one_of(refused(code, **more), bounced(to=to))


def both(*holds):
    def hold(got):
        for each in holds:
            each(got)
    return hold


# ---- cases

Case = collections.namedtuple("Case", "label run ours")
cases = []


def case(label, *, ours=False):
    """Marks a function of a Place as a case. ours: only osmtp has to."""
    def mark(function):
        want(all(c.label != label for c in cases), "a label of its own", label)
        cases.append(Case(label, function, ours))
        return function
    return mark


def row(label, argv, stdin, hold, *, ours=False, **how):
    """A case: this command line (words, or a line of the shell) with these
    octets as input; then hold holds. how: see Place.run."""
    case(label, ours=ours)(lambda place: place.run(argv, stdin, hold, **how))


class Place:
    """Where a case runs: a folder, a configured command, the relay."""

    def __init__(self, program, relay, strict, folder):
        self.program, self.relay = program, relay
        self.strict = strict
        self.folder = folder
        self.home = folder + "/home"
        self.last = None
        os.mkdir(self.home)
        os.chmod(folder, 0o755)
        self.relay.reset(Plan())
        program.configure(self, relay.port)

    def environment(self, env, bare):
        full = {} if bare else {"PATH": "/usr/bin:/bin", "HOME": self.home,
                                "LOGNAME": LOGIN, "USER": LOGIN, "TZ": "UTC"}
        full |= self.program.environment(self) | (env or {})
        return {k: v for k, v in full.items() if v is not None}

    def path(self, name):
        return f"{self.folder}/{name}"

    def write(self, name, text):
        with open(self.path(name), "wb") as f:
            f.write(octets(text))
        return self.path(name)

    def start(self, argv, *, env=None, bare=False, name="sendmail", close=(),
              ignore=(), umask=None, before=None, **popen):
        """The command as a child. env: added, None takes out; bare: nothing
        but env. close: descriptors; ignore: signals. before: called in the
        child."""
        words = shlex.split(argv) if isinstance(argv, str) else argv

        def prepare():
            for number in ignore:
                signal.signal(number, signal.SIG_IGN)
            if umask is not None:
                os.umask(umask)
            if before:
                before()
            for fd in close:
                os.close(fd)

        popen = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE,
                 "stderr": subprocess.PIPE, "cwd": self.folder} | popen
        return subprocess.Popen(
            [self.program.command(self, name), *words],
            env=self.environment(env, bare), start_new_session=True,
            preexec_fn=prepare if ignore or before or close or
            umask is not None else None, **popen)

    def run(self, argv, stdin, hold=None, *, plan=None, **how):
        """Run it to its end, and that of all it has started. stdin: octets, an
        open file, or None for /dev/null. plan: see conform_relay.Plan."""
        if plan is not None:
            self.relay.reset(Plan(**plan))
        given = None
        if isinstance(stdin, (bytes, str)):
            given = octets(stdin)
        else:
            how["stdin"] = subprocess.DEVNULL if stdin is None else stdin
        child = self.start(argv, **how)
        return self.finish(child, given, hold)

    def finish(self, child, given=None, hold=None):
        """Give it its input and wait for the end."""
        try:
            out, err = child.communicate(given, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, err = child.communicate()
            raise Failure(f"not done after {LIMIT} s: {out!r} {err!r}"
                          ) from None
        self.settle()
        self.last = Got(self, child.returncode, out or b"", err or b"")
        if hold:
            hold(self.last)
        return self.last

    def settle(self):
        """Wait until nothing of the command runs, and nobody talks."""
        self.program.settle(self)
        patience = time.monotonic() + self.program.patience
        while (left := reap()) and time.monotonic() < patience:
            time.sleep(0.002)
        kill_all()
        want(not left or not self.strict, "left behind", left)
        self.relay.quiet()

    def queued(self):
        return self.program.queued(self)


Got.queued = lambda got: got.place.queued()


def children():
    """The processes below this one, which adopts all that are orphaned."""
    with open(f"/proc/self/task/{os.getpid()}/children",
              encoding="ascii") as f:
        return [int(pid) for pid in f.read().split()]


def reap():
    """Bury the dead; returns whether anybody is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    except ChildProcessError:
        return False


def kill_all():
    while reap():
        for pid in children():
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def run_cases(chosen, program, strict, args):
    """TAP. Returns the labels of what failed."""
    relay = Relay()
    failed = []
    print(f"1..{len(chosen)}")
    for number, one in enumerate(chosen, 1):
        with tempfile.TemporaryDirectory(prefix="case-", dir=args.tmp) as top:
            place = Place(program, relay, strict, top)
            why = []
            try:
                one.run(place)
            except Failure as failure:
                why = [str(failure)]
            except Exception:   # the case itself is at fault
                why = traceback.format_exc().splitlines()
            kill_all()
            relay.quiet()
            print(f"{'not ok' if why else 'ok'} {number} - {one.label}")
            seen = place.last.show() if place.last else []
            for line in why + seen if why or args.verbose else ():
                print("#", line)
            sys.stdout.flush()
            failed += [one.label] if why else []
            program.clear(place)
    relay.close()
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-v", dest="verbose", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--lenient", action="store_true")
    args = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    program = conform_peers.choose()
    strict = args.strict or program.strict and not args.lenient
    chosen = [c for c in cases if re.search(args.only, c.label) and
              (program.strict or not c.ours)]
    if args.list:
        print(*(c.label for c in chosen), sep="\n")
        return
    args.tmp = tempfile.mkdtemp(prefix="conform-")
    os.chmod(args.tmp, 0o755)
    try:
        failed = run_cases(chosen, program, strict, args)
    finally:
        shutil.rmtree(args.tmp)
    sys.exit(bool(failed))
