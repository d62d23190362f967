# SPDX-License-Identifier: ISC
"""smtp: the SMTP side of the fake server: a strict submission server
(RFC 5321, 6409, 3207, 4954, 2920) whose every answer a script may change."""

import base64
import hashlib
import hmac
import json
import os
import re

from link import ENDING, Link, Over

STAGES = {"connect", "tls", "greeting", "ehlo", "helo", "starttls", "auth",
          "auth2", "verdict", "mail", "rcpt", "data", "body", "final", "rset",
          "noop", "vrfy", "quit"}
BODY_KEYS = {"after_bytes", "close_after_bytes", "rst_after_dot"}
LISTENER_KEYS = {"type", "tls", "tls_max", "cert", "client_ca", "ehlo",
                 "ehlo_plain", "auth", "require_auth", "accept_issued",
                 "token_uses", "auth_line_max", "discard", "on"}
DEFAULT_EHLO = ["PIPELINING", "SIZE 10485760", "8BITMIME",
                "ENHANCEDSTATUSCODES"]
REFUSAL = "535 5.7.8 authentication credentials invalid"
PATH = re.compile(r'(?:FROM|TO):<((?:"(?:[^"\\]|\\.)*"|[^\x00-\x20<>"])*)>'
                  r"((?: [^ ]+)*)$", re.I)
# RFC 3461 4, as strict as it is written.
XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"
EVENTS = "(?:SUCCESS|FAILURE|DELAY)"
DSN_FORMS = {"NOTIFY": re.compile(f"NEVER|{EVENTS}(?:,{EVENTS})*"),
             "ORCPT": re.compile(f"(?=.{{1,500}}$)[a-z0-9-]+;{XTEXT}+"),
             "RET": re.compile("FULL|HDRS"),
             "ENVID": re.compile(f"(?=.{{1,100}}$){XTEXT}+")}


class Store:
    """The files of one message while it comes in. keep=False only counts."""

    def __init__(self, place, stem, keep):
        self.place = place
        self.stem = os.path.join(place.folder, stem)
        self.size = 0
        self.longest = 0
        self.bare = self.eight_bit = self.nul = False
        self.hash = hashlib.sha256()
        self.ended = False
        self.files = {}
        if keep:
            self.files = {end: open(self.stem + end, "wb")
                          for end in (".eml", ".raw")}

    def add(self, wire, ended):
        """Whole lines as they were on the wire; the last has the dot."""
        text = (b"\r\n" + wire).replace(b"\r\n.", b"\r\n")[2:]
        if ended:
            text = text[:-2]
        self.size += len(text)
        self.hash.update(text)
        rest = text.replace(b"\r\n", b"")
        self.bare |= b"\r" in rest or b"\n" in rest
        self.eight_bit |= not rest.isascii()
        self.nul |= b"\0" in rest
        self.longest = max([self.longest] + [len(line) for line
                                             in text.split(b"\r\n")])
        for end, what in ((".eml", text), (".raw", wire)):
            if end in self.files:
                self.files[end].write(what)

    def end(self, kind, facts):
        """Give it its name for good: KIND-N.eml, .raw and .json."""
        if self.ended:
            return
        self.ended = True
        facts.update(size=self.size, sha256=self.hash.hexdigest(),
                     longest=self.longest, bare=self.bare, nul=self.nul,
                     eight_bit=self.eight_bit)
        with self.place.lock:
            name = self.place.next_name(kind)
            for end, file in self.files.items():
                file.close()
                os.rename(self.stem + end, name + end)
            self.place.write_json(name + ".json", facts)


class Session:
    """One connection. The words of the client come in order; each do_VERB()
    works out what a strict server says and lets the script have its way."""

    def __init__(self, listener, sock, number):
        self.conf = listener.conf
        self.place = listener.place
        self.name = listener.name
        self.script = listener.script
        self.context = listener.context
        self.link = Link(sock, number, listener.trace)
        self.messages = 0
        self.login = None
        self.greet(None)

    def greet(self, helo, reply=""):
        """A new beginning; reply is what we said to EHLO."""
        self.helo = helo
        offers = [line[4:].split() for line in reply.split("\r\n")[1:]]
        self.words = {o[0].upper(): o[1:] for o in offers if o}
        self.reset()

    def reset(self):
        self.mail = None
        self.rcpts = []

    # Talking.

    def breach(self, text):
        self.link.note("!", text)

    def say(self, text):
        self.link.answer(None, text)

    def must_wait(self, stage, alone):
        """Note a client that did not wait for its reply. alone: it must,
        even with PIPELINING."""
        if (alone or "PIPELINING" not in self.words) and (
                self.link.spoke_early()):
            self.breach(f"pipelined behind {stage}")

    def reply(self, stage, default, detail="", alone=False):
        """Say what the script wants, or default. Returns the code."""
        self.must_wait(stage, alone)
        return self.link.answer(self.script.take(stage, detail), default)[:3]

    def run(self):
        link = self.link
        try:
            link.note("*", "connected")
            link.answer(self.script.take("connect"))
            if self.conf.get("tls") == "implicit":
                self.start_tls()
            if self.reply("greeting", "220 fake.example.test ESMTP",
                          alone=True)[:1] == "2":
                while True:
                    self.command(link.line())
            link.end_by_close()
        except Over:
            link.sock.close()

    def start_tls(self):
        self.link.answer(self.script.take("tls"))
        self.link.start_tls(self.context)

    def command(self, line):
        verb, _, arg = line.partition(" ")
        verb = verb.lower()
        limit = self.conf.get("auth_line_max", 512) if verb == "auth" else 2048
        do = getattr(self, "do_" + verb, None)
        if "\r" in line or "\n" in line or "\0" in line:
            self.breach("a bare CR or LF or a NUL in a command")
            self.say("500 5.5.2 line ends badly")
        elif len(line) + 2 > limit:
            self.breach("command line too long")
            self.say("500 5.5.2 line too long")
        elif not do:
            self.breach("unknown command")
            self.say("500 5.5.1 command unknown")
        else:
            do(arg)

    def out_of_order(self, text):
        self.breach(text)
        self.say("503 5.5.1 " + text)

    # Commands.

    def keywords(self):
        starttls = self.conf.get("tls") == "starttls" and not self.link.tls
        if starttls and "ehlo_plain" in self.conf:
            return list(self.conf["ehlo_plain"])
        words = list(self.conf.get("ehlo", DEFAULT_EHLO))
        if starttls:
            words = [w for w in words if not w.startswith("AUTH")]
            words.append("STARTTLS")
        elif self.conf.get("auth") and not any(
                w.startswith("AUTH") for w in words):
            words.append("AUTH " + " ".join(self.conf["auth"]))
        return words

    def do_ehlo(self, arg):
        if not arg:
            self.say("501 5.5.4 EHLO needs a name")
            return
        words = ["fake.example.test"] + self.keywords()
        text = "".join(f"250-{w}\r\n" for w in words[:-1])
        self.must_wait("ehlo", True)
        said = self.link.answer(self.script.take("ehlo"),
                                text + "250 " + words[-1])
        if said.startswith("250"):
            self.greet(arg, said)

    def do_helo(self, arg):
        if self.reply("helo", "250 fake.example.test", alone=True) == "250":
            self.greet(arg)

    def do_starttls(self, _):
        if self.conf.get("tls") != "starttls" or self.link.tls:
            self.out_of_order("STARTTLS has no place")
            return
        code = self.reply("starttls", "220 2.0.0 go ahead", alone=True)
        if code == "220":
            self.link.buf.clear()
            self.start_tls()
            self.greet(None)

    def do_noop(self, _):
        self.reply("noop", "250 2.0.0 ok", alone=True)

    def do_vrfy(self, _):
        self.reply("vrfy", "252 2.1.5 send and see", alone=True)

    def do_rset(self, _):
        self.reset()
        self.reply("rset", "250 2.0.0 ok")

    def do_quit(self, _):
        self.reply("quit", "221 2.0.0 bye", alone=True)
        self.link.note("*", "quit")
        self.link.end_by_close()
        raise Over("quit")

    def parameters(self, words, known):
        """Of MAIL or RCPT: the fault as a reply, or None."""
        for word in words:
            key, _, value = word.partition("=")
            if known.get(key.upper(), "?") not in self.words:
                self.breach(f"parameter {key} was not offered")
                return "555 5.5.4 unknown parameter " + key
            if key in DSN_FORMS and not DSN_FORMS[key].fullmatch(value):
                self.breach(f"bad value of {key}: {value}")
                return "501 5.5.4 bad " + key
            if key.upper() == "SIZE":
                limit = int((self.words["SIZE"] or ["0"])[0])
                if not value.isdigit():
                    return "501 5.5.4 bad SIZE"
                if 0 < limit < int(value):
                    return "552 5.3.4 message too big"
        return None

    def path(self, verb, arg, known):
        """Split the argument. Returns address, parameters, fault."""
        match = PATH.match(arg)
        if not match or not arg.upper().startswith(verb):
            self.breach("bad syntax: " + arg)
            return "", [], "501 5.5.4 bad syntax"
        words = match[2].split()
        fault = self.parameters(words, known)
        if not fault and not match[1].isascii() and "SMTPUTF8" not in (
                self.mail["params"] if self.mail else words):
            self.breach("8-bit address without SMTPUTF8")
            fault = "553 5.6.7 address is not ASCII"
        return match[1], words, fault

    def do_mail(self, arg):
        if self.helo is None or self.mail:
            self.out_of_order("MAIL in a transaction" if self.mail
                              else "EHLO first")
            return
        address, words, fault = self.path("FROM:", arg, {
            "SIZE": "SIZE", "BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8",
            "RET": "DSN", "ENVID": "DSN", "AUTH": "AUTH"})
        if self.conf.get("tls") == "starttls" and not self.link.tls:
            self.breach("MAIL without TLS")
            fault = "530 5.7.0 STARTTLS first"
        elif self.conf.get("require_auth") and not self.login:
            fault = "530 5.7.0 authentication required"
        if self.reply("mail", fault or "250 2.1.0 ok", address) == "250":
            self.mail = {"argument": arg, "sender": address, "params": words}

    def do_rcpt(self, arg):
        if not self.mail:
            # No breach: behind a refused MAIL a pipelined RCPT is right.
            self.say("503 5.5.1 MAIL first")
            return
        address, words, fault = self.path("TO:", arg, {
            "NOTIFY": "DSN", "ORCPT": "DSN"})
        code = self.reply("rcpt", fault or "250 2.1.5 ok", address)
        self.rcpts.append({"argument": arg, "address": address,
                           "params": words, "code": code,
                           "accepted": code[:1] == "2"})

    def do_data(self, _):
        if not self.mail:
            self.say("503 5.5.1 MAIL first")
            return
        taken = any(r["accepted"] for r in self.rcpts)
        if self.reply("data", "354 go ahead" if taken else
                      "554 5.5.1 no valid recipients", alone=True) == "354":
            self.body()
            self.reset()

    # The message.

    def body(self):
        link = self.link
        self.messages += 1
        store = Store(self.place, f"in-{self.name}-{link.number}-"
                      f"{self.messages}", not self.conf.get("discard"))
        action = self.script.take("body") or {}
        try:
            self.read_body(store, action)
            link.note("*", f"body {store.size}")
            if action.get("rst_after_dot"):
                store.end("refused", self.facts(""))
                link.answer({"reset": True})
            self.must_wait("the dot", False)
            final = self.script.take("final")
            default = self.verdict(store)
            words = self.spoken(final, default)
            # The files stand before the client hears of it.
            store.end("msg" if words[:1] == "2" else "refused",
                      self.facts(words))
            link.answer(final, default)
        finally:
            store.end("partial", self.facts(""))

    def verdict(self, store):
        limit = int((self.words.get("SIZE") or ["0"])[0])
        if not any(r["accepted"] for r in self.rcpts):
            return "554 5.5.1 no valid recipients"
        if 0 < limit < store.size:
            return "552 5.3.4 message too big"
        return "250 2.0.0 accepted"

    @staticmethod
    def spoken(action, default):
        """What answer() will say, as far as the verdict goes."""
        action = action or {}
        for key in ("reply", "raw", "drip"):
            if key in action:
                return action[key]
        if "endless" in action or any(action.get(how) for how in ENDING):
            return ""
        return str(action.get("code", default[:3])) + default[3:]

    def read_body(self, store, action):
        link = self.link
        limit = action.get("close_after_bytes", action.get("after_bytes"))
        act = {k: v for k, v in action.items() if k not in BODY_KEYS}
        if "close_after_bytes" in action:
            act["close"] = True
        elif limit is None and act:
            limit = 0
        wire = 0
        while True:
            if limit is not None and wire + len(link.buf) >= limit:
                link.note("*", f"body stopped at {wire + len(link.buf)}")
                if any(act.get(how) for how in ENDING):
                    store.end("partial", self.facts(""))
                link.answer(act)
                limit = None
            # Only whole lines are looked at, so each look begins at a line.
            last = link.buf.rfind(b"\r\n")
            lines = bytes(link.buf[:last + 2]) if last >= 0 else b""
            end = (b"\r\n" + lines).find(b"\r\n.\r\n")
            if end >= 0:
                store.add(link.take(end + 3), True)
                return
            wire += len(lines)
            if lines:
                store.add(link.take(len(lines)), False)
            link.fill()

    def facts(self, final):
        return {"listener": self.name, "connection": self.link.number,
                "tls": self.link.tls, "helo": self.helo, "login": self.login,
                "mail": self.mail["argument"], "sender": self.mail["sender"],
                "params": self.mail["params"], "rcpts": self.rcpts,
                "accepted": [r["address"] for r in self.rcpts
                             if r["accepted"]],
                "final": final}

    # AUTH.

    def do_auth(self, arg):
        mech, _, initial = arg.partition(" ")
        mech = mech.upper()
        mechanism = getattr(
            self, "auth_" + mech.lower().replace("-", "_"), None)
        if self.helo is None or self.login or self.mail:
            self.out_of_order("AUTH has no place")
        elif self.conf.get("tls") == "starttls" and not self.link.tls:
            self.breach("AUTH without TLS")
            self.say("538 5.7.11 encryption required")
        elif not mechanism or mech not in self.conf.get("auth", {}):
            self.say("504 5.5.4 mechanism unknown")
        else:
            code = self.link.answer(self.script.take("auth", mech))[:3]
            while code == "334":
                self.link.line()
                code = self.reply("auth2", REFUSAL, mech, alone=True)
            if not code:
                self.exchange(mechanism, initial)

    def exchange(self, mechanism, initial):
        try:
            mechanism(initial)
        except ValueError:      # of base64 or UTF-8, too
            self.breach("bad base64 or response")
            self.say("501 5.5.2 cannot decode the response")

    def response(self, challenge, initial=""):
        """The client's decoded response; None if it gave up."""
        text = initial
        if not text:
            code = self.reply("auth2", "334 " + challenge, alone=True)
            if code != "334":
                return None
            text = self.link.line()
        if text == "*":
            self.say("501 5.0.0 cancelled")
            return None
        if text == "=" and initial:
            return ""
        return base64.b64decode(text, validate=True).decode()

    def auth_plain(self, initial):
        text = self.response("", initial)
        if text is not None:
            _, user, secret = text.split("\0")
            self.judge("PLAIN", user, secret)

    def auth_login(self, initial):
        user = self.response("VXNlcm5hbWU6", initial)
        if user is None:
            return
        secret = self.response("UGFzc3dvcmQ6")
        if secret is not None:
            self.judge("LOGIN", user, secret)

    def auth_cram_md5(self, initial):
        challenge = b"<1896.697170952@fake.example.test>"
        if initial:
            raise ValueError    # the server speaks first
        text = self.response(base64.b64encode(challenge).decode())
        if text is not None:
            user, _, digest = text.partition(" ")
            self.judge("CRAM-MD5", user, self.secret_that(
                "CRAM-MD5", user, lambda secret: digest == hmac.new(
                    secret, challenge, "md5").hexdigest()))

    def auth_scram_sha_256(self, initial):
        """RFC 5802 and 7677; without channel binding."""
        mech, salt, rounds = "SCRAM-SHA-256", b"salt of the fake", 4096
        text = self.response("", initial)
        if text is None:
            return
        match = re.fullmatch("n,,(n=([^,]+),r=([^,]+))", text)
        first = (f"r={match[3]}fake%%nonce,"
                 f"s={base64.b64encode(salt).decode()},i={rounds}")
        user = match[2].replace("=2C", ",").replace("=3D", "=")
        text = self.response(base64.b64encode(first.encode()).decode())
        if text is None:
            return
        bare, _, proof = text.rpartition(",p=")
        if bare != f"c=biws,r={match[3]}fake%%nonce":
            raise ValueError
        signed = f"{match[1]},{first},{bare}".encode()
        salted = {}

        def proves(secret):
            salted[secret] = hashlib.pbkdf2_hmac("sha256", secret, salt,
                                                 rounds)
            key = hmac.digest(salted[secret], b"Client Key", "sha256")
            signature = hmac.digest(hashlib.sha256(key).digest(), signed,
                                    "sha256")
            return base64.b64decode(proof, validate=True) == bytes(
                a ^ b for a, b in zip(key, signature))

        secret = self.secret_that(mech, user, proves)
        if secret != "?":
            key = hmac.digest(salted[secret.encode()], b"Server Key", "sha256")
            signature = hmac.digest(key, signed, "sha256")
            text = self.response(base64.b64encode(
                b"v=" + base64.b64encode(signature)).decode())
            if text is None:
                return
            if text:
                raise ValueError
        self.judge(mech, user, secret)

    def auth_external(self, initial):
        text = self.response("", initial)
        if text is not None:
            # Whom it wants to act for, if anybody (RFC 4422, appendix A).
            self.link.note("*", f"external authzid={text}")
            self.judge("EXTERNAL", text, self.link.client)

    def auth_xoauth2(self, initial):
        text = self.response("", initial)
        if text is not None:
            match = re.fullmatch("user=([^\1]*)\1auth=Bearer ([^\1]+)\1\1",
                                 text)
            if not match:
                raise ValueError
            self.judge("XOAUTH2", match[1], match[2], "", {
                "status": "401", "schemes": "bearer", "scope": "mail"})

    def auth_oauthbearer(self, initial):
        text = self.response("", initial)
        if text is not None:
            match = re.fullmatch(
                "n,a=([^,\1]*),\1((?:(?:host|port)=[^\1]+\1)*)"
                "auth=Bearer ([^\1]+)\1\1", text)
            if not match:
                raise ValueError
            if match[2]:
                self.link.note("*", "oauthbearer " +
                               match[2].replace("\1", " ").strip())
            user = match[1].replace("=2C", ",").replace("=3D", "=")
            self.judge("OAUTHBEARER", user, match[3], "AQ==", {
                "status": "invalid_token", "scope": "mail"})

    def secret_that(self, mech, user, fits):
        """The accepted secret that the client has shown to know, or "?"."""
        accepted = self.conf["auth"][mech]
        if isinstance(accepted, dict):
            accepted = [accepted[user]] if user in accepted else []
        return next((s for s in accepted if fits(s.encode())), "?")

    def known(self, mech, user, secret):
        """Is this one of the accepted secrets?"""
        accepted = self.conf["auth"][mech]
        if isinstance(accepted, dict):
            good = user in accepted and accepted[user] == secret
        else:
            good = secret in accepted
        if not good and self.conf.get("accept_issued"):
            good = self.place.use_token(secret, self.conf.get("token_uses"))
        return good

    def judge(self, mech, user, secret, give_up=None, challenge=None):
        """The verdict. challenge: what a bearer mechanism says in its error
        334, to which give_up is the only right answer."""
        action = self.script.take("verdict", mech) or {}
        good = self.known(mech, user, secret) and not action.get("refuse")
        self.link.note("*", f"auth {mech} user={user} secret={secret} "
                       f"{'good' if good else 'bad'}")
        act = {k: v for k, v in action.items() if k != "refuse"}
        if not good and challenge and not act:
            code = self.reply("auth2", "334 " + base64.b64encode(
                json.dumps(challenge).encode()).decode(), mech, alone=True)
            if code != "334":
                return
            if self.link.line() not in (give_up, "*"):
                self.breach(f"{mech} wants {give_up!r} after an error")
        self.must_wait("auth", True)
        said = self.link.answer(act, "235 2.7.0 welcome" if good else REFUSAL)
        if said[:3] == "235":
            self.login = {"mech": mech, "user": user, "secret": secret}
