# SPDX-License-Identifier: ISC
"""The sandbox's OAuth 2.0 provider: Authlib and Flask, as Debian has them.

usage: provider.py FD CONFIG

FD is a listening socket that was inherited; CONFIG a JSON file with "issuer",
"cert", "key", "life" (seconds), "requests" (a file), "control" (a secret) and
"clients": a list of {"id", "secret", "auth", "scope"} with "user", whose
mailbox the client's tokens open, or "introspects" for a mail server.

    POST /token         the token endpoint (RFC 6749), client_credentials
    POST /introspect    RFC 7662, for mail servers
    POST /revoke-all    all tokens of client_id=ID die; Bearer CONTROL

Each token request becomes a line of JSON in the file "requests".
"""
import hmac
import json
import logging
import ssl
import sys
import threading
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, InvalidScopeError, TokenMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask, jsonify, request
from werkzeug.serving import make_server


class Client(ClientMixin):
    def __init__(self, settings):
        self.id = settings["id"]
        self.secret = settings["secret"]
        self.auth = settings["auth"]
        self.scope = settings.get("scope", "")
        self.user = settings.get("user")
        self.introspects = settings.get("introspects", False)

    def get_client_id(self):
        return self.id

    def get_allowed_scope(self, scope):
        return " ".join(s for s in scope.split() if s == self.scope)

    def check_client_secret(self, client_secret):
        return hmac.compare_digest(self.secret.encode(),
                                   client_secret.encode())

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_" + self.auth

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials" and not self.introspects


class Token(TokenMixin):
    def __init__(self, client, answer):
        self.client = client
        self.value = answer["access_token"]
        self.scope = answer.get("scope", "")
        self.expires = time.time() + answer["expires_in"]
        self.revoked = False

    def is_expired(self):
        return time.time() >= self.expires

    def is_revoked(self):
        return self.revoked


class ClientCredentials(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def validate_requested_scope(self):
        super().validate_requested_scope()
        if not self.request.client.get_allowed_scope(self.request.scope or ""):
            raise InvalidScopeError()


class Provider:
    def __init__(self, config):
        self.config = config
        self.clients = {c["id"]: Client(c) for c in config["clients"]}
        self.tokens = {}
        self.lock = threading.Lock()
        self.app = Flask("provider")
        self.oauth = AuthorizationServer(
            self.app, query_client=self.clients.get, save_token=self.save)
        self.oauth.register_grant(ClientCredentials)
        self.oauth.register_endpoint(self.introspection())
        self.oauth._token_generators["default"].expires_generator = (
            lambda client, grant_type: config["life"])
        for path, method in (("/token", self.token),
                             ("/introspect", self.introspect),
                             ("/revoke-all", self.revoke_all)):
            self.app.add_url_rule(path, path, method, methods=["POST"])

    def save(self, answer, asked):
        with self.lock:
            self.tokens[answer["access_token"]] = Token(asked.client, answer)

    def introspection(self):
        """The introspection endpoint: Authlib wants a class."""
        tokens = self.tokens

        class Endpoint(IntrospectionEndpoint):
            CLIENT_AUTH_METHODS = ["client_secret_basic"]

            def query_token(self, token_string, token_type_hint):
                return tokens.get(token_string)

            def check_permission(self, token, client, request):
                return client.introspects

            def introspect_token(self, token):
                return {"active": True, "client_id": token.client.id,
                        "scope": token.scope, "email": token.client.user,
                        "exp": int(token.expires), "token_type": "Bearer"}

        return Endpoint

    def token(self):
        answer = self.oauth.create_token_response()
        said = answer.get_json(silent=True) or {}
        asker = request.form.get("client_id")
        way = "post"
        if request.authorization:
            asker, way = request.authorization.username, "basic"
        line = json.dumps({
            "client": asker, "auth": way,
            "grant": request.form.get("grant_type"),
            "scope": request.form.get("scope"),
            "status": answer.status_code, "error": said.get("error")})
        with self.lock, open(self.config["requests"], "a") as f:
            f.write(line + "\n")
        return answer

    def introspect(self):
        return self.oauth.create_endpoint_response("introspection")

    def revoke_all(self):
        wanted = "Bearer " + self.config["control"]
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            return jsonify(error="access_denied"), 403
        with self.lock:
            mine = [t for t in self.tokens.values() if not t.revoked
                    and t.client.id == request.form.get("client_id")]
            for token in mine:
                token.revoked = True
        return jsonify(revoked=len(mine))

    def serve(self, fd):
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self.config["cert"], self.config["key"])
        make_server("127.0.0.1", 0, self.app, threaded=True, ssl_context=tls,
                    fd=fd).serve_forever()


if __name__ == "__main__":
    with open(sys.argv[2]) as source:
        Provider(json.load(source)).serve(int(sys.argv[1]))
