#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The fake server itself: each scripted act does what it says."""

import base64
import hashlib
import http.client
import json
import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

T = os.environ.get("T") or os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))
TMP = tempfile.mkdtemp(prefix="fake-")
CERTS = os.environ.get("FAKE_CERTS") or TMP + "/certs"
count = 0


def ok(good, name, *words):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}")
    for word in [] if good else words:
        print("# " + repr(word))


def same(got, want, name):
    ok(got == want, name, "got", got, "expected", want)


class Fake:
    """A running fake server with the listeners given by name."""
    runs = 0

    def __init__(self, lifetime=60, **listeners):
        Fake.runs += 1
        self.log = f"{TMP}/{Fake.runs}"
        os.mkdir(self.log)
        with open(self.log + ".json", "w", encoding="utf-8") as f:
            json.dump({"certs": CERTS, "lifetime": lifetime,
                       "listeners": listeners}, f)
        self.run = subprocess.Popen(
            [T + "/fake/server", self.log + ".json", self.log + ".ready",
             self.log], stdin=subprocess.PIPE)
        while not os.path.exists(self.log + ".ready"):
            assert self.run.poll() is None, "the fake server has died"
            time.sleep(0.01)
        self.ports = json.load(open(self.log + ".ready", encoding="utf-8"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run.stdin.close()
        self.run.wait(5)

    def talk(self, name="smtp"):
        return Talk(self.ports[name])

    def read(self, name):
        with open(f"{self.log}/{name}", "rb") as f:
            return f.read()

    def facts(self, name):
        return json.loads(self.read(name + ".json"))

    def has(self, name):
        return os.path.exists(f"{self.log}/{name}")

    def trace(self, kind, name="smtp"):
        """The trace lines of a kind, as [connection, recv, text]."""
        lines = (line.split(" ", 3) for line in
                 self.read(name + ".trace").decode().splitlines())
        return [[int(c), int(r), text] for c, r, k, text in lines
                if k == kind]


class Talk:
    """A client that says exactly what it is told."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.settimeout(5)
        self.buf = b""

    def get(self):
        """A whole reply as text; "EOF" or "RESET" at an end."""
        lines = []
        while True:
            while b"\r\n" not in self.buf:
                try:
                    data = self.sock.recv(65536)
                except ConnectionResetError:
                    return "RESET"
                except TimeoutError:
                    return "HANG"
                if not data:
                    return self.buf.decode() + "EOF"
                self.buf += data
            line, _, self.buf = self.buf.partition(b"\r\n")
            lines.append(line.decode())
            if line[3:4] != b"-":
                return "\n".join(lines)

    def say(self, text, replies=1):
        self.sock.sendall(text.encode("latin-1") + b"\r\n")
        got = [self.get() for _ in range(replies)]
        return got[0] if replies == 1 else got

    def hello(self):
        self.get()
        return self.say("EHLO me.example.test")


def context():
    return ssl.create_default_context(cafile=CERTS + "/ca.pem")


def b64(text):
    return base64.b64encode(text.encode()).decode()


ALICE = "MAIL FROM:<alice@example.org>"
BOB = "RCPT TO:<bob@example.com>"


def test_happy():
    with Fake(smtp={"tls": "starttls", "require_auth": True,
                    "auth": {"PLAIN": {"alice": "pw"}}}) as fake:
        client = smtplib.SMTP("localhost", fake.ports["smtp"])
        client.ehlo("me.example.test")
        same(client.has_extn("auth"), False, "no AUTH before TLS")
        client.starttls(context=context())
        client.login("alice", "pw")
        body = b"Subject: x\r\n\r\n.dot\r\n..two\r\n.\r\nend\r\n"
        client.sendmail("alice@example.org", ["bob@example.com",
                        "carol@example.com"], body, ["BODY=8BITMIME"])
        client.quit()
        facts = fake.facts("msg-1")
        same(fake.read("msg-1.eml"), body, "the text is un-stuffed")
        same(fake.read("msg-1.raw"), body.replace(b"\n.", b"\n..") +
             b".\r\n", "the wire is kept")
        same(facts["accepted"], ["bob@example.com", "carol@example.com"],
             "recipients")
        same((facts["sender"], facts["params"][-1], facts["size"]),
             ("alice@example.org", "BODY=8BITMIME", len(body)), "envelope")
        same(facts["login"], {"mech": "PLAIN", "user": "alice",
                              "secret": "pw"}, "login")
        ok(facts["tls"].startswith("TLSv1"), "TLS", facts["tls"])
        same(fake.trace("!"), [], "smtplib breaks no rule")
        ok("sni=localhost" in str(fake.trace("*")), "SNI is in the trace")


def test_certificates():
    kinds = ["good", "expired", "wrongname", "rogue"]
    with Fake(**{k: {"tls": "implicit", "cert": k} for k in kinds},
              old={"tls": "implicit", "tls_max": "1.1"}) as fake:
        seen = {}
        for name in kinds + ["old"]:
            try:
                smtplib.SMTP_SSL("localhost", fake.ports[name],
                                 context=context()).quit()
                seen[name] = "fine"
            except ssl.SSLError as e:
                seen[name] = getattr(e, "verify_message", "no TLS")
        same(seen["good"], "fine", "good certificate")
        ok("expired" in seen["expired"], "expired", seen)
        ok("mismatch" in seen["wrongname"], "wrong name", seen)
        ok("issuer" in seen["rogue"], "rogue", seen)
        same(seen["old"], "no TLS", "too old")
        ok("tls failed" in str(fake.trace("*", "expired")),
           "the trace knows why", fake.trace("*", "expired"))


def test_order():
    with Fake(smtp={"auth": {"PLAIN": ["pw"]}, "require_auth": True,
                    "ehlo": ["SIZE 100"]},
              tls={"tls": "starttls", "auth": {"PLAIN": ["pw"]}}) as fake:
        t = fake.talk()
        t.get()
        for line, code in (
                (ALICE, "503"), ("AUTH PLAIN x", "503"), ("STARTTLS", "503"),
                ("EHLO me", "250"), (ALICE, "530"), (BOB, "503"),
                ("DATA", "503"), ("BLAH", "500"), ("AUTH NTLM", "504"),
                ("AUTH PLAIN !", "501"), ("AUTH PLAIN " + "x" * 501, "500"),
                ("AUTH PLAIN " + b64("\0a\0no"), "535"),
                ("AUTH PLAIN " + b64("\0a\0pw"), "235"),
                ("AUTH PLAIN " + b64("\0a\0pw"), "503"),
                ("MAIL alice@example.org", "501"),
                (ALICE + " SIZE=101", "552"),
                (ALICE + " BODY=8BITMIME", "555"),
                ("MAIL FROM:<\xc3\xa4@example.org>", "553"),
                ("MAIL FROM:<\"a b\\\"\"@example.org>", "250"),
                (ALICE, "503"), ("DATA", "554"), (BOB + " NOTIFY=NEVER",
                                                  "555"),
                (BOB, "250"), ("RSET", "250"), (BOB, "503"),
                (ALICE, "250"), ("NOOP\n", "500"), ("QUIT", "221")):
            same(t.say(line)[:3], code, "order: " + repr(line[:40]))
        same(t.get(), "EOF", "QUIT ends")
        t = fake.talk("tls")
        ok("STARTTLS" in t.hello(), "STARTTLS is offered")
        same(t.say("AUTH PLAIN x")[:3], "538", "AUTH before TLS")
        same(t.say(ALICE)[:3], "530", "MAIL before TLS")


def test_pipelining():
    with Fake(smtp={}, slow={"ehlo": []}) as fake:
        group = "\r\n".join([ALICE, BOB, BOB, "DATA"])
        t = fake.talk()
        t.hello()
        same([r[:3] for r in t.say(group, 4)], ["250"] * 3 + ["354"],
             "pipelined commands are answered in order")
        same([r[:3] for r in t.say("x\r\n.\r\nQUIT", 2)], ["250", "221"],
             "QUIT behind the dot")
        recvs = {r for _, r, text in fake.trace("C") if text != "EHLO "
                 "me.example.test" and text != "QUIT"}
        same(len(recvs), 1, "one recv() shows in the trace")
        same(fake.trace("!"), [], "no breach")
        t = fake.talk()
        t.hello()
        t.say(group + "\r\nx\r\n.", 5)
        ok("behind data" in str(fake.trace("!")), "text before the 354",
           fake.trace("!"))
        t = fake.talk("slow")
        t.hello()
        t.say(group, 4)
        same(len(fake.trace("!", "slow")), 3, "each early command is seen")
        t = fake.talk("slow")
        t.sock.sendall(b"EHLO me\r\n")
        t.get()
        ok("behind greeting" in str(fake.trace("!", "slow")), "early talker")


def test_acts():
    on = {"rcpt:no@example.com": {"reply": "550 5.1.1 no"},
          "rcpt": [{"reply": "451-4.2.0 wait\n451 4.2.0 please"}, None],
          "mail": [{"drip": "250 slow", "interval": 0.01}, {"delay": 0.2},
                   {"lines": 3000}, {"raw": "250 half", "close": True}],
          "noop": {"raw": "garbage\r\n"}, "vrfy": {"endless": True},
          "rset": {"reset": True}, "data": {"hang": True},
          "helo": {"reply": "421 4.3.2 bye", "close": True},
          "quit": {"reply": "221 a\n\u00e4"}}
    with Fake(smtp={"on": on},
              shut={"on": {"connect": {"close": True}}},
              gone={"on": {"connect": {"reset": True}}},
              cut={"tls": "implicit", "on": {"ehlo": {"cut": True}}},
              no={"on": {"greeting": {"reply": "554 no"}}}) as fake:
        t = fake.talk()
        t.hello()
        start = time.monotonic()
        same(t.say(ALICE), "250 slow", "drip")
        ok(time.monotonic() - start > 0.08, "drip takes its time")
        same(t.say("RCPT TO:<no@example.com>"), "550 5.1.1 no", "by address")
        same(t.say(BOB), "451-4.2.0 wait\n451 4.2.0 please", "first of list")
        same(t.say(BOB)[:3], "250", "null is default")
        same(t.say(BOB)[:3], "250", "behind the list is default")
        same(t.say("NOOP"), "garbage", "raw")
        t.sock.settimeout(0.3)
        same(t.say("DATA"), "HANG", "hang")
        t = fake.talk()
        t.hello()
        start = time.monotonic()
        same(t.say(ALICE)[:3], "250", "delay, then default")
        ok(time.monotonic() - start > 0.2, "delay takes its time")
        same(t.say("RSET"), "RESET", "reset")
        t = fake.talk()
        t.hello()
        same(t.say(ALICE).count("\n"), 2999, "3000 lines")
        t.sock.sendall(b"VRFY x\r\n")
        size = 0
        while size < 2 << 20:
            size += len(t.sock.recv(1 << 20))
        ok(True, "endless: 2 MB")
        t.sock.close()
        t = fake.talk()
        t.hello()
        same(t.say(ALICE), "250 halfEOF", "raw and close")
        t = fake.talk()
        t.get()
        same(t.say("HELO me\r\nNOOP\r\nNOOP"), "421 4.3.2 bye",
             "reply and close, with more unread")
        same(t.get(), "EOF", "... is no reset")
        same(fake.talk("shut").get(), "EOF", "close at connect")
        same(fake.talk("gone").get(), "RESET", "reset at connect")
        t = fake.talk("no")
        same([t.get(), t.get()], ["554 no", "EOF"], "554 greeting ends")
        t = fake.talk("cut")
        strict = context()
        strict.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        t.sock = strict.wrap_socket(t.sock, server_hostname="localhost",
                                    suppress_ragged_eofs=False)
        t.get()
        try:
            got = t.say("EHLO me")
        except ssl.SSLError as e:
            got = e.reason
        same(got, "UNEXPECTED_EOF_WHILE_READING", "cut: no close_notify")


def send(fake, body, name="smtp"):
    t = fake.talk(name)
    t.hello()
    t.say(ALICE)
    t.say(BOB)
    t.say("DATA")
    try:
        return t.say(body)
    except (BrokenPipeError, ConnectionResetError):
        return "BROKEN"


def test_body():
    text = ("x" * 70 + "\r\n") * 1000
    with Fake(smtp={"on": {"final": [
                  {"reply": "554 5.6.0 no"}, {"close": True}, None],
                  "body": [None, None, {"rst_after_dot": True},
                           {"close_after_bytes": 20000},
                           {"after_bytes": 100, "reply": "451 stop"}]}},
              count={"discard": True}) as fake:
        same(send(fake, text + "."), "554 5.6.0 no", "final 554")
        ok(fake.has("refused-1.json"), "kept as refused")
        same(send(fake, text + "."), "EOF", "close after the dot")
        same(send(fake, text + "."), "RESET", "reset after the dot")
        ok(send(fake, text + ".") in ("EOF", "BROKEN"), "close in the body")
        ok(fake.has("partial-1.eml"), "kept as partial")
        same(send(fake, text + "."), "451 stop", "reply in the body")
        ok(not fake.has("msg-2.json"), "only the last was accepted")
        same(send(fake, "a\nb\rc \xe9\0\r\n" + "y" * 1200 + "\r\n."),
             "250 2.0.0 accepted", "a bad body is taken")
        facts = fake.facts("msg-2")
        same([facts[k] for k in ("bare", "eight_bit", "nul", "longest")],
             [True, True, True, 1200], "... and its faults are noted")
        same(send(fake, "."), "250 2.0.0 accepted", "an empty body")
        same(fake.read("msg-3.eml"), b"", "... is empty")
        same(send(fake, text + ".", "count"), "250 2.0.0 accepted", "discard")
        same((fake.facts("msg-4")["size"], fake.has("msg-4.eml")),
             (len(text), False), "... only counts")


def test_starttls():
    with Fake(smtp={"tls": "starttls", "ehlo_plain": ["STARTTLS", "AUTH X"],
                    "on": {"starttls": [
                        {"starttls_inject": "250 injected\r\n"},
                        {"reply": "454 4.7.0 no"}],
                        "tls": {"raw": "garbage\r\n", "close": True}}},
              plain={"tls": "starttls", "ehlo_plain": []}) as fake:
        t = fake.talk()
        same(t.hello().split("\n")[1:], ["250-STARTTLS", "250 AUTH X"],
             "ehlo_plain")
        same(t.say("STARTTLS"), "220 2.0.0 go ahead", "starttls")
        ok(t.buf.startswith(b"250 injected\r\n"), "injected in one write",
           t.buf)
        same([t.get(), t.get(), t.get()],
             ["250 injected", "garbage", "EOF"], "raw at tls")
        t = fake.talk()
        t.hello()
        same(t.say("STARTTLS"), "454 4.7.0 no", "starttls refused")
        same(t.say("NOOP")[:3], "250", "... and the session goes on")
        ok("STARTTLS" not in fake.talk("plain").hello(), "no STARTTLS")


def test_auth():
    bearer = "user=alice@example.org\1auth=Bearer %s\1\1"
    oauth = "n,a=a=3Db=2C,\1host=localhost\1port=1\1auth=Bearer %s\1\1"
    with Fake(smtp={"auth": {"XOAUTH2": ["good"], "OAUTHBEARER": ["good"],
                             "LOGIN": {"alice": "pw"}},
                    "on": {"verdict": [{"refuse": True}],
                           "auth:LOGIN": [{"reply": "454 4.7.0 later"}]}}
              ) as fake:
        t = fake.talk()
        ok("AUTH XOAUTH2 OAUTHBEARER LOGIN" in t.hello(), "AUTH keyword")
        good = b64(bearer % "good")
        got = t.say("AUTH XOAUTH2 " + good)
        same(json.loads(base64.b64decode(got[4:]))["status"], "401",
             "refuse: error challenge")
        same(t.say("")[:3], "535", "... then 535")
        same(t.say("AUTH XOAUTH2"), "334 ", "without initial response")
        same(t.say(b64(bearer % "bad"))[:3], "334", "bad token")
        same(t.say("")[:3], "535", "... then 535")
        got = t.say("AUTH OAUTHBEARER " + b64(oauth % "bad"))
        same(json.loads(base64.b64decode(got[4:]))["status"],
             "invalid_token", "bad token, OAUTHBEARER")
        same(t.say("")[:3], "535", "... then 535")
        ok("AQ==" in str(fake.trace("!")), "but 0x01 was wanted")
        same(t.say("AUTH LOGIN"), "454 4.7.0 later", "by mechanism")
        same(t.say("AUTH LOGIN"), "334 VXNlcm5hbWU6", "LOGIN user")
        same(t.say("*")[:3], "501", "cancelled")
        t.say("AUTH LOGIN")
        same(t.say(b64("alice")), "334 UGFzc3dvcmQ6", "LOGIN password")
        same(t.say(b64("pw"))[:3], "235", "LOGIN")
        t = fake.talk()
        t.hello()
        same(t.say("AUTH OAUTHBEARER " + b64(oauth % "good"))[:3], "235",
             "OAUTHBEARER")
        ok("user=a=b, secret=good good" in str(fake.trace("*")),
           "the user is decoded", fake.trace("*"))


def test_client_certificate():
    with Fake(smtp={"tls": "implicit", "client_ca": "ca",
                    "auth": {"EXTERNAL": ["app.example.com"]}}) as fake:
        for shown, want in ((True, "235"), (False, "535")):
            mine = context()
            if shown:
                mine.load_cert_chain(CERTS + "/client.pem")
            client = smtplib.SMTP_SSL("localhost", fake.ports["smtp"],
                                      context=mine)
            client.ehlo("me.example.test")
            same(str(client.docmd("AUTH", "EXTERNAL =")[0]), want,
                 f"EXTERNAL, certificate shown: {shown}")
            client.quit()
        events = [text for _, _, text in fake.trace("*")]
        ok(events[1].endswith(" client=app.example.com"),
           "the client's name is in the trace", events)
    run = subprocess.run(
        ["openssl", "pkey", "-in", CERTS + "/client-locked.pem", "-noout",
         "-passin", "pass:open up"], check=False)
    same(run.returncode, 0, "the passphrase opens the locked key")


def ask(fake, name="token", form="grant_type=x&client_id=id&"
        "client_secret=s+%26", headers=None):
    port = fake.ports[name]
    http_ = (http.client.HTTPConnection("localhost", port, timeout=5)
             if name == "plain" else http.client.HTTPSConnection(
                 "localhost", port, context=context(), timeout=5))
    http_.request("POST", "/token?a=b", form, {
        "Content-Type": "application/x-www-form-urlencoded",
        **(headers or {})})
    answer = http_.getresponse()
    return answer.status, answer.read(), dict(answer.getheaders())


def test_token():
    client = {"id": "id", "secret": "s &"}
    give = {"json": {"access_token": "$token", "expires_in": 3600}}
    with Fake(
            smtp={"auth": {"XOAUTH2": []}, "accept_issued": True,
                  "token_uses": 2},
            token={"type": "token", "client": client, "responses": [
                give, {**give, "token_length": 900, "revoke": True},
                {"body": "<html>oops</html>", "status": 500},
                {"redirect": "https://localhost/x"}, {"huge": 100000},
                {"close": True}, {"reset": True}, {"status": 200}]},
            plain={"type": "token", "tls": "none", "client": {
                **client, "auth": "basic"}, "responses": [give]}) as fake:
        status, body, _ = ask(fake)
        token = json.loads(body)["access_token"]
        ok(status == 200 and token.startswith("t-1-"), "a token", body)
        facts = fake.facts("token-1")
        same((facts["form"]["client_secret"], facts["request"],
              facts["issued"], facts["basic"]),
             ("s &", "POST /token?a=b HTTP/1.1", token, None), "recorded")
        same(ask(fake, form="client_id=id&client_secret=s")[0], 401,
             "wrong secret")

        def login(secret):
            t = fake.talk()
            t.hello()
            t.say("AUTH XOAUTH2")
            return t.say(b64(f"user=a\1auth=Bearer {secret}\1\1"))[:3]
        same([login(token), login(token), login(token)],
             ["235", "235", "334"], "good for two uses")
        long = json.loads(ask(fake)[1])["access_token"]
        same((len(long), login(long), login(token)), (900, "235", "334"),
             "a long token revokes the older one")
        same(ask(fake)[:2], (500, b"<html>oops</html>"), "html")
        same((lambda a: (a[0], a[2]["Location"]))(ask(fake)),
             (302, "https://localhost/x"), "redirect")
        same(len(ask(fake)[1]), 100019, "huge")
        for name in "close", "reset":
            try:
                ask(fake)
                ok(False, name)
            except ConnectionError:
                ok(True, name)
        same([ask(fake)[:2], ask(fake)[:2]], [(200, b"")] * 2,
             "the last repeats")
        same(ask(fake, "plain")[0], 401, "basic wanted, post came")
        word = "Basic " + b64("id:s+%26")
        same(ask(fake, "plain", "x=", {"Authorization": word})[0], 200,
             "basic")


def test_refresh():
    give = {"json": {"access_token": "$token", "refresh_token": "$refresh"}}
    keep = {"json": {"access_token": "$token"}}
    form = "grant_type=refresh_token&refresh_token="
    with Fake(
            token={"type": "token", "responses": [give],
                   "refresh": {"tokens": ["r0", "s0"], "rotate": True}},
            keeps={"type": "token", "responses": [keep],
                   "refresh": {"tokens": ["r0"]}},
            loses={"type": "token", "responses": [{**give, "lose": True}, give],
                   "refresh": {"tokens": ["r0"], "rotate": True}},
            app={"type": "token", "grant": "client_credentials",
                 "responses": [keep]}) as fake:
        def redeem(token, name="token"):
            status, body, _ = ask(fake, name, form + token)
            body = json.loads(body)
            return body.get("refresh_token") or body.get("error", status)
        first = redeem("r0")
        ok(first.startswith("r-"), "a new refresh token", first)
        facts = fake.facts("token-1")
        same((facts["form"]["refresh_token"], facts["refresh"]),
             ("r0", first), "both are recorded")
        second = redeem(first)
        same((redeem("x"), redeem("r0"), redeem(second)),
             ("invalid_grant",) * 3, "used again, it ends its family")
        ok(redeem("s0").startswith("r-"), "and no other")
        same((redeem("r0", "keeps"), redeem("r0", "keeps")), (200, 200),
             "without rotation it stays good")
        same(json.loads(ask(fake, "keeps", "grant_type=password")[1])["error"],
             "unsupported_grant_type", "another grant")
        same(ask(fake, "app", "grant_type=client_credentials")[0], 200,
             "the one grant")
        same(ask(fake, "app", form + "r0")[0], 400, "and no other grant")
        try:
            ask(fake, "loses", form + "r0")
            ok(False, "an answer is lost")
        except ConnectionError:
            ok(True, "an answer is lost")
        same(redeem("r0", "loses"), "invalid_grant", "the token is spent")


def call(fake, path, form=None, follow=False):
    """Status and JSON of an endpoint of the listener auth; with follow the
    parameters of where it redirects to."""
    http_ = http.client.HTTPConnection("localhost", fake.ports["auth"],
                                       timeout=5)
    if form is None:
        http_.request("GET", path)
    else:
        http_.request("POST", path, urllib.parse.urlencode(form))
    answer = http_.getresponse()
    if follow:
        to = urllib.parse.urlsplit(answer.getheader("Location", ""))
        return dict(urllib.parse.parse_qsl(to.query))
    return answer.status, json.loads(answer.read() or "null")


def run_browser(*args):
    run = subprocess.run([T + "/fake/browser", *args], capture_output=True,
                         env={**os.environ, "FAKE_CERTS": CERTS}, text=True,
                         check=False)
    return run.returncode, run.stdout


GIVE = {"access_token": "$token", "refresh_token": "$refresh",
        "id_token": "$id_token"}
AUTH = {"type": "auth", "tls": "none", "login": "a@example.org",
        "refresh": {"tokens": [], "rotate": True},
        "responses": [{"json": GIVE}]}


def test_device():
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    with Fake(auth={**AUTH, "device": [{"interval": None, "x": 1},
                                       {"status": 503}],
                    "polls": ["authorization_pending", "slow_down",
                              {"status": 429}, "approve"]}) as fake:
        status, words = call(fake, "/device", {"client_id": "id"})
        same((status, words["user_code"], "interval" in words, words["x"]),
             (200, "ABCD-EFGH", False, 1), "a device code")
        form = {"grant_type": grant, "device_code": words["device_code"]}
        same([call(fake, "/token", form)[1]["error"] for _ in range(2)],
             ["authorization_pending", "slow_down"], "polls as told")
        same(call(fake, "/token", {**form, "device_code": "d"})[1]["error"],
             "invalid_grant", "a foreign code uses up nothing")
        same(call(fake, "/token", form)[0], 429, "busy")
        status, words = call(fake, "/token", form)
        claims = words["id_token"].split(".")[1]
        same((status, json.loads(base64.urlsafe_b64decode(
            claims + "==="))["email"]), (200, "a@example.org"), "then a token")
        same(call(fake, "/token", form)[0], 400, "once")
        form = {"grant_type": "refresh_token",
                "refresh_token": words["refresh_token"]}
        _, words = call(fake, "/token", form)
        ok(words["refresh_token"].startswith("r-"), "which can be refreshed")
        form["refresh_token"] = words["refresh_token"]
        same(call(fake, "/revoke", {"token": form["refresh_token"]})[0], 200,
             "revoked")
        same(call(fake, "/token", form)[0], 400, "and so no good")
        same((fake.has("device-1.json"), fake.has("revoke-1.json")),
             (True, True), "all is recorded")


def test_code():
    verifier = "v" * 43
    back = "http://127.0.0.1:1/cb"
    query = {"client_id": "id", "redirect_uri": back, "state": "s",
             "code_challenge_method": "S256",
             "code_challenge": base64.urlsafe_b64encode(
                 hashlib.sha256(verifier.encode()).digest()).decode()[:43]}
    url = "/authorize?" + urllib.parse.urlencode(query)
    with Fake(auth={**AUTH, "discovery": "openid", "authorize": [
            "approve", "approve", {"state": "t", "iss": None},
            "access_denied"], "metadata": {"revocation_endpoint": None,
                                           "x": 1}}) as fake:
        form = {"grant_type": "authorization_code", "redirect_uri": back,
                "code_verifier": verifier}
        words = call(fake, url, follow=True)
        same((words["state"], words["iss"]),
             ("s", f"http://localhost:{fake.ports['auth']}"), "comes back")
        form["code"] = words["code"]
        same([call(fake, "/token", form)[0] for _ in range(2)], [200, 400],
             "a code is good for once")
        form["code"] = call(fake, url, follow=True)["code"]
        same(call(fake, "/token", {**form, "code_verifier": "w"})[0], 400,
             "and with its verifier")
        words = call(fake, url, follow=True)
        same((words["state"], "iss" in words), ("t", False), "spoilt")
        same(call(fake, url, follow=True)["error"], "access_denied", "refused")
        same(call(fake, "/authorize?client_id=id")[0], 400, "without PKCE")
        place = "/.well-known/o"
        same(call(fake, place + "auth-authorization-server")[0], 404,
             "metadata elsewhere")
        status, words = call(fake, place + "penid-configuration")
        same((status, "revocation_endpoint" in words, words["x"]),
             (200, False, 1), "metadata")
        same((call(fake, "/x")[0], fake.has("stray-2.json")), (404, False),
             "all else")
        port = fake.ports["auth"]
        code, said = run_browser(f"http://localhost:{port}{url}")
        same((code, said.split("?")[0]), (1, back), "a browser gets no page")
        query["redirect_uri"] = f"http://localhost:{port}/x"
        same(run_browser("state=", f"http://localhost:{port}/authorize?" +
                         urllib.parse.urlencode(query))[1].split("\n")[:2],
             [f"http://localhost:{port}/x", "404"], "a browser follows")
        same("state" in fake.facts("stray-2")["query"], False, "and spoils")


def test_life():
    with Fake(lifetime=0.3, smtp={}) as fake:
        same(fake.run.wait(5), 0, "ends with its lifetime")
    with Fake(smtp={}) as fake:
        fake.run.stdin.close()
        same(fake.run.wait(5), 0, "ends with its standard input")
    for script in ({"smtp": {"on": {"rctp": {}}}}, {"smtp": {"tsl": 1}},
                   {"smtp": {"on": {"rcpt": {"replay": "x"}}}}):
        with open(TMP + "/bad", "w", encoding="utf-8") as f:
            json.dump({"listeners": script}, f)
        run = subprocess.run([T + "/fake/server", TMP + "/bad", TMP + "/r",
                              TMP], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, check=False)
        ok(run.returncode == 1 and "unknown key" in run.stderr,
           "a misspelt script", run.stderr)


def main():
    try:
        subprocess.run([T + "/fake/certs", CERTS], check=True)
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                test()
        print(f"1..{count}")
    finally:
        shutil.rmtree(TMP)


sys.exit(main())
