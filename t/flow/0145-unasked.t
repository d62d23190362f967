#!/bin/sh
# SPDX-License-Identifier: ISC
# What a server says unasked is no answer to what it is asked later.
# shellcheck source=harness.sh disable=SC2016 # $token is the server's
. "${0%/*}/harness.sh"

# add NAME ACTS: a server that takes tokens, and a profile.
add() {
	cat >>"$TMP/listeners" <<-END
		"$1": {"auth": {"XOAUTH2": []}, "accept_issued": true,
		    "require_auth": true, "on": {$2}},
	END
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com";
		  server = "smtp://localhost:@PORT:$1@"; tls = { mode = "none"; };
		  timeouts = { reply = "3s"; };
		  oauth = { client_id = "app"; client_secret = "x1y2z3";
		    token_url = "https://localhost:@PORT:token@/token";
		    ca_file = "@CERTS@/ca.pem"; };
		};
	END
}
# Behind the 535 to a cached token a part of a reply, and never the rest; or
# the rest while a fresh token is fetched; or a farewell.
add part '"auth": [null, {"raw": "535 5.7.8 no\r\n23"}]'
add drip '"auth": [null,
    {"drip": "535 5.7.8 no\r\n235 2.7.0 ok\r\n", "interval": 0.1}]'
add whole '"auth": [null, {"raw": "535 5.7.8 no\r\n235 2.7.0 ok\r\n"}]'
add leaves '"auth": [null, {"raw":
    "535 5.7.8 no\r\n421 4.7.0 too many errors\r\n", "close": true}]'
# Behind the 235, where the next to be asked is MAIL.
add part-mail '"verdict": {"raw": "235 2.7.0 ok\r\n25"}'
add lines-mail '"verdict": {"raw": "235 2.7.0 ok\r\n250-2.1.0 o"}'
add whole-mail '"verdict": {"raw": "235 2.7.0 ok\r\n250 2.1.0 ok\r\n"}'

{ echo '{"listeners": {'; cat "$TMP/listeners"; } >"$TMP/script"
cat >>"$TMP/script" <<'END'
"token": {"type": "token", "responses": [{"delay": 0.3, "json": {
    "access_token": "$token", "expires_in": 3600}}]}}}
END
start_fake "$TMP/script"
{ echo 'hostname = "h.example.com"; log = { to = "@TMP@/log"; }; profiles = {'
  cat "$TMP/profiles"; echo '};'; } | conf
printf 'Subject: x\n\nhello\n' >"$TMP/in"

# commands NAME CONNECTION: their verbs.
commands() {
	sed -n "s/^$2 [0-9]* C \\([A-Z]*\\).*/\\1/p" "$LOG/$1.trace" | xargs
}
# A session that was refused is dialled again for the fresh token; that the
# server spoke unasked must not stand for an answer in the old one.
for name in part drip whole leaves; do
	run "$OSMTP" --now -a "$name" b@example.org <"$TMP/in"
	exits 0 "$name: a first message brings a token into the cache"
	run "$OSMTP" --now -v -a "$name" b@example.org <"$TMP/in"
	exits 0 "$name: sent in a session of its own"
	is "$(commands "$name" 2)" 'EHLO AUTH' \
	    "$name: the session ends, with neither AUTH nor MAIL"
	is "$(commands "$name" 3)" 'EHLO AUTH MAIL RCPT DATA QUIT' \
	    "$name: dialled again"
	is "$(printf '%s\n' "$out" | grep -c '^> AUTH XOAUTH2')" 2 \
	    "$name: the fresh token is tried"
	is "$(commands "$name" 4)" '' "$name: once"
done
like "$out" '^< 421 4.7.0' 'leaves: the farewell was read'

for name in part-mail lines-mail whole-mail; do
	: >"$TMP/log"
	run "$OSMTP" --now -a "$name" b@example.org <"$TMP/in"
	exits 75 "$name: put off"
	like "$err" 'later: ' "$name: said"
	like "$(grep event=delivery "$TMP/log")" 'class=L' "$name: class L"
	is "$(commands "$name" 1)" 'EHLO AUTH' "$name: no MAIL"
done
is "$(find "$LOG" -name 'msg-*.json' | grep -c .)" 8 \
    'each message came once, and no other'
finish
