#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A Debian of its own for one case: programs of others that call sendmail,
and osmtp, which is their sendmail.

usage: guest.py OSMTP SANDBOX TREE CASE

run() starts this file in new namespaces (mounts, processes, host name), as
root or as whatever unshare(1) makes of an ordinary user. It mounts the tree
that debian.py has unpacked, with a layer on top that is gone afterwards, and
runs the case, a function of cases/, with a Guest. Whatever the case starts
ends with the namespace. The network is the sandbox's: osmtp hands the mail to
Dovecot's submission service, and Guest looks for it in the sink.

The exit status is 0; what the case says on failure goes to standard output, a
word first: "ok", "fail" or "missing".
"""
import email
import email.policy
import fcntl
import importlib
import json
import os
import pty
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import traceback

sys.dont_write_bytecode = True

import debian  # noqa: E402
from harness import Failure, Missing, quote, want  # noqa: E402

LIMIT = 60      # seconds that a program may take
CASE_LIMIT = 200
HOST = "web1"
USERS = {       # name: uid, full name, home
    "root": (0, "root", "/root"),
    "daemon": (1, "daemon", "/usr/sbin"),
    "mail": (8, "mail", "/var/mail"),
    "www-data": (33, "www-data", "/var/www"),
    "alice": (1000, "Alice Example,,,", "/home/alice"),
    "bob": (1001, "Bob Example,,,", "/home/bob"),
    "logcheck": (101, "logcheck system account,,,", "/var/lib/logcheck"),
    "nobody": (65534, "nobody", "/nonexistent"),
}
# Where the program has been configured to look for osmtp.conf.
ETC = os.environ.get("OSMTP_SYSCONFDIR", "/usr/local/etc") + "/osmtp"
OSMTP_GROUP = 200   # may read the password, as osmtp.conf(5) has it
GROUPS = {"adm": 4, "tty": 5, "crontab": 105, "shadow": 42, "osmtp":
          OSMTP_GROUP, "nogroup": 65534}
DEVICES = "null", "zero", "full", "random", "urandom", "tty"


class Mail:
    """What has arrived: the envelope, and the message without the field that
    Dovecot puts on top."""

    def __init__(self, envelope, octets):
        self.envelope = envelope
        paths = [re.match(r"(MAIL FROM|RCPT TO):\s*<([^>]*)>\s*(.*)", x, re.I)
                 for x in envelope]
        self.sender, self.rcpts = paths[0][2], [p[2] for p in paths[1:]]
        self.parameters = paths[0][3].split()
        top = re.match(rb"Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*",
                       octets)
        want(top, f"no Received field on top: {octets[:80]!r}")
        self.octets = octets[top.end():]
        self.head, _, self.body = self.octets.partition(b"\r\n\r\n")
        self.message = email.message_from_bytes(
            self.octets, policy=email.policy.default)

    def __getitem__(self, name):
        """The value of a field, decoded; None if there is none."""
        value = self.message[name]
        return None if value is None else str(value)

    def text(self):
        """The readable text: of the first part, if there are several."""
        part = self.message.get_body(("plain", "html"))
        want(part, f"no text: {self.octets!r}")
        return part.get_content().replace("\r\n", "\n")

    def parts(self):
        """Names and contents of what is attached."""
        return {part.get_filename(): part.get_content()
                for part in self.message.iter_attachments()}

    def expect(self, sender, rcpts, text=None, body=None, **fields):
        """The envelope; the readable text, or the octets of the body with
        LF; fields, their names with _ for -."""
        want(self.sender == sender, f"the sender is {self.sender}")
        want(sorted(self.rcpts) == sorted(rcpts), f"goes to {self.rcpts}")
        for name, value in fields.items():
            name = name.replace("_", "-")
            got = self.message.get_all(name, [])
            got = got[0] if len(got) == 1 else got or None
            want(got == value, f"{name} is {got!r}, not {value!r}")
        if text is not None:
            want(self.text().strip() == text.strip(),
                 f"the text is {self.text()!r}, not {text!r}")
        if body is not None:
            got = self.body.replace(b"\r\n", b"\n")
            body = body if isinstance(body, bytes) else body.encode()
            want(got == body, f"the body is {got!r}, not {body!r}")


class Guest:
    """The Debian, and osmtp in it."""

    def __init__(self, osmtp, sandbox, tag):
        with open(os.path.join(sandbox, "sandbox.json")) as f:
            self.facts = json.load(f)
        self.osmtp, self.tag = osmtp, tag
        self.domain = f"{tag}.example.test"
        self.admin = "ops@" + self.domain
        self.address = "noreply@" + self.domain
        self.root = None
        self.seen = self.next_number()
        self.children = []
        self.gids = {}      # of users, where it is not the uid
        self.syslog = []    # what programs have told it

    # ---- files

    def path(self, name):
        return self.root + name

    def write(self, name, text, mode=0o644, owner="root", group=None):
        """A file, with the directories that it wants."""
        uid = USERS[owner][0]
        self.folder(os.path.dirname(name))
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chown(path, uid, uid if group is None else group)
        os.chmod(path, mode)

    def folder(self, name, mode=0o755, owner="root"):
        """A directory where there is none, and those above."""
        path = self.path(name)
        if os.path.isdir(path):
            return
        self.folder(os.path.dirname(name))
        os.mkdir(path)
        os.chown(path, USERS[owner][0], USERS[owner][0])
        os.chmod(path, mode)

    def link(self, name, target):
        self.remove(name)
        os.symlink(target, self.path(name))

    def remove(self, name):
        if os.path.lexists(self.path(name)):
            os.unlink(self.path(name))

    def await_file(self, name):
        due = time.monotonic() + 10
        while not os.path.exists(self.path(name)):
            want(time.monotonic() < due, f"{name} does not come")
            time.sleep(0.05)

    def gid(self, user, group):
        """Make it the user's own group."""
        self.gids[user] = GROUPS[group]
        text = self.read("/etc/passwd")
        uid = USERS[user][0]
        self.write("/etc/passwd", text.replace(
            f"{user}:x:{uid}:{uid}:", f"{user}:x:{uid}:{GROUPS[group]}:"))

    def read(self, name):
        try:
            with open(self.path(name), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    # ---- the system

    def mount(self, tree, more):
        """The tree, with this case's layer on top; more layers by name."""
        base, layers = debian.place(tree), debian.layers(tree, more)
        mount("-t", "tmpfs", "-o", "mode=755", "guest", base)
        for name in "upper", "work", "root":
            os.mkdir(f"{base}/{name}")
        self.root = base + "/root"
        mount("-t", "overlay", "-o", f"lowerdir={':'.join(layers)},"
              f"upperdir={base}/upper,workdir={base}/work", "guest", self.root)
        mount("-t", "proc", "proc", self.path("/proc"))
        mount("-t", "tmpfs", "-o", "mode=755", "dev", self.path("/dev"))
        for name in DEVICES:
            self.write("/dev/" + name, "")
            mount("--bind", "/dev/" + name, self.path("/dev/" + name))
        for name in "fd", "stdin", "stdout", "stderr":
            self.link("/dev/" + name, "/proc/self/fd" + (
                "" if name == "fd" else
                f"/{('stdin', 'stdout', 'stderr').index(name)}"))

    def listen(self):
        """Be the system's log."""
        path = self.path("/dev/log")
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        log.bind(path)
        os.chmod(path, 0o666)

        def read():
            while True:
                self.syslog.append(log.recv(65536).decode(errors="replace"))

        threading.Thread(target=read, daemon=True).start()

    def furnish(self):
        """What no package brings: users, names, osmtp, its configuration."""
        self.write("/etc/passwd", "".join(
            f"{name}:x:{uid}:{uid}:{full}:{home}:/bin/sh\n"
            for name, (uid, full, home) in USERS.items()))
        self.write("/etc/group", "".join(
            f"{name}:x:{gid}:" + ("alice,bob,daemon,www-data,logcheck,mail"
                                  if name == "osmtp" else "") + "\n"
            for name, gid in ({n: u[0] for n, u in USERS.items()}
                              | GROUPS).items() if (name, gid) !=
            ("nobody", 65534)))
        self.write("/etc/shadow", "".join(
            f"{name}:*:19000:0:99999:7:::\n" for name in USERS), 0o600)
        self.write("/etc/hosts", "127.0.0.1 localhost\n"
                   f"127.0.1.1 {HOST}.{self.domain} {HOST}\n")
        self.write("/etc/hostname", HOST + "\n")
        self.write("/etc/mailname", self.domain + "\n")
        self.write("/etc/nsswitch.conf",
                   "passwd: files\ngroup: files\nhosts: files\n")
        self.write("/etc/pam.d/common-auth", "auth required pam_permit.so\n")
        for kind in ("account", "password", "session",
                     "session-noninteractive"):
            self.write(f"/etc/pam.d/common-{kind}", kind.split("-")[0]
                       + " required pam_permit.so\n")
        for name in "alice", "bob":
            self.folder(USERS[name][2], owner=name)
        os.chmod(self.path("/tmp"), 0o1777)
        for name, target in ("awk", "gawk"), ("php", "php8.2"):
            self.link("/usr/bin/" + name, target)
        shutil.copy(self.osmtp, self.path("/usr/bin/osmtp"))
        os.chmod(self.path("/usr/bin/osmtp"), 0o755)
        for name, target in (("/usr/sbin/sendmail", "../bin/osmtp"),
                             ("/usr/lib/sendmail", "../sbin/sendmail"),
                             ("/usr/bin/mailq", "osmtp"),
                             ("/usr/bin/newaliases", "osmtp")):
            self.link(name, target)
        self.write("/var/log/osmtp.log", "", 0o666)
        socket.sethostname(HOST)

    def configure(self, **profile):
        """The system's file: one profile, for whoever sends. Everybody in
        group osmtp may: so there is no queue, which would be one user's."""
        with open(self.facts["ca"]) as f:
            self.write(ETC + "/ca.pem", f.read())
        mailbox = self.facts["mailbox"]
        self.write(ETC + "/password", mailbox["password"] + "\n", 0o640,
                   group=OSMTP_GROUP)
        port = self.facts["submission"]["starttls"]
        default = {
            "kind": "system", "address": self.address,
            "server": f"smtp://localhost:{port}",
            "tls": {"ca_file": ETC + "/ca.pem"}, "auth": "password",
            "user": mailbox["address"],
            "password": {"file": ETC + "/password"}} | profile
        self.write(
            ETC + "/osmtp.conf", f'domain = "{self.domain}";\n'
            f'hostname = "{HOST}.{self.domain}";\nadmin = "{self.admin}";\n'
            'runner = false;\nspool = "none";\nstate = "/var/lib/osmtp";\n'
            'log = { to = "/var/log/osmtp.log"; level = "debug"; };\n'
            f"profiles = {{ default = {quote(default)}; }};\n")

    # ---- programs

    def become(self, user, cwd):
        """In the child: the root, and that user."""
        uid, _, home = USERS[user]

        def enter():
            os.chroot(self.root)
            os.chdir(cwd or (home if os.path.isdir(home) else "/"))
            os.setgroups([] if uid == 0 else [uid, OSMTP_GROUP])
            os.setgid(self.gids.get(user, uid))
            os.setuid(uid)
            os.umask(0o022)
        return enter

    def environment(self, user, more):
        return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                "/sbin:/bin", "HOME": USERS[user][2], "USER": user,
                "LOGNAME": user, "SHELL": "/bin/sh", "LC_ALL": "C.UTF-8",
                "TERM": "dumb"} | more

    def run(self, *argv, user="root", text="", status=0, cwd=None, **env):
        """Run a program to its end: what it says on both outputs."""
        done = subprocess.run(
            argv, input=text if isinstance(text, bytes) else text.encode(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT,
            env=self.environment(user, env), preexec_fn=self.become(user, cwd))
        said = done.stdout.decode(errors="replace")
        want(status is None or done.returncode == status,
             f"{' '.join(argv)}: exit status {done.returncode}: {said}")
        return said

    def quietly(self, *argv, **more):
        """The same with a program that says nothing if all is well."""
        said = self.run(*argv, **more)
        want(not said.strip(), f"{' '.join(argv)} says: {said}")

    def start(self, *argv, user="root", **env):
        """One that goes on; its words go to a file."""
        with open(self.path("/var/log/start.log"), "ab") as log:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment(user, env),
                preexec_fn=self.become(user, None))
        self.children.append(child)
        return child

    def terminal(self, *argv, user, keys):
        """Run a program at a terminal of 24 lines: keys are pairs, what the
        screen shows and what is typed then."""
        pid, fd = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ,
                        struct.pack("4H", 24, 80, 0, 0))
            self.become(user, None)()
            os.execvpe(argv[0], argv, self.environment(user, {
                "TERM": "vt100"}))
        seen, due = b"", time.monotonic() + LIMIT
        while time.monotonic() < due:
            if keys and re.search(keys[0][0], seen):
                os.write(fd, keys.pop(0)[1])
                seen = b""
            if select.select([fd], [], [], 0.2)[0]:
                try:
                    seen += os.read(fd, 65536)
                except OSError:
                    _, status = os.waitpid(pid, 0)
                    want(status == 0 and not keys,
                         f"{argv[0]}: {status}: {seen!r} {keys}")
                    return
        raise Failure(f"{argv[0]} waits: {seen!r} {keys}")

    def shell(self, script, **more):
        return self.run("/bin/sh", "-ec", script, **more)

    # ---- mail

    def next_number(self):
        """The first that the sink has not given yet."""
        names = os.listdir(self.facts["sink"]["mail"])
        return 1 + max([int(n.split(".")[0]) for n in names], default=0)

    def arrived(self):
        """Since the last look, for this case's domain."""
        found = []
        while True:
            name = os.path.join(self.facts["sink"]["mail"], str(self.seen))
            if not os.path.exists(name + ".env"):
                return found
            self.seen += 1
            with open(name + ".env") as env, open(name + ".eml", "rb") as eml:
                envelope = env.read().splitlines()
                if f"@{self.domain}>" in "".join(envelope):
                    found.append(Mail(envelope, eml.read()))

    def mails(self, count=1, within=0):
        """Exactly that many have arrived, or do so within some seconds."""
        due = time.monotonic() + within
        found = self.arrived()
        while len(found) < count and time.monotonic() < due:
            time.sleep(0.2)
            found += self.arrived()
        want(len(found) == count, f"{len(found)} messages arrived, not {count}"
             + self.words())
        for mail in found:
            self.is_sound(mail)
        return found

    def mail(self, within=0):
        return self.mails(1, within)[0]

    def nothing(self):
        self.mails(0)

    def is_sound(self, mail):
        """What holds for every message that leaves."""
        for rcpt in mail.rcpts:
            want(rcpt.endswith("@" + self.domain), f"goes to {rcpt}")
        want(len(set(mail.rcpts)) == len(mail.rcpts), f"twice: {mail.rcpts}")
        rest = mail.octets.replace(b"\r\n", b"")
        for octet in b"\r", b"\n", b"\0":
            want(octet not in rest, f"a bare {octet!r} is in the message")
        want(max(map(len, mail.octets.split(b"\r\n"))) <= 998, "a long line")
        want(mail.head.isascii(), f"8-bit octets in the head: {mail.head!r}")
        fields = [f.lower() for f in mail.message.keys()]
        for name in "bcc", "resent-bcc", "return-path":
            want(name not in fields, f"{name} is sent: {mail.head!r}")
        for name in "from", "date", "message-id":
            want(fields.count(name) == 1, f"not one {name}: {mail.head!r}")
        want("BODY=8BITMIME" in mail.parameters or mail.octets.isascii(),
             f"8-bit text without BODY=8BITMIME: {mail.envelope}")
        for part in mail.message.walk():
            want(not part.defects, f"{part.defects}: {mail.octets!r}")

    def system(self, mail, who="root", to="root", **more):
        """Mail of a program of the system, as a system profile sends it."""
        mail.expect(self.address, [self.admin], **{
            "From": f"{who} on {HOST} <{self.address}>",
            "To": f"{to}@{self.domain}", "Sender": None,
            "Auto-Submitted": "auto-generated"} | more)

    def words(self):
        """What osmtp and daemons have said, for a failure."""
        return "".join(f"\n{name}: {line}" for name, lines in (
            ("osmtp", self.read("/var/log/osmtp.log").splitlines()),
            ("start", self.read("/var/log/start.log").splitlines()),
            ("syslog", self.syslog)) for line in lines[-12:])


def mount(*argv):
    done = subprocess.run(("mount",) + argv, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        why = done.stdout.strip().split("\n")[0]
        raise Missing(f"a Debian in namespaces: {why}")


# ---- from outside

def namespaces():
    """The words before a command that give it namespaces of its own."""
    words = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork",
             "--kill-child"]
    if os.getuid():
        words[1:1] = ["--user", "--map-root-user", "--map-auto"]
    return words + ["--"]


def run(osmtp, sandbox, case):
    """A case in a guest: its word, and what it says."""
    done = subprocess.run(
        namespaces() + [sys.executable, os.path.abspath(__file__), osmtp,
                        sandbox, debian.tree(), case], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=CASE_LIMIT)
    if done.returncode:
        if done.stdout.startswith(("unshare:", "newuidmap:")):
            raise Missing("namespaces: " + done.stdout.splitlines()[0])
        raise Failure(done.stdout)
    word, _, text = done.stdout.partition("\n")
    if word == "missing":
        raise Missing(text.strip())
    want(word == "ok", text)


def main(osmtp, sandbox, tree, name):
    module, function = name.split(".")
    case = getattr(importlib.import_module("cases." + module), function)
    try:
        guest = Guest(osmtp, sandbox, function[2:].replace("_", "-"))
        guest.mount(tree, getattr(case, "layers", ()))
        guest.furnish()
        guest.listen()
        guest.configure()
        case(guest)
        print("ok")
    except Missing as e:
        print(f"missing\n{e}")
    except (Failure, subprocess.TimeoutExpired) as e:
        print(f"fail\n{e}{guest.words()}")
    except Exception:
        print("fail\n" + traceback.format_exc())


if __name__ == "__main__":
    main(*sys.argv[1:])
