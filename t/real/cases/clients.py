# SPDX-License-Identifier: ISC
"""How a client shows who it is, at three providers."""
import json
import os
import secrets
import sys
import time

from authlib.jose import jwt

from harness import CONFIG, TEMPFAIL, TO, message, want


def authenticated(b, provider, client, how, **more):
    """A system sender's message arrives, by one token request of that kind."""
    h = b.home()
    h.system(client, provider=provider, **more)
    if "requests" in b.provider(provider):
        b.token_requests(client, provider)
    h.deliver()
    if "requests" in b.provider(provider):
        b.want_asked(client, provider, (how, 200))
    return h


def c_oidc_post(b):
    """oidc-provider: client_secret_post, a secret that needs care"""
    authenticated(b, "oidc", "post", "post")


def c_oidc_basic(b):
    """oidc-provider: client_secret_basic, which must be form-encoded there"""
    authenticated(b, "oidc", "basic", "basic")


def c_oidc_basic_raw(b):
    """oidc-provider: the same as it is: 78, with the provider's words"""
    h = b.home()
    h.system("basic", provider="oidc", oauth={"client_auth": "basic_raw"})
    h.send(message(sender=h.address), TO, status=CONFIG, says=["invalid_"])
    b.nothing()


def c_oidc_rs256(b):
    """oidc-provider: private_key_jwt, RS256"""
    authenticated(b, "oidc", "rs256", "jwt")


def c_oidc_ps256(b):
    """oidc-provider: private_key_jwt, PS256"""
    authenticated(b, "oidc", "ps256", "jwt")


def c_oidc_es256(b):
    """oidc-provider: private_key_jwt, ES256, audience the issuer"""
    authenticated(b, "oidc", "es256", "jwt",
                  oauth={"assertion_audience": "issuer",
                         "issuer": b.provider("oidc")["issuer"]})


def c_oidc_certificate(b):
    """oidc-provider: private_key_jwt with a certificate"""
    authenticated(b, "oidc", "rs256", "jwt", oauth={
        "client_cert": b.facts["keys"]["certificate"], "key_id": None})


def c_encrypted_key(b):
    """a client key that is encrypted"""
    b.provider("oidc")
    keys = b.facts["keys"]
    h = b.home()
    h.system("rs256", provider="oidc", oauth={
        "client_key": keys["rsa_encrypted"],
        "client_key_passphrase": h.secret("passphrase", keys["passphrase"])})
    h.deliver()


def c_encrypted_key_closed(b):
    """an encrypted key without its passphrase, and with a wrong one: 78"""
    b.provider("oidc")
    keys = b.facts["keys"]
    for passphrase in None, "wrong":
        h = b.home()
        more = {"client_key": keys["rsa_encrypted"]}
        if passphrase:
            more["client_key_passphrase"] = h.secret("passphrase", passphrase)
        h.system("rs256", provider="oidc", oauth=more)
        b.token_requests("rs256", "oidc")
        h.send(message(sender=h.address), TO, status=CONFIG,
               says=["passphrase"])
        b.want_asked("rs256", "oidc")
        b.nothing()


def c_wrong_key(b):
    """a key that is not the client's: 78, with the provider's words"""
    b.provider("oidc")
    h = b.home()
    h.system("rs256", provider="oidc", oauth={
        "client_key": b.facts["keys"]["ec"], "key_id": None,
        "signing_alg": None})
    h.send(message(sender=h.address), TO, status=CONFIG,
           says=["invalid_client"])
    b.nothing()


def c_key_of_another_kind(b):
    """an EC key that is to sign RS256: 78, and nobody is asked"""
    b.provider("oidc")
    h = b.home()
    h.system("rs256", provider="oidc", oauth={
        "client_key": b.facts["keys"]["ec"]})
    b.token_requests("rs256", "oidc")
    h.send(message(sender=h.address), TO, status=CONFIG, says=["RS256"])
    b.want_asked("rs256", "oidc")
    b.nothing()


def assertion(b, client):
    """A client assertion that somebody else has made."""
    facts = b.provider("oidc")
    client, now = facts["clients"][client], int(time.time())
    with open(b.facts["keys"][client["key"]]) as f:
        key = f.read()
    return jwt.encode(
        {"alg": client["alg"], "kid": client["key"]},
        {"iss": client["id"], "sub": client["id"], "aud": facts["token_url"],
         "iat": now, "exp": now + 300, "jti": secrets.token_hex(16)},
        key).decode()


def c_assertion_file(b):
    """oidc-provider: an assertion out of a file, which is read afresh"""
    b.provider("oidc")
    h = b.home()
    h.system("rs256", provider="oidc", oauth={
        "client_key": None, "key_id": None, "signing_alg": None,
        "assertion_file": h.secret("jwt", assertion(b, "rs256"))["file"]})
    h.deliver()
    h.secret("jwt", assertion(b, "rs256"))
    want(b.revoke("rs256", "oidc", only="access") > 0, "none to revoke")
    h.deliver()         # the first one would be refused: it was used
    want(b.revoke("rs256", "oidc", only="access") > 0, "none to revoke")
    h.send(message(sender=h.address), TO, status=CONFIG,
           says=["invalid_client"])
    b.nothing()


COMMAND = """#!{python}
import json, ssl, sys, urllib.parse, urllib.request
facts = json.load(open({facts!r}))
provider = facts["providers"]["authlib"]
client = provider["clients"]["post"]
asked = urllib.parse.urlencode({{
    "grant_type": "client_credentials", "client_id": client["id"],
    "client_secret": client["secret"], "scope": client["scope"]}}).encode()
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({{}}), urllib.request.HTTPSHandler(
        context=ssl.create_default_context(cafile=facts["ca"])))
print(json.load(opener.open(provider["token_url"], asked))["access_token"])
print(600)
"""


def c_token_command(b):
    """tokens by a command: kept as long as it says, and then another"""
    facts = os.path.join(b.facts["directory"], "sandbox.json")
    h = b.home()
    script = os.path.join(h.path, "token")
    with open(script, "w") as f:
        f.write(COMMAND.format(python=sys.executable, facts=facts))
    os.chmod(script, 0o700)
    h.profile(b.provider("authlib"), "system", "starttls", {
        "grant": "command", "token_command": [script]}, {})
    b.token_requests("post")
    h.deliver()
    h.deliver()
    b.want_asked("post", "authlib", ("post", 200))
    b.revoke("post", only="access")
    h.deliver()
    b.want_asked("post", "authlib", ("post", 200))


def c_resource(b):
    """oidc-provider: resource (RFC 8707), the right one and another: 78"""
    facts = b.provider("oidc")
    h = b.home()
    h.system("post", provider="oidc", oauth={"resource": facts["resource"]})
    b.token_requests("post", "oidc")
    h.deliver()
    asked = b.token_requests("post", "oidc")
    want([r["resource"] for r in asked] == [facts["resource"]], f"{asked}")
    h = b.home()
    h.system("post", provider="oidc", oauth={
        "resource": facts["resource"] + "other"})
    h.send(message(sender=h.address), TO, status=CONFIG,
           says=["invalid_target"])
    b.nothing()


def c_swapped(b):
    """id and secret in each other's place: 78"""
    client = b.provider("oidc")["clients"]["post"]
    h = b.home()
    h.system("post", provider="oidc", secret=client["id"],
             oauth={"client_id": client["secret"]})
    h.send(message(sender=h.address), TO, status=CONFIG,
           says=["invalid_client"])
    b.nothing()


def c_glewlwyd(b):
    """Glewlwyd: client_secret_basic as it is, a token too long for a line"""
    h = authenticated(b, "glewlwyd", "basic", "basic")
    token = h.command("token", "it").strip()
    want(len(token) > 512, f"a token of {len(token)} octets only")
    want("method=XOAUTH2" in b.dovecot_log(), "Dovecot saw no XOAUTH2")


def c_glewlwyd_encoded(b):
    """Glewlwyd: the same form-encoded: 403 without a word, which may pass: 75"""
    h = b.home()
    h.system("basic", provider="glewlwyd", oauth={"client_auth": "basic"})
    h.send(message(sender=h.address), TO, status=TEMPFAIL, says=["403"])
    b.nothing()


def service(h, b, **oauth):
    """A service account's profile."""
    facts = b.provider("authlib")
    h.secrets.append("PRIVATE KEY")
    h.profile(facts, "system", "starttls", {
        "grant": "jwt_bearer", "scope": facts["scope"],
        "service_account": b.facts["keys"]["service_account"],
        "ca_file": b.facts["ca"]} | oauth, {})


def c_service_account(b):
    """Authlib: a service account's file as it is (JWT bearer)"""
    h = b.home()
    service(h, b)
    h.deliver()
    asked = [x for x in requests(b) if x["auth"] == "assertion"]
    want([x["status"] for x in asked] == [200], f"token requests: {asked}")


def c_service_account_subject(b):
    """Authlib: a service account that may not act for the mailbox: 78"""
    h = b.home()
    service(h, b, subject="somebody@example.test")
    h.send(message(), TO, status=CONFIG, says=["no permission"])
    b.nothing()


def c_service_account_of_another_kind(b):
    """a service-account file of another type: 78, and what it is"""
    h = b.home()
    service(h, b, service_account=h.secret("file", json.dumps({
        "type": "authorized_user", "client_id": "x", "client_secret": "y",
        "refresh_token": "z"}))["file"])
    h.send(message(), TO, status=CONFIG, says=["consent of a person"])
    b.nothing()


def requests(b):
    with open(b.facts["providers"]["authlib"]["requests"]) as f:
        return [json.loads(line) for line in f]


def c_discovery(b):
    """by the issuer alone: OpenID and RFC 8414, with and without a path"""
    for provider, client in (("authlib", "post"), ("glewlwyd", "basic"),
                             ("oidc", "post")):
        h = b.home()
        h.system(client, provider=provider, oauth={
            "token_url": None, "issuer": b.provider(provider)["issuer"]})
        h.deliver()
        h.deliver()


def c_discovery_foreign(b):
    """an issuer that is not the one who answers: 78"""
    h = b.home()
    issuer = b.provider("authlib")["issuer"]
    h.system(oauth={"token_url": None, "issuer": issuer + "/"})
    b.token_requests("post")
    h.send(message(), TO, status=CONFIG, says=["issuer"])
    b.want_asked("post", "authlib")
    b.nothing()
