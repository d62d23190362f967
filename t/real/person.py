# SPDX-License-Identifier: ISC
"""A person in front of a browser: follows links and redirects with cookies,
signs in, says yes or no, and ends at the address that the program gave.

usage: person.py FACTS ANSWER URL

FACTS is sandbox.json; ANSWER yes, no, or look: do all but the last step, and
print the address to which it leads. Loopback addresses that are no provider's
are the program's own.
"""
import html.parser
import http.cookiejar
import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

MOST = 20       # pages and redirects


class Lost(Exception):
    """Nothing on the page leads on."""


class Page(html.parser.HTMLParser):
    """The first form of a page, and its links."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields, self.links = None, {}, []
        self.open = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        has = dict(attrs)
        if tag == "form" and self.action is None:
            self.action, self.open = has.get("action", ""), True
        elif tag == "input" and self.open and has.get("name"):
            self.fields[has["name"]] = has.get("value") or ""
        elif tag == "a":
            self.links.append(has.get("href", ""))

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = False


class Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by hand."""

    def redirect_request(self, *rest):
        return None


class Person:
    def __init__(self, facts, answer="yes"):
        self.answer = answer
        self.providers = facts["providers"]
        self.opener = urllib.request.build_opener(
            Stay, urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(
                cafile=facts["ca"])),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(
                http.cookiejar.DefaultCookiePolicy(strict_domain=False))))

    def provider(self, url):
        """Whose page that is: (name, facts), or nobody's."""
        for name, facts in self.providers.items():
            if url.startswith(origin(facts["issuer"]) + "/"):
                return name, facts
        return None, None

    def get(self, url, data=None, method=None, **headers):
        """(status, where it leads, text)"""
        asked = urllib.request.Request(url, data, headers, method=method)
        try:
            answer = self.opener.open(asked, timeout=20)
        except urllib.error.HTTPError as e:
            answer = e
        with answer:
            text = answer.read().decode("utf-8", "replace")
            return answer.status, answer.headers["Location"], text

    def visit(self, url):
        """Begin there: the last page, as (status, text); where the answer is
        "look", the address instead that would come last."""
        data = None
        if self.provider(url)[0] == "glewlwyd":
            url = self.at_glewlwyd(url)
        for _ in range(MOST):
            name, facts = self.provider(url)
            if not name and self.answer == "look":
                return url
            status, leads, text = self.get(url, data)
            if leads:
                url, data = urllib.parse.urljoin(url, leads), None
                if "prompt=deviceComplete" in url:      # Glewlwyd's last page
                    return 200, "deviceComplete"
                continue
            page = Page(text)
            said_no = self.answer == "no" and data and b"abort=" in data
            if not name or status >= 400 or page.action is None or said_no:
                return status, text
            url, data = self.fill_in(name, facts, url, page)
        raise Lost(url)

    def fill_in(self, name, facts, url, page):
        """What is sent next: (address, form)."""
        fields, person = page.fields, facts["person"]
        if "login" in fields:
            fields |= {"login": person["login"],
                       "password": person["password"]}
        if name == "authlib":
            fields["answer"] = "no" if self.answer == "no" else "yes"
        elif self.answer == "no" and "confirm" in fields:
            fields["abort"] = "yes"
        elif self.answer == "no" and fields.get("prompt") == "consent":
            abort = [link for link in page.links if link.endswith("/abort")]
            if not abort:
                raise Lost(f"{url}: no way to say no")
            return urllib.parse.urljoin(url, abort[0]), None
        return (urllib.parse.urljoin(url, page.action),
                urllib.parse.urlencode(fields).encode())

    def at_glewlwyd(self, url):
        """Glewlwyd's pages are scripts: use the API below them. The address
        that goes on then."""
        facts = self.providers["glewlwyd"]
        person, api = facts["person"], facts["origin"] + "/api/"
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        client = query.get("client_id", facts["clients"]["person"]["id"])
        scope = "" if self.answer == "no" else facts["scope"]
        for method, path, body in (
                ("POST", "auth/", {"username": person["login"],
                                   "password": person["password"]}),
                ("PUT", "auth/grant/" + client, {"scope": scope})):
            status, _, text = self.get(
                api + path, json.dumps(body).encode(), method,
                **{"Content-Type": "application/json"})
            if status >= 300:
                raise Lost(f"{path}: {status} {text}")
        return url + "&g_continue"


def origin(url):
    where = urllib.parse.urlsplit(url)
    return f"{where.scheme}://{where.netloc}"


def main(facts, answer, url):
    with open(facts) as f:
        person = Person(json.load(f), answer)
    last = person.visit(url)
    print(last if answer == "look" else f"{last[0]} {last[1]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
