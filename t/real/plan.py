# SPDX-License-Identifier: ISC
"""What a sandbox is made of: addresses, clients, people, keys, files.

describe() is all that a test needs to know, the contents of sandbox.json;
configure() writes what the servers are told.

Each provider has a domain of its own, so that the mail server knows whom to
ask about a token, and tests can tell whose token opened a mailbox.
"""
import grp
import json
import os
import pwd
import secrets
import sqlite3
import urllib.parse

from aside import quiet

REFUSED, SLOW = "nobody@example.test", "slow@example.test"
SCOPE = "smtp"
DAYS = "60"         # of a certificate: enough not to be warned of
LIFE = 3600         # seconds, of an access token
BRIEF = 3           # of one that is to end soon
BRIEF_DEVICE = 6    # of a device code
PASSPHRASE = "open sesame"
# In places where neither Basic's form-encoding nor its absence matters to a
# test, a secret has characters that need care.
ODD = " +/%41=&\"'\\"
MAIL_SERVER = "mail-server"     # the client that introspects


def write(path, text, mode=0o600):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(fd, "w") as f:
        f.write(text)


def read(path):
    with open(path) as f:
        return f.read()


def fill(name, to, words):
    """Write the template programs/NAME with each @WORD@ replaced."""
    text = read(os.path.join("programs", name))
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    write(to, text)


# ---- certificates and keys


def make_certificates():
    """A CA with a certificate for localhost, and another CA."""
    os.mkdir("tls")
    write("tls/cnf", "[req]\ndistinguished_name = dn\n[dn]\n"
          "[ca]\nbasicConstraints = critical,CA:TRUE\n"
          "keyUsage = critical,keyCertSign,cRLSign\n"
          "subjectKeyIdentifier = hash\n"
          "[server]\nbasicConstraints = critical,CA:FALSE\n"
          "keyUsage = critical,digitalSignature\n"
          "extendedKeyUsage = serverAuth\n"
          "authorityKeyIdentifier = keyid\n"
          "subjectAltName = DNS:localhost,IP:127.0.0.1\n")

    def make(name, kind, common_name, *signer):
        quiet(["openssl", "req", "-x509", "-new", "-config", "tls/cnf",
               "-extensions", kind, "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS,
               "-subj", "/CN=" + common_name, "-keyout", f"tls/{name}.key",
               "-out", f"tls/{name}.pem", *signer])

    make("ca", "ca", "osmtp sandbox CA")
    make("other-ca", "ca", "osmtp sandbox, a CA that signed nothing")
    make("server", "server", "localhost", "-CA", "tls/ca.pem", "-CAkey",
         "tls/ca.key")


def make_keys(directory):
    """Keys of clients and providers: NAME.key, NAME.pub, and what of the
    clients' has a certificate or a passphrase as well."""
    os.mkdir("keys")
    kinds = {"rsa": ["RSA", "rsa_keygen_bits:2048"],
             "ec": ["EC", "ec_paramgen_curve:P-256"]}
    for name in "rsa", "ec", "service", "provider":
        algorithm, option = kinds.get(name, kinds["rsa"])
        key = f"keys/{name}.key"
        quiet(["openssl", "genpkey", "-quiet", "-algorithm", algorithm,
               "-pkeyopt", option, "-out", key])
        quiet(["openssl", "pkey", "-in", key, "-pubout", "-out",
               f"keys/{name}.pub"])
    quiet(["openssl", "pkey", "-in", "keys/rsa.key", "-aes256", "-passout",
           f"pass:{PASSPHRASE}", "-out", "keys/rsa-encrypted.key"])
    quiet(["openssl", "req", "-x509", "-new", "-config", "tls/cnf", "-key",
           "keys/rsa.key", "-subj", "/CN=osmtp client", "-days", DAYS, "-out",
           "keys/rsa.pem"])
    found = {name: f"{directory}/keys/{file}" for name, file in (
        ("rsa", "rsa.key"), ("rsa_encrypted", "rsa-encrypted.key"),
        ("certificate", "rsa.pem"), ("ec", "ec.key"),
        ("service_account", "service-account.json"))}
    return found | {"passphrase": PASSPHRASE}


def make_service_account(client, token_url):
    """The file that Google gives for a service account."""
    write("keys/service-account.json", json.dumps({
        "type": "service_account", "project_id": "sandbox",
        "private_key_id": "sandbox-1",
        "private_key": read("keys/service.key"),
        "client_email": client["id"], "client_id": "100000000000000000001",
        "token_uri": token_url}, indent=2))


# ---- the providers


def authlib(directory, origin, _redirect):
    system, person = "noreply@example.test", "support@example.test"

    def client(name, tail="", **more):
        return {"id": "osmtp-" + name, "secret": secrets.token_hex(16) + tail,
                "auth": "post", "scope": SCOPE, "user": system, **more}

    return {
        "issuer": origin, "token_url": origin + "/token",
        "device_url": origin + "/device_authorization",
        "revoke_url": origin + "/revoke",
        "introspect_url": origin + "/introspect",
        "control_url": origin + "/control/", "scope": SCOPE,
        "requests": f"{directory}/authlib.jsonl",
        "control": secrets.token_hex(16),
        "system": {"address": system},
        "person": {"address": person, "login": person,
                   "password": secrets.token_hex(12)},
        "clients": {
            "post": client("post", ODD),
            "basic": client("basic", auth="basic"),
            "basic_raw": client("basic-raw", ODD, auth="basic_raw"),
            "wrong_scope": client("wrong-scope", scope="calendar"),
            "brief": client("brief", life=BRIEF),
            "probe": client("probe"),
            "service": {"id": "osmtp-service@example.test", "scope": SCOPE,
                        "auth": None, "key": f"{directory}/keys/service.pub"},
            "person": {"id": "osmtp-person", "scope": SCOPE, "auth": "none"},
            "person_brief": {"id": "osmtp-person-brief", "scope": SCOPE,
                             "auth": "none", "device_life": BRIEF_DEVICE},
        }}


def oidc(directory, origin, _redirect):
    domain = "oidc.example.test"
    system, person = "noreply@" + domain, "person@" + domain

    def client(name, auth, **more):
        return {"id": "osmtp-" + name, "auth": auth, "scope": SCOPE,
                "user": system, **more}

    secret = secrets.token_hex(16) + ODD
    consent = {"scope": f"openid offline_access {SCOPE}"}
    return {
        "issuer": origin, "token_url": origin + "/token",
        "device_url": origin + "/device/auth",
        "authorize_url": origin + "/auth",
        "revoke_url": origin + "/token/revocation",
        "introspect_url": origin + "/token/introspection",
        "control_url": origin + "/control/", "scope": SCOPE,
        "requests": f"{directory}/oidc.jsonl",
        "control": secrets.token_hex(16),
        "resource": "https://smtp.example.test/",
        "system": {"address": system},
        "person": {"address": person, "login": person, "password": "any"},
        "clients": {
            "post": client("post", "post", secret=secret),
            "basic": client("basic", "basic", secret=secret),
            "rs256": client("rs256", "private_key_jwt", key="rsa",
                            alg="RS256"),
            "ps256": client("ps256", "private_key_jwt", key="rsa",
                            alg="PS256"),
            "es256": client("es256", "private_key_jwt", key="ec",
                            alg="ES256"),
            "person": client("person", "none", **consent),
            "person_brief": client("person-brief", "none", life=BRIEF,
                                   device_life=BRIEF_DEVICE, **consent),
        }}


def at_oidc(directory, client):
    """A client as oidc-provider wants to know it."""
    method = {"post": "client_secret_post", "basic": "client_secret_basic"}
    made = {"client_id": client["id"], "scope": client["scope"],
            "token_endpoint_auth_method": method.get(
                client["auth"], client["auth"])}
    if client["auth"] == "none":
        made |= {"application_type": "native", "response_types": ["code"],
                 "redirect_uris": [
                     f"http://{host}{path}"
                     for host in ("127.0.0.1", "localhost", "[::1]")
                     for path in ("", "/callback")],
                 "grant_types": [
                     "authorization_code", "refresh_token",
                     "urn:ietf:params:oauth:grant-type:device_code"]}
    else:
        made |= {"mailbox": client["user"], "response_types": [],
                 "redirect_uris": [], "grant_types": ["client_credentials"]}
    if "secret" in client:
        made["client_secret"] = client["secret"]
    if "key" in client:
        made |= {"token_endpoint_auth_signing_alg": client["alg"],
                 "keys": [{"file": f"{directory}/keys/{client['key']}.pub",
                           "alg": client["alg"], "kid": client["key"]}]}
    return made | {name: client[name] for name in ("life", "device_life")
                   if name in client}


def glewlwyd(_directory, origin, redirect):
    """A redirect has to be the one that is registered, letter by letter, and a
    client may introspect its own tokens only: so the mail server asks as the
    client. That is why mailboxes are named like clients and people."""
    domain = "glewlwyd.example.test"
    system, person = "noreply@" + domain, "person@" + domain
    api = origin + "/api/oidc"
    return {
        "origin": origin, "issuer": api, "token_url": api + "/token",
        "authorize_url": api + "/auth",
        "device_url": api + "/device_authorization",
        "revoke_url": api + "/revoke", "introspect_url": api + "/introspect",
        "scope": SCOPE, "admin": secrets.token_hex(16),
        "system": {"address": system},
        "person": {"address": person, "login": person,
                   "password": secrets.token_hex(12)},
        "clients": {
            "basic": {"id": system, "secret": secrets.token_hex(16),
                      "auth": "basic_raw", "scope": SCOPE,
                      "grants": ["client_credentials"]},
            "person": {"id": "osmtp-person", "scope": SCOPE,
                       "secret": secrets.token_hex(16), "auth": "basic_raw",
                       "redirects": [f"http://127.0.0.1:{redirect}"],
                       "grants": ["code", "refresh_token",
                                  "device_authorization",
                                  "client_credentials"]},
        }}


PROVIDERS = {"authlib": authlib, "oidc": oidc, "glewlwyd": glewlwyd}


def describe(directory, ports, names, without, keeper):
    """All that a test needs to know; names are the providers'."""
    providers = {name: PROVIDERS[name](
        directory, f"https://localhost:{ports[name]}", ports["redirect"])
        for name in names}
    return {
        "directory": directory, "without": without,
        "ca": f"{directory}/tls/ca.pem",
        "other_ca": f"{directory}/tls/other-ca.pem",
        "providers": providers,
        "mailbox": {"address": providers["authlib"]["person"]["address"],
                    "password": secrets.token_hex(12) + " #%u\"'\\{}$ä"},
        "submission": {"starttls": ports["starttls"], "tls": ports["tls"],
                       "log": f"{directory}/log/dovecot.log"},
        "sink": {"port": ports["sink"], "refused": REFUSED, "slow": SLOW,
                 "mail": f"{directory}/mail"},
        "closed_port": ports["closed"], "redirect_port": ports["redirect"],
        "pids": {"keeper": keeper},
    }


# ---- what the servers are told


def configure(facts):
    for name in ("log", "mail", "dovecot", "dovecot/state", "dovecot/home"):
        os.mkdir(name)
    os.mkdir("dovecot/run")
    os.chmod("dovecot/run", 0o755)      # Dovecot wants it so
    asked = {name: configure_provider(name, facts)
             for name in facts["providers"]}
    configure_dovecot(facts, asked)


def configure_provider(name, facts):
    """Write its files. How the mail server asks it about a token: (attribute
    that names the mailbox, mailboxes, client, secret), one or more."""
    return globals()["configure_" + name](facts, facts["providers"][name])


def configure_authlib(facts, provider):
    server = {"id": MAIL_SERVER, "secret": secrets.token_hex(16),
              "auth": "basic", "introspects": True}
    write(provider["requests"], "")
    make_service_account(provider["clients"]["service"],
                         provider["token_url"])
    write("authlib.json", json.dumps({
        "cert": "tls/server.pem", "key": "tls/server.key", "life": LIFE,
        "people": [provider["person"]], "mailboxes": [
            provider["system"]["address"], provider["person"]["address"]],
        "clients": [server, *provider["clients"].values()]}
        | {k: provider[k] for k in ("issuer", "token_url", "requests",
                                    "control")}))
    return [("email", "*@example.test", server["id"], server["secret"])]


def configure_oidc(facts, provider):
    server = {"client_id": MAIL_SERVER, "client_secret": secrets.token_hex(16),
              "grant_types": [], "response_types": [], "redirect_uris": [],
              "token_endpoint_auth_method": "client_secret_basic"}
    write(provider["requests"], "")
    write("oidc.json", json.dumps({
        "modules": facts["directory"] + "/programs",
        "cert": "tls/server.pem", "key": "tls/server.key",
        "jwks": "keys/provider.key", "cookie_key": secrets.token_hex(16),
        "people": [provider["person"]["login"]],
        "clients": [server, *(at_oidc(facts["directory"], c)
                              for c in provider["clients"].values())]}
        | {k: provider[k] for k in ("issuer", "requests", "control",
                                    "resource")}))
    return [("email", "*@oidc.example.test", server["client_id"],
             server["client_secret"])]


def configure_glewlwyd(facts, provider):
    schema = read("programs/glewlwyd/schema.sql")
    with sqlite3.connect("glewlwyd.db") as database:
        database.executescript(schema)
    fill("glewlwyd.conf", "glewlwyd.run.conf", {
        "DIR": facts["directory"], "ORIGIN": provider["origin"],
        "PORT": urllib.parse.urlsplit(provider["origin"]).port,
        "LIB": facts["directory"] + "/programs/glewlwyd/lib/glewlwyd"})
    return [(attribute, "*@glewlwyd.example.test", client["id"],
             client["secret"]) for attribute, client in (
                 ("client_id", provider["clients"]["basic"]),
                 ("username", provider["clients"]["person"]))]


PASSDB = """passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  username_filter = {mailboxes}
  args = {file}
}}
"""


def configure_dovecot(facts, asked):
    directory, mailbox = facts["directory"], facts["mailbox"]
    write("dovecot/users", f"{mailbox['address']}:{mailbox['password']}\n")
    os.symlink(f"{directory}/programs/lib/dovecot/modules",
               "dovecot/run/modules")
    passdbs = ""
    for name, ways in asked.items():
        for number, (attribute, mailboxes, client, secret) in enumerate(ways):
            file = f"{directory}/dovecot/{name}-{number}.conf"
            url = facts["providers"][name]["introspect_url"]
            # Dovecot resolves no names here.
            url = url.replace("//localhost:", "//{}:{}@127.0.0.1:".format(
                urllib.parse.quote(client, ""), secret))
            fill("dovecot-oauth2.conf", file, {
                "URL": url, "ATTRIBUTE": attribute, "SCOPE": SCOPE,
                "DIR": directory})
            passdbs += PASSDB.format(mailboxes=mailboxes, file=file)
    user = pwd.getpwuid(os.getuid())
    fill("dovecot.conf", "dovecot/dovecot.conf", {
        "DIR": directory, "PROGRAMS": f"{directory}/programs/lib/dovecot",
        "USER": user.pw_name, "GROUP": grp.getgrgid(os.getgid()).gr_name,
        "UID": os.getuid(), "GID": os.getgid(), "TOKENS": passdbs.rstrip(),
        "SINK": facts["sink"]["port"],
        "STARTTLS": facts["submission"]["starttls"],
        "TLS": facts["submission"]["tls"]})
