# SPDX-License-Identifier: ISC
"""A provider in trouble: slow, busy, or somebody else in its place."""
import time
from email.utils import formatdate

from harness import CONFIG, TEMPFAIL, TO, message, want

PORTAL = ("<!doctype html><title>Welcome to the Wi-Fi</title>"
          "<form action='/accept'><button>Accept</button></form>")


def fault(b, status, text="", **headers):
    """The next token request is answered so, with the wish to wait."""
    b.faults({"path": "/token", "status": status, "body": text,
              "headers": {"Retry-After": "1"} | headers})


def refused(b, says, status=TEMPFAIL):
    """Not now, and why; nobody is asked before it is time; then it goes."""
    h = b.home()
    h.system()
    b.token_requests("post")
    for _ in range(2):
        h.send(message(), TO, status=status, says=says)
        b.nothing()
    asked = b.token_requests("post")
    want(len(asked) == 1, f"token requests: {asked}")
    return h


def c_busy(b):
    """429 with Retry-After in seconds, and as a date: 75, then it goes"""
    fault(b, 429, '{"error": "slow_down"}')
    refused(b, ["429"]).recover()
    fault(b, 429, **{"Retry-After": formatdate(time.time() + 2, usegmt=True)})
    refused(b, ["429"]).recover()


def c_errors(b):
    """500 with a page, 503 with nothing: 75, then it goes"""
    for status, text in (500, "<h1>Oops</h1>"), (503, ""):
        fault(b, status, text)
        refused(b, [str(status)]).recover()


def c_portal(b):
    """a captive portal's page in the place of the answer: 75, then it goes"""
    fault(b, 200, PORTAL, **{"Content-Type": "text/html"})
    refused(b, ["captive portal", "sign in at the network"]).recover()


def c_cut(b):
    """an answer that ends in its midst: 75, then it goes"""
    fault(b, 200, '{"access_token": "abc', **{
        "Content-Type": "application/json"})
    refused(b, ["JSON"]).recover()


def c_redirect(b):
    """a redirect is not followed, and the secret not sent there: 78"""
    origin = b.provider("authlib")["issuer"]
    fault(b, 307, **{"Location": origin + "/introspect"})
    refused(b, ["307", "redirects are not followed"], CONFIG)


def c_slow(b):
    """a slow provider: waited for, as long as the configuration says"""
    b.faults({"path": "/token", "delay": 2, "times": 1})
    h = b.home()
    h.system()
    h.deliver()
    b.faults({"path": "/token", "delay": 4, "times": 1})
    h = b.home()
    h.system(timeouts={"token": "1s"})
    h.send(message(), TO, status=TEMPFAIL, says=["(?i)time"])
    b.nothing()


def c_mail_server_cannot_ask(b):
    """the mail server can't ask the provider about a token (454): 75, kept"""
    h = b.home()
    h.system()
    h.deliver()
    b.faults({"path": "/introspect", "status": 500, "times": 99})
    h.send(message(), TO, status=TEMPFAIL, says=[r"\b454\b"])
    b.token_requests("post")
    b.faults()
    h.deliver()
    b.want_asked("post", "authlib")
