# SPDX-License-Identifier: ISC
"""Refresh tokens: renewed, used once, by many at a time, revoked."""
from harness import NOPERM, TO, message, want


def c_rotation(b):
    """oidc-provider: each refresh token is used once, the next one is kept"""
    h = b.home()
    first = h.seeded("oidc")
    for _ in range(3):
        h.deliver()
        b.want_asked("person", "oidc", ("refresh_token", 200))
        want(b.revoke("person", "oidc", only="access") > 0, "none to revoke")
    h.deliver()
    b.want_asked("person", "oidc", ("refresh_token", 200))
    want("invalid_grant" not in h.log(), "a token was used twice")
    status, answer = b.refresh("oidc", "person", first)
    want(status == 400 and answer["error"] == "invalid_grant",
         f"the first refresh token is good still: {status}")


def c_family(b):
    """oidc-provider: a stolen refresh token ends the consent: 77, told"""
    h = b.home()
    first = h.seeded("oidc")
    h.deliver()
    b.refresh("oidc", "person", first)      # the thief
    h.send(message(sender=h.address), TO, status=NOPERM,
           says=["invalid_grant", "consent"])
    b.nothing()


def c_fifty(b):
    """oidc-provider: 50 processes, one rotating token: one token request"""
    h = b.home()
    h.seeded("oidc")
    h.many(50)
    b.want_asked("person", "oidc", ("refresh_token", 200))
    want(b.revoke("person", "oidc", only="access") > 0, "none to revoke")
    h.many(50)
    b.want_asked("person", "oidc", ("refresh_token", 200))
    h.deliver()
    b.want_asked("person", "oidc")


def c_one_time(b):
    """Glewlwyd: refresh tokens for one use, a chain that a second one ends"""
    h = b.home()
    first = h.seeded("glewlwyd", oauth={"min_life": "1h"})
    for _ in range(3):      # a token lives for an hour: never long enough
        h.deliver()
    log = h.log()
    want(log.count("event=token") == 3, f"not renewed each time: {log}")
    status, _ = b.refresh("glewlwyd", "person", first)
    want(status == 400, f"the first refresh token is good still: {status}")
    h.send(message(sender=h.address), TO, status=NOPERM,
           says=["consent"])
    b.nothing()


def c_authlib_rotation(b):
    """Authlib: rotation, tokens that soon end"""
    h = b.home()
    first = h.seeded("authlib", client="person_brief")
    h.deliver()
    b.want_asked("person_brief", "authlib", ("refresh_token", 200))
    status, _ = b.refresh("authlib", "person_brief", first)
    want(status == 400, f"the first refresh token is good still: {status}")
    h.deliver()
    want("invalid_grant" not in h.log(), "a token was used twice")


def c_mid_queue(b):
    """a token that ends in mid-queue is renewed for the next session"""
    slow = b.facts["sink"]["slow"]
    rcpts = [slow] * 6 + [TO] * 100     # a session serves 100 messages
    h = b.home()
    h.system("brief", server="smtp://localhost:9", oauth={"min_life": "0s"})
    while rcpts:
        some, rcpts = rcpts[:20], rcpts[20:]
        for child in [h.queue(message(to=to), to) for to in some]:
            child.wait()
            child.stdout.close()
    b.nothing()
    b.token_requests("brief")
    b.dovecot_log()
    h.system("brief", oauth={"min_life": "0s"})
    h.command("run", "--once")
    b.wait_for_mail(106)
    arrived, log = len(b.arrived()), b.dovecot_log()
    want(arrived == 106, f"{arrived} arrived")
    want(log.count(": Login: ") == 2, f"not two sessions: {log}")
    want("oauth2 failed" not in log, f"a token was used after its end: {log}")
    asked = b.token_requests("brief")
    want(0 < len(asked) < 3, f"token requests: {asked}")


def c_revoked_consent(b):
    """a consent that was revoked: 77, what helps, and the message is kept"""
    for provider in b.each("authlib", "oidc"):
        h = b.home()
        h.seeded(provider)
        h.deliver()
        want(b.revoke("person", provider) > 1, "no consent to revoke")
        h.send(message(sender=h.address), TO, status=NOPERM,
               says=["invalid_grant", "consent"])
        b.nothing()
