# SPDX-License-Identifier: ISC
"""What the cases have in common: a home with osmtp in it, and the sandbox.

What arrives behind Dovecot is compared with what went in, octet by octet;
only the Received fields on top are Dovecot's and osmtp's.
"""
import base64
import json
import os
import re
import smtplib
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from person import Person

HERE = os.path.dirname(os.path.abspath(__file__))
SANDBOX = os.path.join(HERE, "sandbox")
LIMIT = 120     # seconds that one osmtp may take

OK, REFUSED, NOPERM, CONFIG, TEMPFAIL = 0, 67, 77, 78, 75
TO = "ops@example.test"


class Failure(Exception):
    pass


class Missing(Exception):
    """A server that this sandbox is without."""


def want(truth, why):
    if not truth:
        raise Failure(why)


def bail_out(why):
    print("Bail out!", why)
    sys.exit(1)


def sandbox(*argv):
    done = subprocess.run([SANDBOX, *argv], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        bail_out(f"sandbox {argv[0]} failed")
    return done.stdout


def message(body=b"Hello.\n", to=TO, sender="noreply@example.test"):
    """A complete message: nothing in it is osmtp's to add."""
    return (f"From: Test <{sender}>\nTo: {to}\nSubject: real check\n"
            "Date: Fri, 02 Jan 2026 03:04:05 +0000\n"
            "Message-ID: <real-check@example.test>\n"
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
            "Content-Transfer-Encoding: 8bit\n\n").encode() + body


def quote(value):
    """A libconfig value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        inner = " ".join(f"{k} = {quote(v)};" for k, v in value.items())
        return "{ " + inner + " }"
    if isinstance(value, list):
        return "[ " + ", ".join(quote(v) for v in value) + " ]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def private(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(text)


class Home:
    """A HOME with one configuration, and osmtp run in it."""

    def __init__(self, bench, base, osmtp):
        self.path = tempfile.mkdtemp(prefix="home-", dir=base)
        self.bench, self.facts = bench, bench.facts
        self.program = os.path.join(self.path, "sendmail")
        self.secrets = []
        self.address = None
        self.sender = []        # the options that say it
        os.symlink(osmtp, self.program)
        self.osmtp = osmtp

    def secret(self, name, text):
        path = os.path.join(self.path, name)
        private(path, text + "\n")
        self.secrets.append(text)
        return {"file": path}

    def configure(self, profile):
        self.address = profile["address"]
        self.sender = ["-f", self.address]
        directory = os.path.join(self.path, ".config", "osmtp")
        os.makedirs(directory, exist_ok=True)
        private(os.path.join(directory, "osmtp.conf"),
                f'domain = "example.test";\nadmin = "{TO}";\n'
                f'log = {{ to = "{self.path}/log"; level = "debug"; }};\n'
                f"profiles = {{ it = {quote(profile)}; }};\n")

    def server(self, kind):
        scheme = {"starttls": "smtp", "tls": "smtps"}[kind]
        return f"{scheme}://localhost:{self.facts['submission'][kind]}"

    def client(self, provider, name):
        """The keys of oauth that say who the client is."""
        client = self.bench.provider(provider)["clients"][name]
        keys = {"client_id": client["id"], "scope": client["scope"]}
        if client["auth"]:
            keys["client_auth"] = client["auth"]
        if "secret" in client:
            keys["client_secret"] = self.secret("secret", client["secret"])
        if "alg" in client:
            keys |= {"client_key": self.facts["keys"][client["key"]],
                     "key_id": client["key"], "signing_alg": client["alg"]}
        return keys

    def profile(self, provider, who, way, oauth, more):
        """A profile that leaves the message as it is. Where more says oauth,
        that is added to it; None takes a key out."""
        keys = oauth | more.pop("oauth", {})
        self.configure({
            "kind": who, "rewrite": False, "auto_submitted": False,
            "address": provider["system" if who == "system" else
                                "person"]["address"],
            "server": self.server(way), "tls": {"ca_file": self.facts["ca"]},
            "auth": "oauth",
            "oauth": {k: v for k, v in keys.items() if v is not None},
        } | more)

    def system(self, client="post", way="starttls", provider="authlib",
               secret=None, **more):
        """client_credentials"""
        facts = self.bench.provider(provider)
        keys = self.client(provider, client)
        if secret:
            keys["client_secret"] = self.secret("secret", secret)
        self.profile(facts, "system", way, {
            "grant": "client_credentials", "token_url": facts["token_url"],
            "ca_file": self.facts["ca"]} | keys, more)

    def person(self, provider, *grants, client="person", way="starttls",
               **more):
        """A mailbox that wants somebody's consent."""
        facts = self.bench.provider(provider)
        places = {"device_code": "device_url",
                  "authorization_code": "authorize_url"}
        urls = ["token_url", "revoke_url"] + [places[g] for g in grants
                                              if g in places]
        self.profile(facts, "mailbox", way, {
            "grant": list(grants), "ca_file": self.facts["ca"]}
            | {url: facts[url] for url in urls}
            | self.client(provider, client), more)

    def seeded(self, provider, client="person", **more):
        """One that was consented to elsewhere."""
        token = self.bench.consent(provider, client)
        seed = {"refresh_token": self.secret("refresh", token)}
        self.person(provider, "refresh_token", client=client, oauth=seed
                    | more.pop("oauth", {}), **more)
        return token

    def mailbox(self, way="tls", password=None, **more):
        mailbox = self.facts["mailbox"]
        self.configure({
            "kind": "mailbox", "address": mailbox["address"],
            "server": self.server(way),
            "tls": {"ca_file": self.facts["ca"]},
            "auth": "password",
            "password": self.secret(
                "secret", password or mailbox["password"])} | more)

    def login(self, *argv, answer="yes", status=OK, says=(), **env):
        """osmtp login, and a person who does what it says."""
        login = Login(self, *argv, **env)
        event = login.wait_for("url", "code")
        Person(self.facts, answer).visit(
            event.get("url_complete") or event["url"])
        return login.end(status, says)

    def environment(self):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("XDG_") and k != "OSMTP_CONFIG"}
        return env | {"HOME": self.path}

    def command(self, *argv, text=b""):
        """Run osmtp: what it says on stdout."""
        done = subprocess.run(
            [self.osmtp, *argv], input=text, env=self.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT)
        want(done.returncode == OK, f"osmtp {argv}: {done.returncode}: "
             f"{done.stderr.decode(errors='replace')}")
        return done.stdout.decode()

    def queue(self, text, *argv):
        """Start sendmail with the queue; whoever waits for it."""
        child = subprocess.Popen(
            [self.program, "-i", *self.sender, *argv],
            stdin=subprocess.PIPE, env=self.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        child.stdin.write(text)
        child.stdin.close()
        return child

    def send(self, text, *argv, status=OK, says=()):
        """Run sendmail; the words it must say on stderr are patterns."""
        done = subprocess.run(
            [self.program, "--now", "-i", *self.sender, *argv],
            input=text, env=self.environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT)
        said = done.stderr.decode(errors="replace")
        want(done.returncode == status,
             f"exit status {done.returncode}, not {status}: {said}")
        for pattern in says:
            want(re.search(pattern, said), f"no {pattern!r} in: {said}")
        for secret in self.secrets:
            want(secret not in said, f"a secret is shown: {said}")
            want(secret not in self.log(), "a secret is in the log")

    def recover(self):
        """After trouble that the provider said is over soon: it arrives."""
        text, due = message(sender=self.address), time.monotonic() + 20
        while True:
            done = subprocess.run(
                [self.program, "--now", "-i", *self.sender, TO], input=text,
                env=self.environment(), stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=LIMIT)
            if done.returncode == OK:
                break
            want(done.returncode == TEMPFAIL and time.monotonic() < due,
                 f"{done.returncode}: {done.stdout.decode()}")
            time.sleep(0.2)
        self.bench.one(text, sender=self.address)

    def deliver(self, *rcpts):
        """A message of this profile arrives, and nothing else."""
        text = message(sender=self.address)
        self.send(text, *(rcpts or (TO,)))
        self.bench.one(text, rcpts or (TO,), self.address)

    def many(self, count):
        """That many commands at once, each with a message; then the queue."""
        text = message(sender=self.address)
        children = [self.queue(text, TO) for _ in range(count)]
        for child in children:
            said = child.stdout.read()
            want(child.wait(LIMIT) == OK, f"refused: {said}")
            child.stdout.close()
        self.command("run", "--once")
        self.bench.wait_for_mail(count)     # some may be others' work still
        arrived = len(self.bench.arrived())
        want(arrived == count, f"{arrived} of {count} messages arrived")

    def log(self):
        try:
            with open(os.path.join(self.path, "log")) as f:
                return f.read()
        except FileNotFoundError:
            return ""


class Login:
    """osmtp login that goes on, with --json; read by a thread, so that it
    never waits for us."""

    def __init__(self, home, *argv, **env):
        self.events, self.errors = [], []
        self.news = threading.Condition()
        self.child = subprocess.Popen(
            [home.osmtp, "login", "it", "--json", *argv],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=home.environment() | env, text=True)
        home.bench.logins.append(self.child)
        self.readers = [threading.Thread(target=work, daemon=True) for work in
                        (self.read_events, self.read_errors)]
        for reader in self.readers:
            reader.start()

    def read_events(self):
        for line in self.child.stdout:
            with self.news:
                self.events.append(json.loads(line))
                self.news.notify_all()
        with self.news:
            self.events.append({"event": "end"})
            self.news.notify_all()

    def read_errors(self):
        for line in self.child.stderr:
            with self.news:
                self.errors.append(line)
                self.news.notify_all()

    def said(self):
        return "".join(self.errors)

    def wait_for(self, *names):
        """The first event of one of these names."""
        def there():
            return [e for e in self.events if e["event"] in (*names, "end")]

        with self.news:
            want(self.news.wait_for(there, LIMIT), f"no event {names}")
            found = there()[0]
            want(found["event"] in names,
                 f"no event {names}: {self.events} {self.said()}")
            return found

    def wait_for_words(self, words):
        """On standard error."""
        with self.news:
            want(self.news.wait_for(lambda: words in self.said(), LIMIT),
                 f"no {words!r} in: {self.said()}")

    def type(self, text):
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()

    def end(self, status=OK, says=()):
        """Its end: all events; the words are patterns."""
        code = self.child.wait(LIMIT)
        for reader in self.readers:
            reader.join(LIMIT)
        self.child.stdin.close()
        said = f"{self.said()} {self.events}"
        want(code == status, f"login: exit status {code}, not {status}: {said}")
        for pattern in says:
            want(re.search(pattern, said), f"no {pattern!r} in: {said}")
        for word in "access_token", "refresh_token\": \"", "verifier":
            want(word not in said, f"a secret may be shown: {said}")
        return self.events


class Bench:
    """The sandbox, and what arrived in it since somebody looked."""

    def __init__(self, base, directory, osmtp):
        self.base, self.directory, self.osmtp = base, directory, osmtp
        sandbox("start", directory)
        with open(os.path.join(directory, "sandbox.json")) as f:
            self.facts = json.load(f)
        self.tls = ssl.create_default_context(cafile=self.facts["ca"])
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=self.tls))
        self.seen = 0
        self.logins = []    # their processes, of this case
        self.asked = {}
        self.dovecot_read = 0

    def home(self):
        return Home(self, self.base, self.osmtp)

    def arrived(self):
        """The messages since the last call: (envelope lines, octets)."""
        found = []
        while True:
            name = os.path.join(self.facts["sink"]["mail"], str(self.seen + 1))
            if not os.path.exists(name + ".env"):
                return found
            self.seen += 1
            with open(name + ".env") as env, open(name + ".eml", "rb") as eml:
                found.append((env.read().splitlines(), eml.read()))

    def provider(self, name):
        """What is known of it; without it the case is skipped."""
        if name not in self.facts["providers"]:
            package = {"oidc": "oidc-provider"}[name]
            why = self.facts["without"][package].split("\n")[0]
            raise Missing(f"{package}: {why}")
        return self.facts["providers"][name]

    def each(self, *names):
        """These providers, one by one; what is missing skips the case once
        the others have had their turn."""
        for name in sorted(names, key=lambda n: n not in
                           self.facts["providers"]):
            self.provider(name)
            yield name

    def token_requests(self, client, provider="authlib"):
        """That client's token requests since the last call."""
        facts = self.provider(provider)
        identity = facts["clients"][client]["id"]
        with open(facts["requests"]) as f:
            lines = [x for x in map(json.loads, f) if x["client"] == identity]
        key = provider, client
        begin = self.asked.get(key, 0)
        self.asked[key] = len(lines)
        return lines[begin:]

    def want_asked(self, client, provider, *expected):
        """Its token requests since the last look: (auth or grant, status)."""
        asked = self.token_requests(client, provider)
        for number, (how, status) in enumerate(expected):
            want(len(asked) == len(expected) and asked[number]["status"] ==
                 status and how in (asked[number]["auth"],
                                    asked[number]["grant"]),
                 f"token requests: {asked}")
        want(len(asked) == len(expected), f"token requests: {asked}")

    def post(self, provider, url, client, **form):
        """A form, by that client: (status, JSON or text)."""
        facts = self.provider(provider)
        asker = facts["clients"][client]
        asked = urllib.request.Request(facts[url])
        if asker["auth"] == "none":
            form["client_id"] = asker["id"]
        else:
            who = f"{asker['id']}:{asker['secret']}".encode()
            asked.add_header("Authorization",
                             "Basic " + base64.b64encode(who).decode())
        asked.data = urllib.parse.urlencode(form).encode()
        try:
            answer = self.opener.open(asked, timeout=20)
        except urllib.error.HTTPError as e:
            answer = e
        with answer:
            text = answer.read().decode()
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text

    def consent(self, provider, client):
        """A refresh token, by a device code that the person approves."""
        scope = self.provider(provider)["clients"][client]["scope"]
        _, device = self.post(provider, "device_url", client, scope=scope)
        Person(self.facts).visit(device["verification_uri_complete"])
        status, answer = self.post(
            provider, "token_url", client, device_code=device["device_code"],
            grant_type="urn:ietf:params:oauth:grant-type:device_code")
        want(status == 200, f"no consent: {status} {answer}")
        if "requests" in self.provider(provider):
            self.token_requests(client, provider)
        return answer["refresh_token"]

    def refresh(self, provider, client, token):
        """Use a refresh token behind osmtp's back."""
        status, answer = self.post(provider, "token_url", client,
                                   grant_type="refresh_token",
                                   refresh_token=token)
        if "requests" in self.provider(provider):
            self.token_requests(client, provider)
        return status, answer

    def accepts(self, user, token):
        """Does Dovecot take the token? It asks the provider about it."""
        words = f"user={user}\1auth=Bearer {token}\1\1".encode()
        with smtplib.SMTP("localhost", self.facts["submission"]["starttls"],
                          "probe.example.test", timeout=10) as session:
            session.starttls(context=self.tls)
            session.ehlo()
            session.docmd("AUTH", "XOAUTH2")
            code, _ = session.docmd(base64.b64encode(words).decode())
            if code == 334:
                code, _ = session.docmd("")
            want(code in (235, 535), f"AUTH is answered with {code}")
            return code == 235

    def control(self, provider, what, order):
        """Tell a provider to do something to the tests' liking."""
        facts = self.provider(provider)
        asked = urllib.request.Request(
            facts["control_url"] + what, json.dumps(order).encode(), headers={
                "Authorization": "Bearer " + facts["control"],
                "Content-Type": "application/json"})
        with self.opener.open(asked, timeout=10) as answer:
            return json.load(answer)

    def revoke(self, client, provider="authlib", only=None):
        """Tokens of a client end, unknown to it: how many."""
        identity = self.provider(provider)["clients"][client]["id"]
        return self.control(provider, "revoke", {
            "client": identity, "only": only})["revoked"]

    def faults(self, *faults):
        """What the provider (Authlib) answers instead, from now on."""
        self.control("authlib", "faults", list(faults))

    def tidy(self):
        """After a case, whatever it left."""
        for child in self.logins:
            if child.poll() is None:
                child.kill()
                child.wait()
        self.logins.clear()
        self.faults()
        self.arrived()

    def dovecot_log(self):
        """What Dovecot logged since the last call."""
        with open(self.facts["submission"]["log"]) as f:
            f.seek(self.dovecot_read)
            text = f.read()
            self.dovecot_read = f.tell()
        return text

    def wait_for_mail(self, count=1):
        """Until that many more messages are there."""
        last = os.path.join(self.facts["sink"]["mail"],
                            f"{self.seen + count}.env")
        due = time.monotonic() + LIMIT
        while not os.path.exists(last):
            want(time.monotonic() < due, f"no {count} messages arrive")
            time.sleep(0.05)

    def nothing(self):
        want(not self.arrived(), "something arrived")

    def one(self, sent, rcpts=(TO,), sender="noreply@example.test"):
        """Exactly one message arrived, and it is the one that was sent."""
        mails = self.arrived()
        want(len(mails) == 1, f"{len(mails)} messages arrived")
        envelope, octets = mails[0]
        paths = [re.match(r"(?:MAIL FROM|RCPT TO):\s*<([^>]*)>", x, re.I)[1]
                 for x in envelope]
        want(paths == [sender, *rcpts], f"the envelope is {envelope}")
        got = without_received(octets)
        expected = sent.replace(b"\n", b"\r\n")
        want(got == expected, difference(got, expected))


def without_received(octets):
    """Take off the field that Dovecot puts on top, and ours."""
    match = re.match(rb"(?:Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+",
                     octets)
    want(match, f"no Received field on top: {octets[:80]!r}")
    return octets[match.end():]


def difference(got, expected):
    pairs = zip(got, expected)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b),
              min(len(got), len(expected)))
    near = slice(max(at - 20, 0), at + 40)
    return (f"differs at octet {at} of {len(expected)}: got {got[near]!r},"
            f" expected {expected[near]!r}")
