# SPDX-License-Identifier: ISC
"""authz: the endpoints of a fake authorization server, by their paths.

/device     gives codes; /token then answers polls as "polls" says
/authorize  sends the browser back with a code; /token then takes it once, and
            only with the verifier (PKCE, S256) and the redirect_uri that it
            was asked for with
/token      takes refresh tokens, too
/revoke     forgets a refresh token and its family
/.well-known/oauth-authorization-server, /.well-known/openid-configuration
"""

import base64
import hashlib
import json
import secrets
import urllib.parse

KEYS = {"device", "polls", "authorize", "metadata", "discovery", "revoke",
        "login"}
DISCOVERY = {"/.well-known/oauth-authorization-server": "rfc8414",
             "/.well-known/openid-configuration": "openid"}


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def id_token(login):
    """As a client reads it that does not look at the signature."""
    words = ({"alg": "none"}, {"sub": "1", "email": login})
    return ".".join(base64url(json.dumps(w).encode()) for w in words) + "."


def error(word, status=400):
    return {"status": status, "json": {"error": word}}


def without_nulls(words):
    return {k: v for k, v in words.items() if v is not None}


class Script:
    """Answers, used up in turn; the last one repeats."""

    def __init__(self, answers):
        self.answers = list(answers if isinstance(answers, list)
                            else [answers])

    def next(self):
        if len(self.answers) > 1:
            return self.answers.pop(0)
        return self.answers[0]


class Authz:
    def __init__(self, listener):
        conf = listener.conf
        self.listener = listener
        self.conf = conf
        scheme = "https" if conf.get("tls", "implicit") != "none" else "http"
        self.issuer = f"{scheme}://localhost:{listener.port}"
        self.device = Script(conf.get("device", {}))
        self.polls = Script(conf.get("polls", "approve"))
        self.authorize = Script(conf.get("authorize", "approve"))
        self.revoke = Script(conf.get("revoke", {"json": {}}))
        self.device_codes = set()
        self.codes = {}     # code -> query of the authorization request

    def respond(self, facts, client_is_good):
        """Kind of the request, and the response to it."""
        method, target, _ = facts["request"].split(" ")
        path, _, query = target.partition("?")
        facts["query"] = dict(urllib.parse.parse_qsl(query))
        if method == "GET" and path == "/authorize":
            return "authorize", self.on_authorize(facts["query"])
        if method == "GET" and path in DISCOVERY:
            return "metadata", self.on_metadata(DISCOVERY[path])
        kinds = {"/device": self.on_device, "/token": self.on_token,
                 "/revoke": self.on_revoke}
        if method != "POST" or path not in kinds:
            return "stray", error("not_found", 404)
        if not client_is_good:
            return path[1:], error("invalid_client", 401)
        return path[1:], kinds[path](facts["form"])

    # What is asked for without a person.

    def on_metadata(self, kind):
        if self.conf.get("discovery", kind) != kind:
            return error("not_found", 404)
        words = {"issuer": self.issuer, "response_types_supported": ["code"],
                 "code_challenge_methods_supported": ["S256"]}
        for key, path in (("token", "token"), ("authorization", "authorize"),
                          ("device_authorization", "device"),
                          ("revocation", "revoke")):
            words[key + "_endpoint"] = f"{self.issuer}/{path}"
        words.update(self.conf.get("metadata", {}))
        return {"json": without_nulls(words)}

    def on_revoke(self, form):
        answer = self.revoke.next()
        if answer.get("status", 200) == 200:
            self.listener.refresh.forget(form.get("token"))
        return answer

    # The device grant (RFC 8628).

    def on_device(self, _):
        answer = self.device.next()
        if "status" in answer or "body" in answer or "redirect" in answer:
            return answer
        code = "d-" + secrets.token_hex(16)
        self.device_codes.add(code)
        words = {"device_code": code, "user_code": "ABCD-EFGH",
                 "verification_uri": f"{self.issuer}/enter",
                 "expires_in": 900, "interval": 1}
        words.update(answer)
        return {"json": without_nulls(words)}

    def poll(self, form):
        code = form.get("device_code")
        if code not in self.device_codes:
            return error("invalid_grant")
        answer = self.polls.next()
        if answer != "approve":
            return error(answer) if isinstance(answer, str) else answer
        self.device_codes.remove(code)
        return None

    # Authorization code (RFC 6749, 4.1, RFC 7636).

    def on_authorize(self, query):
        answer = self.authorize.next()
        if isinstance(answer, dict) and "status" in answer:
            return answer
        if query.get("code_challenge_method") != "S256" or not all(
                k in query for k in ("client_id", "redirect_uri", "state",
                                     "code_challenge")):
            return error("invalid_request")
        words = {"state": query["state"], "iss": self.issuer}
        if answer == "approve":
            answer = {}
        if isinstance(answer, str):
            words["error"] = answer
        else:
            words["code"] = "c-" + secrets.token_hex(16)
            self.codes[words["code"]] = query
            words.update(answer)
        words = urllib.parse.urlencode(without_nulls(words))
        return {"redirect": f"{query['redirect_uri']}?{words}"}

    def redeem(self, form):
        query = self.codes.pop(form.get("code"), None)
        verifier = form.get("code_verifier", "").encode()
        challenge = base64url(hashlib.sha256(verifier).digest())
        if (query is None or challenge != query["code_challenge"] or
                form.get("redirect_uri") != query["redirect_uri"] or
                form.get("client_id", query["client_id"]) !=
                query["client_id"]):
            return error("invalid_grant")
        return None

    def on_token(self, form):
        grant = form.get("grant_type")
        if grant == "urn:ietf:params:oauth:grant-type:device_code":
            refusal = self.poll(form)
        elif grant == "authorization_code":
            refusal = self.redeem(form)
        elif grant == "refresh_token":
            good = self.listener.refresh.is_good(form.get("refresh_token"))
            refusal = None if good else error("invalid_grant")
        else:
            refusal = error("unsupported_grant_type")
        return refusal or self.listener.next_response()
