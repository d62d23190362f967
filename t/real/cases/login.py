# SPDX-License-Identifier: ISC
"""osmtp login and logout, with a person who does what the pages want."""
import os
import signal
import socket
import sys
import time
import urllib.parse

from harness import (HERE, LIMIT, NOPERM, OK, TEMPFAIL, TO, Login, message,
                     want)
from person import Person


def approve(b, event, answer="yes"):
    """What the person does with a device code, or an address."""
    return Person(b.facts, answer).visit(
        event.get("url_complete") or event["url"])


def stored(b, h):
    """What a login has brought is used."""
    token = h.command("token", "it").strip()
    want(token and token not in h.log(), "a token is in the log")
    h.deliver()


# ---- device codes


def c_device(b):
    """device code, approved, at oidc-provider, by the preset for OpenID"""
    facts, h = b.provider("oidc"), b.home()
    h.configure({
        "kind": "mailbox", "address": facts["person"]["address"],
        "preset": "oidc", "rewrite": False, "server": h.server("starttls"),
        "tls": {"ca_file": b.facts["ca"]},
        "oauth": {"issuer": facts["issuer"], "ca_file": b.facts["ca"]}
        | h.client("oidc", "person")})
    events = h.login()
    names = [e["event"] for e in events]
    want(names == ["code", "granted", "tested", "done", "end"],
         f"the events are {events}")
    stored(b, h)


def c_device_glewlwyd(b):
    """device code, approved, at Glewlwyd, by its issuer alone"""
    h = b.home()
    h.person("glewlwyd", "device_code", oauth={
        "token_url": None, "device_url": None, "revoke_url": None,
        "issuer": b.provider("glewlwyd")["issuer"]})
    h.login()
    stored(b, h)


def c_device_slow_down(b):
    """device code at Authlib: slow_down is obeyed"""
    h = b.home()
    h.person("authlib", "device_code")
    b.token_requests("person")
    login = Login(h)
    event = login.wait_for("code")
    polls, due = [], time.monotonic() + LIMIT
    while "slow_down" not in [p["error"] for p in polls]:
        polls += b.token_requests("person")
        want(time.monotonic() < due, "it is not told to slow down")
        time.sleep(0.05)
    approve(b, event)
    login.end()
    polls += b.token_requests("person")
    said = [p["error"] for p in polls]
    slower = said.index("slow_down")
    want(said[slower + 1:] == [None], f"the polls were answered {said}")
    gap = polls[slower + 1]["at"] - polls[slower]["at"]
    want(gap > 5.8, f"it asked again after {gap:.1f} s, and not 6")
    stored(b, h)


def c_device_denied(b):
    """device code, denied: 77; the consent that was there stays"""
    for provider in b.each("authlib", "oidc"):
        h = b.home()
        h.person(provider, "device_code")
        h.login()
        h.login(answer="no", status=NOPERM, says=["declined"])
        stored(b, h)


def c_device_expired(b):
    """device code, not entered in time: 75, and how to begin again"""
    for provider in b.each("authlib", "oidc"):
        h = b.home()
        h.person(provider, "device_code", client="person_brief")
        Login(h).end(TEMPFAIL, ["expired", "osmtp login it"])


# ---- authorization codes


def browser(h, answer="yes"):
    """A program for $BROWSER."""
    path = os.path.join(h.path, "browser")
    facts = os.path.join(h.facts["directory"], "sandbox.json")
    with open(path, "w") as f:
        f.write(f"#!/bin/sh\nexec '{sys.executable}' '{HERE}/person.py'"
                f" '{facts}' {answer} \"$1\" >'{h.path}/page'\n")
    os.chmod(path, 0o755)
    return {"BROWSER": path, "PYTHONDONTWRITEBYTECODE": "1"}


def c_browser(b):
    """authorization code with PKCE, in a browser that it starts itself"""
    h = b.home()
    h.person("oidc", "authorization_code")
    login = Login(h, "--browser", **browser(h))
    login.end()
    with open(os.path.join(h.path, "page")) as f:
        page = f.read()
    want(page.startswith("200 ") and "answer has arrived" in page,
         f"the page says {page}")
    stored(b, h)


def c_browser_glewlwyd(b):
    """authorization code with PKCE at Glewlwyd, on the registered port"""
    h = b.home()
    h.person("glewlwyd", "authorization_code", oauth={
        "redirect_port": b.facts["redirect_port"]})
    h.login()
    stored(b, h)


def c_browser_localhost(b):
    """authorization code, the redirect to localhost, endpoints by discovery"""
    h = b.home()
    h.person("oidc", "authorization_code", oauth={
        "redirect_host": "localhost", "token_url": None, "revoke_url": None,
        "authorize_url": None, "issuer": b.provider("oidc")["issuer"]})
    login = Login(h)
    event = login.wait_for("url")
    status, page = approve(b, event)
    want(status == 200 and "answer has arrived" in page, f"{status} {page}")
    login.end()
    stored(b, h)


def c_browser_denied(b):
    """authorization code, denied: 77, with a page that says so"""
    h = b.home()
    h.person("oidc", "authorization_code")
    login = Login(h)
    status, page = approve(b, login.wait_for("url"), "no")
    want(status == 400 and "not given" in page, f"{status} {page}")
    login.end(NOPERM, ["access_denied"])


def c_browser_foreign(b):
    """a foreign answer at the listener, and a second one: not taken"""
    h = b.home()
    h.person("oidc", "authorization_code")
    login = Login(h)
    event = login.wait_for("url")
    person = Person(b.facts)
    status, _, page = person.get(
        event["redirect_uri"] + "/?code=stolen&state=wrong")
    want(status == 400 and "no answer" in page, f"{status} {page}")
    last = approve(b, event, "look")
    want(person.get(last)[0] == 200, "the answer is not taken")
    login.end()
    stored(b, h)


def c_paste(b):
    """what is pasted: a foreign address, then the right one"""
    h = b.home()
    h.person("oidc", "authorization_code")
    login = Login(h, "--paste")
    event = login.wait_for("url")
    last = approve(b, event, "look")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(last).query))
    want("iss" in query and "state" in query, f"it came back with {query}")
    login.type(last.replace(query["state"], "x" * 20))
    login.wait_for_words("not the answer")
    login.type(last)
    login.end()
    stored(b, h)


def c_paste_code(b):
    """the code alone is pasted"""
    h = b.home()
    h.person("oidc", "authorization_code")
    login = Login(h, "--paste")
    last = approve(b, login.wait_for("url"), "look")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(last).query))
    login.type(query["code"])
    login.end()
    stored(b, h)


# ---- trouble on the way


def c_device_trouble(b):
    """the provider is busy while a login waits: said, and it goes on"""
    h = b.home()
    h.person("authlib", "device_code")
    login = Login(h)
    event = login.wait_for("code")
    b.faults({"path": "/token", "status": 503, "times": 1})
    login.wait_for("waiting")
    approve(b, event)
    login.end()
    stored(b, h)


def c_server_down(b):
    """the submission server is down: not stored, the old consent stays"""
    h = b.home()
    h.person("authlib", "device_code")
    h.login()
    h.person("authlib", "device_code", server="smtp://localhost:9")
    h.login(status=TEMPFAIL, says=["not stored"])
    h.person("authlib", "device_code")
    b.token_requests("person")
    stored(b, h)
    b.want_asked("person", "authlib")


def c_port_in_use(b):
    """the port of the redirect is in use: told before anybody is troubled"""
    with socket.create_server(("127.0.0.1", 0)) as other:
        h = b.home()
        h.person("oidc", "authorization_code", oauth={
            "redirect_port": other.getsockname()[1]})
        events = Login(h).end(TEMPFAIL, ["redirect_port"])
        want("url" not in [e["event"] for e in events], f"{events}")


# ---- what a login must not do


def c_somebody_else(b):
    """somebody else signs in: the server refuses, and nothing is stored"""
    h = b.home()
    h.person("oidc", "device_code", address="other@oidc.example.test")
    h.login(status=NOPERM, says=["535", "person@oidc.example.test"])
    h.send(message(sender=h.address), TO, status=NOPERM,
           says=["osmtp login it"])
    b.nothing()


def c_scope_not_granted(b):
    """a scope that is not granted: 77, with what is missing; not stored"""
    for provider in "authlib", "glewlwyd":
        h = b.home()
        h.person(provider, "device_code")
        h.login()
        h.person(provider, "device_code", oauth={"scope": "smtp calendar"})
        h.login(status=NOPERM, says=["not granted: calendar"])
        h.person(provider, "device_code")
        stored(b, h)


def c_interrupted(b):
    """a login that is interrupted changes nothing, and lets others log in"""
    h = b.home()
    h.person("oidc", "device_code")
    h.login()
    login = Login(h)
    login.wait_for("code")
    Login(h).end(TEMPFAIL, ["login"])       # one at a time
    login.child.send_signal(signal.SIGINT)
    code = login.child.wait(LIMIT)
    want(code != OK, "a login that was interrupted ends with 0")
    stored(b, h)
    h.login()


def c_again(b):
    """a revoked consent: mail waits, and is told; a new login sends it"""
    for provider in b.each("authlib", "oidc"):
        h = b.home()
        h.person(provider, "device_code")
        h.login()
        stored(b, h)
        want(b.revoke("person", provider) > 1, "no consent to revoke")
        text = message(sender=h.address)
        child = h.queue(text, TO)
        said = child.stdout.read().decode()
        child.wait(LIMIT)
        child.stdout.close()
        want("osmtp login it" in said, f"what helps is not said: {said}")
        b.nothing()
        done = h.login()[-2]
        want(done["queued"] == 1, f"the queue is not seen: {done}")
        b.wait_for_mail()
        b.one(text, sender=h.address)


# ---- logout


def c_logout(b):
    """logout revokes: the tokens are refused, and a login is needed"""
    for provider in b.each("authlib", "oidc", "glewlwyd"):
        h = b.home()
        h.person(provider, "device_code")
        h.login()
        stored(b, h)
        token = h.command("token", "it").strip()
        want(b.accepts(h.address, token), "the token is not good before")
        said = h.command("logout", "it")
        want("revoked at the server" in said, f"logout says {said}")
        if provider != "glewlwyd":      # whose access tokens outlive it
            want(not b.accepts(h.address, token), "the token is good still")
        h.send(message(sender=h.address), TO, status=NOPERM,
               says=["osmtp login it"])
        b.nothing()


def c_logout_provider_down(b):
    """logout with the provider down: forgotten here, and said"""
    h = b.home()
    h.person("authlib", "device_code")
    h.login()
    h.person("authlib", "device_code", oauth={
        "revoke_url": f"https://localhost:{b.facts['closed_port']}/revoke"})
    said = h.command("logout", "it")
    want("not revoked" in said, f"logout says {said}")
