# SPDX-License-Identifier: ISC
"""osmtp check, at real servers: each step, or what is wrong and whose it is."""
import subprocess

from harness import LIMIT, TO, want

OK, TROUBLE = 0, 2


def look(h, status, *argv):
    """Run it: the steps of the profile, by name."""
    done = subprocess.run(
        [h.osmtp, "check", "it", "--json", *argv], env=h.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=LIMIT)
    want(done.returncode == status,
         f"check: {done.returncode}, not {status}: {done.stdout}")
    for secret in h.secrets:
        want(secret not in done.stdout, f"a secret is shown: {done.stdout}")
    return done.stdout


def c_check(b):
    """osmtp check: all is well, at three providers, twice"""
    for provider, client in (("authlib", "basic"), ("glewlwyd", "basic"),
                             ("oidc", "ps256")):
        h = b.home()
        h.system(client, provider=provider)
        for _ in range(2):
            said = look(h, OK, "--to", TO)
            want("235" in said, f"no AUTH: {said}")
    b.nothing()


def c_check_secret(b):
    """osmtp check: a wrong client secret, with the provider's words"""
    h = b.home()
    h.system(secret="not-the-secret")
    said = look(h, TROUBLE)
    want("invalid_client" in said and '"not tried"' in said, said)


def c_check_scope(b):
    """osmtp check: a token for something else, with the server's words"""
    h = b.home()
    h.system("wrong_scope")
    said = look(h, TROUBLE)
    want("535" in said and "challenge" in said, said)


def c_check_consent(b):
    """osmtp check: a consent that was revoked, and what helps"""
    h = b.home()
    h.person("oidc", "device_code", oauth={"refresh_token": h.secret(
        "refresh", b.consent("oidc", "person"))})
    look(h, OK)
    want(b.revoke("person", "oidc") > 1, "no consent to revoke")
    said = look(h, TROUBLE)
    want("osmtp login it" in said, f"what helps is not said: {said}")


def c_check_portal(b):
    """osmtp check: a captive portal's page in the place of an answer"""
    b.faults({"path": "/token", "status": 200, "times": 9,
              "headers": {"Content-Type": "text/html"},
              "body": "<!doctype html><title>Welcome to the Wi-Fi</title>"})
    h = b.home()
    h.system()
    said = look(h, TROUBLE)
    want("this network" in said, f"what helps is not said: {said}")


def c_check_down(b):
    """osmtp check: nobody listens where the provider should be"""
    h = b.home()
    h.system(oauth={
        "token_url": f"https://localhost:{b.facts['closed_port']}/token"})
    said = look(h, TROUBLE)
    want("connect" in said, said)
