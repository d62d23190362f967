# SPDX-License-Identifier: ISC
"""grants: an authorization server in this process, and trials of an account
that a person has consented to.

Its refresh tokens are good for one use: one that comes again ends its family,
as RFC 9700 4.14.2 has it. Each trial is a client of its own, known by its
secret, so that all of them can have the same issuer, and a home can be copied
with the grant that is in it.
"""

import base64
import collections
import copy
import http.server
import json
import os
import secrets
import tempfile
import threading
import urllib.parse

import lab

AUTH = """auth = "oauth"; sasl = "XOAUTH2";
  oauth = {{ grant = {grant}; issuer = "http://127.0.0.1:{port}";
    client_id = "lab"; client_secret = "{secret}"; client_auth = "post";
    scope = "mail.send offline_access"; {more} }};"""
LOGINS = '["device_code", "authorization_code"]'
STATE = ".local/state/osmtp"


class Account:
    """What the server knows of a client."""

    def __init__(self):
        self.lock = threading.RLock()
        self.family = {}        # refresh token -> its family
        self.good = {}          # family -> the token that is good, or None
        self.access = {}        # access token -> its family
        self.uses = collections.Counter()   # of refresh tokens
        self.revoked = []       # tokens that came to be revoked
        self.codes = set()      # device codes and authorization codes
        self.asked = 0          # for a token, by whatever
        self.given = 0          # tokens
        self.secrets = set()    # all that was ever given out
        self.pending = False    # nobody has entered the code yet
        # Called before an answer goes; "lose": it does not.
        self.before_answer = lambda kind: None

    def copied(self):
        with self.lock:
            new = Account()
            for name in ("family", "good", "access", "secrets"):
                setattr(new, name, copy.copy(getattr(self, name)))
        return new

    def new(self, mark):
        word = f"{mark}-{secrets.token_hex(12)}"
        self.secrets.add(word)
        return word

    def give(self, family):
        self.given += 1
        access, refresh = self.new("t"), self.new("r")
        self.access[access] = family
        self.family[refresh] = family
        self.good[family] = refresh
        return {"access_token": access, "refresh_token": refresh,
                "token_type": "Bearer", "expires_in": 3600,
                "scope": "mail.send offline_access"}

    def seed(self):
        """A refresh token that a person got elsewhere."""
        token = self.give(self.new("f"))["refresh_token"]
        self.given = 0
        return token

    def replayed(self):
        return [t for t, n in self.uses.items() if n > 1]

    def come_back(self, url):
        """Somebody opens the address of an authorization request and says yes:
        where the browser is sent."""
        query = dict(urllib.parse.parse_qsl(url.partition("?")[2]))
        code = self.new("c")
        self.codes.add(code)
        return query["redirect_uri"] + "?" + urllib.parse.urlencode(
            {"code": code, "state": query["state"]})

    # Each answer is a status and an object.

    def device(self, port, _):
        code = self.new("d")
        self.codes.add(code)
        return 200, {"device_code": code, "user_code": "ABCD-EFGH",
                     "verification_uri": f"http://127.0.0.1:{port}/enter",
                     "expires_in": 60, "interval": 0}

    def token(self, _, form):
        self.asked += 1
        if form["grant_type"] != "refresh_token":
            code = form.get("device_code") or form.get("code")
            if code not in self.codes:
                return 400, {"error": "invalid_grant"}
            if self.pending:
                return 400, {"error": "authorization_pending"}
            self.codes.remove(code)
            return 200, self.give(self.new("f"))
        sent = form.get("refresh_token")
        family = self.family.get(sent)
        self.uses[sent] += 1
        if family is None or self.good[family] != sent:
            if family is not None:
                self.good[family] = None
            return 400, {"error": "invalid_grant"}
        return 200, self.give(family)

    def revoke(self, _, form):
        sent = form.get("token")
        self.revoked.append(sent)
        if sent in self.family:
            self.good[self.family[sent]] = None
        return 200, {}


class Handler(http.server.BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass    # the client was killed

    def do_GET(self):   # pylint: disable=invalid-name
        issuer = f"http://127.0.0.1:{self.server.port}"
        if not self.path.startswith("/.well-known/"):
            self.answer(404, {"error": "not_found"})
            return
        words = {"issuer": issuer}
        for name, path in (("token", "token"), ("revocation", "revoke"),
                           ("device_authorization", "device"),
                           ("authorization", "authorize")):
            words[name + "_endpoint"] = f"{issuer}/{path}"
        self.answer(200, words)

    def do_POST(self):  # pylint: disable=invalid-name
        form = dict(urllib.parse.parse_qsl(self.rfile.read(
            int(self.headers["Content-Length"])).decode()))
        account = self.server.lab.accounts.get(form.get("client_secret"))
        kind = self.path[1:]
        if account is None or kind not in ("device", "token", "revoke"):
            self.answer(401, {"error": "invalid_client"})
            return
        with account.lock:
            status, words = getattr(account, kind)(self.server.port, form)
        if "access_token" in words:
            with self.server.lab.lock:
                self.server.lab.tokens.add(words["access_token"])
        if account.before_answer(kind) == "lose":
            self.close_connection = True
        else:
            self.answer(status, words)

    def answer(self, status, words):
        body = json.dumps(words).encode()
        try:
            self.send_response_only(status)     # without a clock
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass    # the client was killed

    def log_message(self, *_):
        pass


class Lab(lab.Lab):
    def __init__(self):
        super().__init__()
        self.accounts = {}      # client secret -> Account
        self.issuer = lab.Server(self, Handler)


class Trial(lab.Trial):
    """like: a trial whose home and grant it begins with. seed: a refresh token
    stands in the configuration, and nobody need log in. account: what the
    server knows, if that is something else."""

    def __init__(self, place, like=None, seed=False, account=None, **how):
        account = account or (like.account if like else Account())
        self.account = account.copied()
        self.seed = self.account.seed() if seed else None
        self.lost = False       # may what the server gave be lost?
        self.token = None       # the last that was had
        super().__init__(place, oauth=True, like=like, **how)
        if like:
            self.hours = like.hours
        place.accounts[self.secret()] = self.account

    def secret(self):
        return "hush-" + self.word

    def auth(self, consent):
        more = f'refresh_token = "{self.seed}";' if self.seed else ""
        return AUTH.format(
            grant='"refresh_token"' if self.seed else LOGINS,
            port=self.lab.issuer.port, secret=self.secret(), more=more)

    def speak(self, *args, **how):
        """As run(), and what it printed."""
        with tempfile.TemporaryFile() as out:
            ended = self.run(*args, out=out, **how)
            out.seek(0)
            return ended, out.read().decode("utf-8", "replace")

    def login(self, **how):
        return self.run("login", "box", **how)

    def files(self):
        """All files of the home, as paths in it."""
        return sorted(os.path.relpath(os.path.join(place, name), self.home)
                      for place, _, names in os.walk(self.home)
                      for name in names)

    def temporary(self):
        """Files that somebody has left half-way."""
        return [name for name in self.files()
                if os.path.basename(name).startswith(".")]

    def stored(self):
        return [name for name in self.files()
                if name.startswith(STATE + "/tokens/") and
                name.endswith((".blob", ".prev"))]

    def told(self):
        """What is in the log."""
        try:
            with open(self.home + "/log", encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def leaks(self, *texts):
        """Where a secret stands in clear: in a file but the one that it was
        configured in, or in one of the texts."""
        marks = [m for s in self.account.secrets | {self.secret()}
                 for m in forms(s)]
        found = [f"in what was said: {t}" for t in texts
                 if any(m in t.encode() for m in marks)]
        for name in self.files():
            if name.endswith("/osmtp.conf"):
                continue
            with open(f"{self.home}/{name}", "rb") as f:
                text = f.read()
            found += [f"in clear in {name}" for m in marks if m in text]
        return found

    def clear(self):
        self.lab.accounts.pop(self.secret(), None)
        super().clear()


def forms(secret):
    """A secret as it is, and what base64 makes of it at each place."""
    octets = secret.encode()
    yield octets
    for skip in range(3):
        part = octets[skip:]
        yield base64.b64encode(part[:len(part) // 3 * 3])


def sign_in(place):
    """A trial whose person has logged in."""
    trial = Trial(place)
    ended = trial.login()
    place.result(ended.status == 0 and trial.account.given == 1 and
                 not trial.temporary(), "a login", ended, *trial.temporary())
    return trial
