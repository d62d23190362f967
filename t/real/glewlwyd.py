# SPDX-License-Identifier: ISC
"""Give Glewlwyd what it provides for, over its own administration API."""
import http.cookiejar
import json
import ssl
import urllib.error
import urllib.request

from aside import Trouble

# What a new database has.
ADMIN, PASSWORD = "admin", "password"


class Api:
    """A session with the API, by its cookie."""

    def __init__(self, origin, ca):
        self.url = origin + "/api/"
        tls = ssl.create_default_context(cafile=ca)
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=tls),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(
                http.cookiejar.DefaultCookiePolicy(strict_domain=False))))

    def call(self, method, path, body):
        asked = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), method=method,
            headers={"Content-Type": "application/json"})
        try:
            with self.opener.open(asked, timeout=20) as answer:
                answer.read()
        except urllib.error.HTTPError as e:
            raise Trouble(f"glewlwyd: {method} {path}: {e.code}"
                          f" {e.read().decode(errors='replace')}")

    def login(self, name, password):
        self.call("POST", "auth/", {"username": name, "password": password})


def plugin(provider, read):
    """The OpenID Connect plugin: its refresh tokens are good for one use, and
    the second use of one ends the chain."""
    return {
        "module": "oidc", "name": "oidc", "display_name": "sandbox",
        "enabled": True, "parameters": {
            "iss": provider["issuer"], "jwt-type": "rsa",
            "jwt-key-size": "256", "key": read("keys/provider.key"),
            "cert": read("keys/provider.pub"), "jwks-show": True,
            "access-token-duration": 3600, "refresh-token-duration": 86400,
            "code-duration": 60, "refresh-token-rolling": True,
            "refresh-token-one-use": "always", "allow-non-oidc": True,
            "auth-type-code-enabled": True, "auth-type-token-enabled": False,
            "auth-type-id-token-enabled": True,
            "auth-type-none-enabled": False,
            "auth-type-password-enabled": False,
            "auth-type-client-enabled": True,
            "auth-type-device-enabled": True,
            "auth-type-refresh-enabled": True,
            "device-authorization-expiration": 120,
            "device-authorization-interval": 1,
            "pkce-allowed": True, "pkce-required": True,
            "pkce-method-plain-allowed": False,
            "introspection-revocation-allowed": True,
            "introspection-revocation-allow-target-client": True,
            "scope": [{"name": provider["scope"]}],
            "subject-type": "public"}}


def client(settings, provider):
    return {
        "client_id": settings["id"], "name": settings["id"],
        "password": settings["secret"], "confidential": True,
        "enabled": True, "scope": [provider["scope"]],
        "redirect_uri": settings.get("redirects", []),
        "authorization_type": settings["grants"],
        "token_endpoint_auth_method": ["client_secret_basic"]}


def set_up(provider, ca, read):
    api = Api(provider["origin"], ca)
    api.login(ADMIN, PASSWORD)
    api.call("PUT", "profile/password", {
        "username": ADMIN, "old_password": PASSWORD,
        "password": provider["admin"]})
    api.call("POST", "scope/", {
        "name": provider["scope"], "display_name": provider["scope"],
        "password_required": True, "scheme": {}})
    api.call("POST", "mod/plugin/", plugin(provider, read))
    for settings in provider["clients"].values():
        api.call("POST", "client/?source=database",
                 client(settings, provider))
    person = provider["person"]
    api.call("POST", "user/?source=database", {
        "username": person["login"], "password": person["password"],
        "email": person["address"], "name": "A person", "enabled": True,
        "scope": [provider["scope"], "g_profile"]})
