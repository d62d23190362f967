# SPDX-License-Identifier: ISC
"""Mail through one provider (Authlib) and Dovecot: what arrives, and what is
said where nothing can."""
import hashlib
import os
import re

from harness import (CONFIG, LIMIT, NOPERM, OK, REFUSED, TEMPFAIL, TO, message,
                     want, without_received)


def c_post(b):
    """client_credentials with client_secret_post, XOAUTH2, STARTTLS"""
    h = b.home()
    h.system(sasl="XOAUTH2")
    h.send(message(), TO)
    b.one(message())
    asked = b.token_requests("post")
    want([(r["auth"], r["status"]) for r in asked] == [("post", 200)],
         f"token requests: {asked}")
    want("method=XOAUTH2" in b.dovecot_log(), "Dovecot saw no XOAUTH2")


def c_basic(b):
    """client_credentials with client_secret_basic, OAUTHBEARER, TLS"""
    h = b.home()
    h.system("basic", "tls", sasl="OAUTHBEARER")
    h.send(message(), TO)
    b.one(message())
    asked = b.token_requests("basic")
    want([(r["auth"], r["status"]) for r in asked] == [("basic", 200)],
         f"token requests: {asked}")
    want("method=OAUTHBEARER" in b.dovecot_log(), "Dovecot saw no OAUTHBEARER")


def c_basic_raw(b):
    """client_secret_basic without form-encoding, a secret that needs care"""
    h = b.home()
    h.system("basic_raw")
    h.send(message(), TO)
    b.one(message())
    want(len(b.token_requests("basic_raw")) == 1, "not one token request")


def c_plain(b):
    """password, PLAIN, TLS"""
    password(b, "PLAIN", "tls")


def c_login(b):
    """password, LOGIN, STARTTLS"""
    password(b, "LOGIN", "starttls")


def c_scram(b):
    """password, SCRAM-SHA-256, TLS; the server never sees the password"""
    password(b, "SCRAM-SHA-256", "tls")


def c_sealed(b):
    """a password that "osmtp seal --set" has put into the configuration"""
    h = b.home()
    h.mailbox()
    secret = b.facts["mailbox"]["password"]
    h.command("seal", "--set", "it.password", text=secret.encode() + b"\n")
    with open(os.path.join(h.path, ".config", "osmtp", "osmtp.conf")) as f:
        text = f.read()
    want("sealed:v1:" in text and secret not in text, "it is not sealed")
    address = b.facts["mailbox"]["address"]
    h.send(message(sender=address), TO)
    b.one(message(sender=address), sender=address)


def c_queued(b):
    """a server that is down: queued, and delivered once it is back"""
    h = b.home()
    h.system()
    right = h.server("starttls")
    h.system(server="smtp://localhost:9")
    child = h.queue(message(), TO)
    want(child.wait(LIMIT) == OK, "not queued")
    want(b"queued as " in child.stdout.read(), "that is not said")
    child.stdout.close()
    b.nothing()
    h.system(server=right)
    h.command("run", "--once")
    b.one(message())
    want("empty" in h.command("queue"), "something is left")


def c_dsn(b):
    """NOTIFY, RET and ENVID pass through a server that offers DSN"""
    h = b.home()
    h.system()
    h.send(message(), "-N", "success,delay", "-R", "hdrs", "-V", "a+b=1", TO)
    mails = b.arrived()
    want(len(mails) == 1, f"{len(mails)} messages arrived")
    sender, rcpt = mails[0][0]
    for word in "RET=HDRS", "ENVID=a+2Bb+3D1":
        want(word in sender.split(), f"no {word}: {sender}")
    for word in "NOTIFY=SUCCESS,DELAY", f"ORCPT=rfc822;{TO}":
        want(word in rcpt.split(), f"no {word}: {rcpt}")


def c_ten_at_once(b):
    """ten commands at once without a token: one token request"""
    h = b.home()
    h.system()
    b.token_requests("post")
    h.many(10)
    want(len(b.token_requests("post")) == 1, "not one token request")


def password(b, mechanism, way):
    h = b.home()
    h.mailbox(way, sasl=mechanism)
    address = b.facts["mailbox"]["address"]
    text = message(sender=address)
    h.send(text, TO)
    b.one(text, sender=address)
    want(f"method={mechanism}" in b.dovecot_log(),
         f"Dovecot saw no {mechanism}")


def c_cached(b):
    """two mails, one token request"""
    h = b.home()
    h.system()
    b.token_requests("post")
    for _ in range(2):
        h.send(message(), TO)
        b.one(message())
    want(len(b.token_requests("post")) == 1, "not one token request")


def c_revoked(b):
    """a cached token that was revoked is renewed once, on the same link"""
    h = b.home()
    h.system()
    h.send(message(), TO)
    b.one(message())
    b.token_requests("post")
    b.dovecot_log()
    want(b.revoke("post") > 0, "none to revoke")
    h.send(message(), TO)
    b.one(message())
    want(len(b.token_requests("post")) == 1, "not one token request")
    log = b.dovecot_log()
    refused = re.findall(r"auth: .*<(\S+)>\): oauth2 failed", log)
    login = re.findall(r"Login: .*session=<(\S+)>", log)
    want(len(refused) == 1 and refused == login,
         f"not one refusal and one login in one session: {log}")


def c_no_cache_of_refused(b):
    """after that the renewed token is the cached one"""
    h = b.home()
    h.system()
    h.send(message(), TO)
    b.revoke("post")
    h.send(message(), TO)
    b.token_requests("post")
    h.send(message(), TO)
    want(len(b.arrived()) == 3, "not three messages")
    want(not b.token_requests("post"), "a token was asked for again")


def c_wrong_secret(b):
    """wrong client secret: 78, with the provider's words"""
    h = b.home()
    h.system(secret="not-the-secret")
    h.send(message(), TO, status=CONFIG, says=["invalid_client"])
    b.nothing()


def c_wrong_scope(b):
    """a token for another scope is refused by the server: 78, with its words"""
    h = b.home()
    h.system("wrong_scope")
    b.token_requests("wrong_scope")
    h.send(message(), TO, status=CONFIG, says=[r"\b535\b"])
    want(len(b.token_requests("wrong_scope")) == 1,
         "a fresh token that was refused must not be renewed")
    b.nothing()


def c_wrong_ca_smtp(b):
    """a CA that did not sign the server's certificate: 78"""
    for way in "starttls", "tls":
        h = b.home()
        h.system(way=way, tls={"ca_file": b.facts["other_ca"]})
        h.send(message(), TO, status=CONFIG, says=["(?i)certificate"])
        b.nothing()


def c_wrong_ca_provider(b):
    """a CA that did not sign the provider's certificate: 78"""
    h = b.home()
    h.system(oauth={"ca_file": b.facts["other_ca"]})
    b.token_requests("post")
    h.send(message(), TO, status=CONFIG, says=["(?i)certificate"])
    want(not b.token_requests("post"), "the secret was sent")
    b.nothing()


def c_wrong_password(b):
    """wrong password of a mailbox: 77, with the server's words"""
    h = b.home()
    h.mailbox(password="not-the-password")
    address = b.facts["mailbox"]["address"]
    h.send(message(sender=address), TO, status=NOPERM,
           says=[r"\b535\b", "Authentication failed"])
    b.nothing()


def c_next_way(b):
    """oauth is refused by the provider, then the password is tried"""
    h = b.home()
    mailbox = b.facts["mailbox"]
    h.system(address=mailbox["address"], auth=["oauth", "password"],
             secret="not-the-secret",
             password=h.secret("password", mailbox["password"]))
    text = message(sender=mailbox["address"])
    h.send(text, TO)
    b.one(text, sender=mailbox["address"])
    want("invalid_client" in h.log(), "the log does not say what was refused")


def c_recipients(b):
    """three recipients, one refused: 67, the others get it"""
    refused = b.facts["sink"]["refused"]
    h = b.home()
    h.system()
    h.send(message(), "one@example.test", refused, "two@example.test",
           status=REFUSED, says=[re.escape(refused), r"5\.1\.1"])
    b.one(message(), ["one@example.test", "two@example.test"])


def c_dots(b):
    """dots at the beginning of lines"""
    body = b".\n..\n...\n.hidden\n. \n.\n\n.\n"
    bodies(b, body)


def c_eight_bit(b):
    """an 8-bit body: UTF-8, and octets that are not"""
    bodies(b, "Größe: 5 €\n".encode() + bytes(range(128, 256)) + b"\n")


def c_long_lines(b):
    """lines of 998 octets"""
    bodies(b, b"x" * 998 + b"\n" + b"." * 998 + b"\n")


def c_no_end_of_line(b):
    """the last line without an end gets one"""
    h = b.home()
    h.system()
    h.send(message(b"no end"), TO)
    b.one(message(b"no end\n"))


def c_five_megabytes(b):
    """a body of 5 MB"""
    line = b""
    lines, size = [], 0
    while size < 5 * 1024 * 1024:
        line = hashlib.sha256(line).hexdigest().encode()
        lines.append(line + b"\n")
        size += len(line) + 1
    bodies(b, b"".join(lines))


def bodies(b, body):
    h = b.home()
    h.system()
    h.send(message(body), TO)
    b.one(message(body))


def c_crlf(b):
    """a message that comes with CRLF goes as it is"""
    h = b.home()
    h.system()
    h.send(message().replace(b"\n", b"\r\n"), TO)
    b.one(message())


def c_rewritten(b):
    """system mail is rewritten to the profile's address, root goes to admin"""
    h = b.home()
    h.system(rewrite=True, auto_submitted=True)
    h.sender = []
    h.send(b"From: root (Cron Daemon)\nTo: root\nSubject: Cron\n\nout\n", "-t")
    mails = b.arrived()
    want(len(mails) == 1, f"{len(mails)} messages arrived")
    envelope, octets = mails[0]
    want("noreply@example.test" in envelope[0] and TO in envelope[1],
         f"the envelope is {envelope}")
    head, body = without_received(octets).split(b"\r\n\r\n", 1)
    want(body == b"out\r\n", f"the body is {body!r}")
    for pattern in (rb"^From: .*<noreply@example\.test>\r?$",
                    rb"^Subject: Cron\r?$", rb"^Date: ", rb"^Message-ID: <",
                    rb"^Auto-Submitted: auto-generated\r?$"):
        want(re.search(pattern, head, re.M | re.I),
             f"no {pattern!r} in {head!r}")


def c_provider_down(b):
    """nobody listens where the provider should be: 75"""
    h = b.home()
    port = b.facts["closed_port"]
    h.system(oauth={"token_url": f"https://localhost:{port}/token"})
    h.send(message(), TO, status=TEMPFAIL)
    b.nothing()


def c_server_down(b):
    """nobody listens where the server should be: 75"""
    h = b.home()
    h.system(server=f"smtp://localhost:{b.facts['closed_port']}")
    h.send(message(), TO, status=TEMPFAIL)
    b.nothing()
