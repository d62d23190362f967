#!/bin/sh
# SPDX-License-Identifier: ISC
# Each known refusal, as it came over the wire, through the whole program: the
# exit status by its class, the words, and what to do.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

# From t/data/refusals.tsv: a server and a profile for each line that a server
# or an endpoint can say, and in rows the name, the exit status, the stage that
# is told, and a piece of the words. All servers are localhost, so nobody knows
# whose they are: what is found by its provider alone (ALONE) is test_hint's.
# All profiles are mailboxes, so that F ends as P.
cat >"$TMP/make" <<'END'
import json
import sys

data, place = sys.argv[1:]
ALONE = """fastmail-535 zoho-535 gmx-535 ovh-535 pm-535 mj-535 ms-454 ses-530
    g-530-570tls""".split()
# Said to a browser, or heard in a login; by libcurl; in a test of its own.
PASSED = "device authorize connect tls".split()
STATUS = {"F": 77, "P": 77, "C": 78, "L": 75, "T": 75}
VALUES = {"<host>": "mail.example.com", "<user>": "u@example.com",
          "<id>": "4711", "<tenant>": "example", "<time>": "2026-01-02"}
TOKEN = {"json": {"access_token": "$token", "expires_in": 3600}}


def oauth(endpoint, more):
    return (f'oauth = {{ client_id = "app"; client_secret = "s3cret"; {more} '
            f'token_url = "http://localhost:@PORT:{endpoint}@/token"; }};')


def smtp(stage, code, text):
    """A server that says text at stage; settings, and words to look for."""
    lines = text.split("\\n")
    if not lines[0][:3].isdigit():
        lines[0] = code + " " + lines[0]
    lines[-1] = lines[-1][:3] + " " + lines[-1][4:]     # some are cut short
    if code == "334":
        server = {"auth": {"XOAUTH2": []}, "on": {"auth2": {"reply": text}}}
        return server, oauth("good-token", 'grant = "client_credentials";'), \
            "challenge: "
    server = {"auth": {"PLAIN": ["pa55"]}, "require_auth": True, "on": {
        stage.replace("auth", "verdict"):
        {"raw": "".join(line + "\r\n" for line in lines)}}}
    # of a greeting libcurl gives the last line alone
    return server, 'password = "pa55";', lines[-(stage == "greeting")][4:44]


def token(name, code, text):
    """The same of a token endpoint."""
    status, _, error = code.partition(" ")
    words = text[:40]
    if text.startswith("{"):
        words = error + ": " + json.loads(text).get(
            "error_description", "")[:40]
    elif error:
        words = error + ": " + words
        text = json.dumps({"error": error, "error_description": text.replace(
            "\\r", "\r").replace("\\n", "\n")})
    settings = oauth(name, 'grant = "refresh_token"; refresh_token = "r3fr35h";')
    return {"type": "token", "tls": "none", "responses": [
        {"status": int(status), "body": text}]}, settings, words.rstrip(": ")


listeners = {
    "good-token": {"type": "token", "tls": "none", "responses": [TOKEN]},
    "any": {"auth": {"XOAUTH2": []}}}
conf = 'hostname = "h.example.com"; log = { to = "@TMP@/log"; };\nprofiles = {'
rows = ""
with open(data, encoding="utf-8") as lines:
    for line in lines:
        if line.startswith("#"):
            continue
        name, _, stage, code, text, kind, _ = line.rstrip("\n").split("\t")
        if name in ALONE or stage in PASSED or code in ("-", "250") or \
                "unexpected smtp-server" in text:
            continue
        for key, value in VALUES.items():
            text = text.replace(key, value)
        port = name
        if stage == "token":
            port = "any"
            listeners[name], settings, words = token(name, code, text)
        else:
            listeners[name], settings, words = smtp(stage, code, text)
        conf += (f'\n{name} = {{ kind = "mailbox"; address = "u@example.com";'
                 f' tls = {{ mode = "none"; }}; {settings}\n'
                 f'  server = "smtp://localhost:@PORT:{port}@"; }};')
        status = STATUS.get(kind) or (67 if stage == "rcpt" else 69)
        if "5.5.127" in text:   # F, and with a fresh token it heals: L
            status = 75
        rows += f"{name}\t{status}\t{stage.upper()}\t{words.rstrip()}\n"
for name, text in (("conf", conf + "\n};\n"), ("rows", rows), (
        "script", json.dumps({"listeners": listeners}))):
    with open(place + "/" + name, "w", encoding="utf-8") as f:
        f.write(text)
END
python3 "$TMP/make" "$T/data/refusals.tsv" "$TMP" || exit 1
start_fake "$TMP/script"
conf <"$TMP/conf"
printf 'From: u@example.com\nTo: b@example.org\n\nhello\n' >"$TMP/in"

# All of them, eight at once.
mkdir "$TMP/run"
pids='' n=0
# shellcheck disable=SC2086 # they are words
while IFS='	' read -r name _; do
	(
		exec 9>&-
		"$OSMTP" --now -a "$name" b@example.org <"$TMP/in" \
		    >/dev/null 2>"$TMP/run/$name.err"
		echo $? >"$TMP/run/$name.end"
	) &
	pids="$pids $!" n=$((n + 1))
	[ $((n % 8)) -eq 0 ] || continue
	wait $pids
	pids=''
done <"$TMP/rows"
# shellcheck disable=SC2086
[ -z "$pids" ] || wait $pids

# One process for all of them: it is a lot to look at.
cat >"$TMP/judge" <<'END'
import re
import sys

for row in open(sys.argv[1] + "/rows", encoding="utf-8"):
    name, want, stage, words = row.rstrip("\n").split("\t")
    with open(f"{sys.argv[1]}/run/{name}.end", encoding="utf-8") as f:
        status = f.read().strip()
    with open(f"{sys.argv[1]}/run/{name}.err", encoding="utf-8") as f:
        said = f.read()
    for good, what in (
            (status == want, f"exit status {want}, got {status}"),
            (words in said, f"the words: {words}"),
            (f"({stage}" in said, f"the stage: {stage}"),
            (re.search("what to do: .*[a-z]", said), "what to do")):
        print(0 if good else 1, f"{name}: {what}")
END
python3 "$TMP/judge" "$TMP" >"$TMP/verdicts"
while read -r bad what; do
	err=''
	[ "$bad" = 0 ] || err=$(cat "$TMP/run/${what%%:*}.err")
	result "$bad" "$what" "$err"
done <"$TMP/verdicts"
check 'each has its verdicts' test "$tests" -eq $((n * 4)) -a "$n" -ge 150
finish
