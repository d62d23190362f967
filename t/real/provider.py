# SPDX-License-Identifier: ISC
"""The sandbox's first OAuth 2.0 provider: Authlib and Flask, as Debian has them.

usage: provider.py FD CONFIG

FD is a listening socket that was inherited; CONFIG a JSON file with "issuer",
"token_url", "cert", "key", "life" (seconds), "requests" (a file), "control" (a
secret), "people" ({"login", "password"}), "mailboxes" (for which a service
account may act) and "clients": a list of {"id", "secret", "auth", "scope"}
with "user", whose mailbox the client's own tokens open, "key" (a service
account's public key), "life", "device_life", or "introspects" for a mail
server.

    POST /token                 client_credentials, refresh_token (one use),
                                device_code, jwt-bearer (RFC 6749, 8628, 7523)
    POST /device_authorization  RFC 8628; the codes are entered at /device
    POST /revoke                RFC 7009
    POST /introspect            RFC 7662, for mail servers
    GET  /.well-known/oauth-authorization-server        RFC 8414

    POST /control/revoke        {"client": ID, "only": "access"}: that client's
                                tokens die, or only those for access
    POST /control/faults        [{"path", "status", "headers", "body", "delay",
                                "times"}, ..]: what is answered instead, after
                                that many seconds; without status: as usual.
                                A list takes the place of the one before

with Bearer CONTROL. Each token request becomes a line of JSON in the file
"requests".
"""
import hmac
import json
import logging
import ssl
import sys
import threading
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import (
    ClientMixin, InvalidGrantError, InvalidScopeError, TokenMixin)
from authlib.oauth2.rfc6749.grants import (
    ClientCredentialsGrant, RefreshTokenGrant)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerGrant
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import (
    DeviceAuthorizationEndpoint, DeviceCodeGrant, DeviceCredentialMixin)
from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

JWT_BEARER = JWTBearerGrant.GRANT_TYPE
DEVICE_CODE = DeviceCodeGrant.GRANT_TYPE
HOUR = 3600

PAGE = """<!doctype html><title>Authorize a device</title>
<form method="post" action="/device">
<input name="user_code" value=""><input name="login">
<input name="password" type="password">
<button name="answer" value="yes">Allow</button>
<button name="answer" value="no">Deny</button></form>
"""


class Client(ClientMixin):
    def __init__(self, settings):
        self.id = settings["id"]
        self.secret = settings.get("secret")
        self.auth = settings["auth"]
        self.scope = settings.get("scope", "")
        self.user = settings.get("user")
        self.key = settings.get("key")
        self.life = settings.get("life")
        self.device_life = settings.get("device_life")
        self.introspects = settings.get("introspects", False)

    def get_client_id(self):
        return self.id

    def get_allowed_scope(self, scope):
        return " ".join(s for s in scope.split() if s == self.scope)

    def check_client_secret(self, client_secret):
        return hmac.compare_digest(self.secret.encode(),
                                   client_secret.encode())

    def check_endpoint_auth_method(self, method, endpoint):
        return method == {"post": "client_secret_post",
                          "none": "none"}.get(self.auth, "client_secret_basic")

    def check_grant_type(self, grant_type):
        if self.introspects:
            return False
        return grant_type in (
            [JWT_BEARER] if self.key else ["client_credentials"]
            if self.secret else [DEVICE_CODE, "refresh_token"])


class Token(TokenMixin):
    def __init__(self, client, user, answer):
        self.client, self.user = client, user
        self.access = answer["access_token"]
        self.refresh = answer.get("refresh_token")
        self.scope = answer.get("scope", "")
        self.life = answer["expires_in"]
        self.expires = time.time() + self.life
        self.access_revoked = self.refresh_revoked = False

    def check_client(self, client):
        return self.client is client

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return self.life

    def is_expired(self):
        return time.time() >= self.expires

    def is_revoked(self):
        return self.access_revoked

    def revoke(self):
        self.access_revoked = self.refresh_revoked = True


class Device(DeviceCredentialMixin):
    """A device code that was given out; answer: (login, yes or no).

    The interval between two polls that is wanted is longer than the one that
    was announced, so that a client which keeps to that is told to slow down.
    """

    def __init__(self, client, scope, data):
        self.client, self.scope = client, scope
        self.user_code = data["user_code"]
        self.interval = data["interval"] + 1
        self.slower = data["interval"] + 5      # RFC 8628, 3.5
        self.ends = time.time() + data["expires_in"]
        self.polled, self.answer = 0, None

    def get_client_id(self):
        return self.client.id

    def get_scope(self):
        return self.scope

    def get_user_code(self):
        return self.user_code

    def is_expired(self):
        return time.time() > self.ends


class ClientCredentials(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def validate_requested_scope(self):
        super().validate_requested_scope()
        if not self.request.client.get_allowed_scope(self.request.scope or ""):
            raise InvalidScopeError()


# Authlib wants classes, which find the state by what they are made with.

def refresh_grant(state):
    """Refresh tokens are good for one use."""

    class Refresh(RefreshTokenGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ["none"]
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, refresh_token):
            with state.lock:
                return next((t for t in state.tokens if not t.refresh_revoked
                             and t.refresh == refresh_token), None)

        def authenticate_user(self, credential):
            return credential.user

        def revoke_old_credential(self, credential):
            credential.refresh_revoked = True

    return Refresh


def device_grant(state):
    class Grant(DeviceCodeGrant):
        def query_device_credential(self, device_code):
            return state.devices.get(device_code)

        def query_user_grant(self, user_code):
            device = state.device_of(user_code)
            return device and device.answer

        def should_slow_down(self, credential):
            now = time.time()
            early = now - credential.polled < credential.interval - 0.1
            credential.polled = now
            if early:
                credential.interval = credential.slower
            return early

    return Grant


def device_endpoint(state, issuer):
    class Endpoint(DeviceAuthorizationEndpoint):
        EXPIRES_IN, INTERVAL = 120, 1
        CLIENT_AUTH_METHODS = ["none"]

        def get_verification_uri(self):
            return issuer + "/device"

        def save_device_credential(self, client_id, scope, data):
            client = state.clients[client_id]
            data["expires_in"] = client.device_life or data["expires_in"]
            state.devices[data["device_code"]] = Device(client, scope, data)

    return Endpoint


def service_grant(state, token_url, mailboxes):
    """A service account, as Google has them: the scope is a claim, the subject
    a mailbox, and nothing lives longer than an hour."""

    class Grant(JWTBearerGrant):
        CLAIMS_OPTIONS = {
            "iss": {"essential": True}, "iat": {"essential": True},
            "exp": {"essential": True},
            "aud": {"essential": True, "values": [token_url]}}

        def process_assertion_claims(self, assertion):
            claims = super().process_assertion_claims(assertion)
            if claims["exp"] - claims["iat"] > HOUR:
                raise InvalidGrantError("it lives longer than an hour")
            self.request.data["scope"] = claims.get("scope", "")
            return claims

        def resolve_issuer_client(self, issuer):
            client = state.clients.get(issuer)
            if not client or not client.key:
                raise InvalidGrantError("no service account")
            return client

        def resolve_client_key(self, client, headers, payload):
            if headers.get("alg") != "RS256":
                raise InvalidGrantError("RS256 is wanted")
            with open(client.key) as f:
                return f.read()

        def authenticate_user(self, subject):
            return subject

        def has_granted_permission(self, client, user):
            return user in mailboxes

        def validate_requested_scope(self):
            client = self.request.client
            if not client.get_allowed_scope(self.request.scope or ""):
                raise InvalidScopeError()

    return Grant


def introspection(state):
    class Endpoint(IntrospectionEndpoint):
        CLIENT_AUTH_METHODS = ["client_secret_basic"]

        def query_token(self, token_string, token_type_hint):
            return next((t for t in state.tokens
                         if t.access == token_string), None)

        def check_permission(self, token, client, request):
            return client.introspects

        def introspect_token(self, token):
            return {"active": True, "client_id": token.client.id,
                    "scope": token.scope, "email": token.user,
                    "exp": int(token.expires), "token_type": "Bearer"}

    return Endpoint


def revocation(state):
    class Endpoint(RevocationEndpoint):
        CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post",
                               "none"]

        def query_token(self, token_string, token_type_hint):
            return next((t for t in state.tokens if token_string in
                         (t.access, t.refresh)), None)

        def revoke_token(self, token, request):
            # The token that was given out with it is the grant's as well.
            state.revoke(token.client.id)

    return Endpoint


class State:
    """What the provider knows: clients, tokens, device codes."""

    def __init__(self, config):
        self.lock = threading.Lock()
        self.clients = {c["id"]: Client(c) for c in config["clients"]}
        self.tokens = []
        self.devices = {}

    def save(self, answer, asked):
        user = asked.user or asked.client.user
        with self.lock:
            self.tokens.append(Token(asked.client, user, answer))

    def device_of(self, user_code):
        return next((d for d in self.devices.values()
                     if d.user_code == user_code), None)

    def revoke(self, client_id, only=None):
        """That client's tokens; how many were good for something."""
        count = 0
        with self.lock:
            for token in self.tokens:
                if token.client.id != client_id:
                    continue
                count += not token.access_revoked
                token.access_revoked = True
                if only != "access":
                    count += bool(token.refresh and not token.refresh_revoked)
                    token.refresh_revoked = True
        return count


class Provider:
    def __init__(self, config):
        self.config = config
        self.state = state = State(config)
        self.faults = []
        self.app = Flask("provider")
        self.app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
        self.oauth = AuthorizationServer(
            self.app, query_client=state.clients.get, save_token=state.save)
        for grant in (ClientCredentials, refresh_grant(state),
                      device_grant(state), service_grant(
                          state, config["token_url"], config["mailboxes"])):
            self.oauth.register_grant(grant)
        for endpoint in (introspection(state), revocation(state),
                         device_endpoint(state, config["issuer"])):
            self.oauth.register_endpoint(endpoint)
        self.oauth._token_generators["default"].expires_generator = (
            lambda client, grant_type: client.life or config["life"])
        self.route()

    def route(self):
        self.app.before_request(self.fault)
        for path, method, *verbs in (
                ("/token", self.token),
                ("/device_authorization", self.endpoint(
                    "device_authorization")),
                ("/revoke", self.endpoint("revocation")),
                ("/introspect", self.endpoint("introspection")),
                ("/device", self.device, "GET", "POST"),
                ("/.well-known/oauth-authorization-server", self.metadata,
                 "GET"),
                ("/control/revoke", self.control(self.revoke)),
                ("/control/faults", self.control(self.set_faults))):
            self.app.add_url_rule(path, path, method,
                                  methods=verbs or ["POST"])

    def endpoint(self, name):
        return lambda: self.oauth.create_endpoint_response(name)

    def token(self):
        answer = self.oauth.create_token_response()
        self.note(answer.status_code, answer.get_json(silent=True) or {})
        return answer

    def note(self, status, said):
        asker, way = request.form.get("client_id"), "none"
        if request.authorization:
            asker, way = request.authorization.username, "basic"
        elif "client_secret" in request.form:
            way = "post"
        elif "assertion" in request.form:
            way = "assertion"
        line = json.dumps({
            "at": time.time(), "client": asker, "auth": way,
            "grant": request.form.get("grant_type"),
            "scope": request.form.get("scope"),
            "status": status, "error": said.get("error"),
            "why": said.get("error_description")})
        with self.state.lock, open(self.config["requests"], "a") as f:
            f.write(line + "\n")

    def device(self):
        """What a person sees: a field for the code, a login, yes and no."""
        if request.method == "GET":
            code = request.args.get("user_code", "")
            safe = "".join(c for c in code if c.isalnum() or c == "-")
            return PAGE.replace('value=""', f'value="{safe}"', 1)
        login = request.form.get("login", "")
        if {"login": login, "password": request.form.get("password")} not in [
                {k: p[k] for k in ("login", "password")}
                for p in self.config["people"]]:
            return "wrong password", 403
        device = self.state.device_of(request.form.get("user_code"))
        if not device or device.answer or device.is_expired():
            return "unknown code", 404
        device.answer = (login, request.form.get("answer") == "yes")
        return "You can close this window."

    def metadata(self):
        issuer = self.config["issuer"]
        return jsonify({
            "issuer": issuer, "token_endpoint": self.config["token_url"],
            "device_authorization_endpoint": issuer + "/device_authorization",
            "revocation_endpoint": issuer + "/revoke",
            "introspection_endpoint": issuer + "/introspect",
            "response_types_supported": [],
            "grant_types_supported": [
                "client_credentials", "refresh_token", DEVICE_CODE,
                JWT_BEARER]})

    def control(self, action):
        def check():
            wanted = "Bearer " + self.config["control"]
            given = request.headers.get("Authorization", "")
            if not hmac.compare_digest(wanted.encode(), given.encode()):
                return jsonify(error="access_denied"), 403
            return jsonify(action(request.get_json()))
        return check

    def revoke(self, asked):
        return {"revoked": self.state.revoke(asked["client"],
                                             asked.get("only"))}

    def set_faults(self, asked):
        with self.state.lock:
            self.faults = asked
        return {"faults": len(asked)}

    def fault(self):
        """Answer otherwise, where the tests want it."""
        with self.state.lock:
            fault = next((f for f in self.faults
                          if f["path"] == request.path
                          and f.get("times", 1) > 0), None)
            if not fault:
                return None
            fault["times"] = fault.get("times", 1) - 1
        time.sleep(fault.get("delay", 0))
        if "status" not in fault:
            return None
        self.note(fault["status"], {"error": "fault"})
        return Response(fault.get("body", ""), fault["status"],
                        fault.get("headers", {}))

    def serve(self, fd):
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self.config["cert"], self.config["key"])
        make_server("127.0.0.1", 0, self.app, threaded=True, ssl_context=tls,
                    fd=fd).serve_forever()


if __name__ == "__main__":
    with open(sys.argv[2]) as source:
        Provider(json.load(source)).serve(int(sys.argv[1]))
