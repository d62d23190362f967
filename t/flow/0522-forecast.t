#!/bin/sh
# SPDX-License-Identifier: ISC
# What will end is told in time: by osmtp profiles, once at each threshold in
# the log, and at a terminal.
# shellcheck source=harness.sh disable=SC2016 # $1 is the shell's
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"tls": "starttls", "require_auth": true, "accept_issued": true,
           "auth": {"XOAUTH2": []}},
  "token": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "$token", "expires_in": 2592000,
                "scope": "mail", "refresh_expires_in": 7776000}}]}}}
END
openssl req -new -x509 -newkey rsa:2048 -nodes -keyout "$TMP/key.pem" \
    -subj /CN=app -days 60 -out "$TMP/cert.pem" 2>/dev/null
chmod 600 "$TMP/key.pem"
begun=$(date +%s)
# day N: it is N days later, for the program; date N: that day
day() { export OSMTP_TEST_NOW=$(((begun + $1 * 86400) * 1000)); }
date_of() { date -u -d "@$((begun + $1 * 86400))" +%Y-%m-%d; }

conf <<END
log = { to = "@TMP@/log"; level = "debug"; }; default = "app";
profiles = {
  app = { kind = "system"; address = "app@example.com"; user = "app@example.com";
    server = "smtp://localhost:@PORT:smtp@"; tls = { ca_file = "@CERTS@/ca.pem"; };
    oauth = { client_id = "id"; client_secret = "hunter2"; scope = "mail";
      token_url = "http://127.0.0.1:@PORT:token@/token";
      secret_expires = "$(date_of 40)"; }; };
  certain = { kind = "system"; address = "c@example.com"; user = "c@example.com";
    server = "smtp://localhost:@PORT:smtp@"; tls = { ca_file = "@CERTS@/ca.pem"; };
    oauth = { client_id = "id"; scope = "mail";
      client_key = "@TMP@/key.pem"; client_cert = "@TMP@/cert.pem";
      token_url = "http://127.0.0.1:@PORT:token@/token"; }; };
  anna = { kind = "mailbox"; address = "anna@example.com";
    server = "smtp://localhost:@PORT:smtp@"; tls = { ca_file = "@CERTS@/ca.pem"; };
    oauth = { client_id = "id"; scope = "mail"; grant = [ "refresh_token" ];
      refresh_token = "R0"; token_url = "http://127.0.0.1:@PORT:token@/token"; }; };
  old = { kind = "mailbox"; address = "old@example.com"; password = "hunter2";
    server = "smtp://smtp.office365.com"; };
};
END

# on_terminal COMMAND...: with standard error a terminal; what it shows is $err.
on_terminal() {
	err=$(python3 - "$@" <<-'END'
		import os, pty, subprocess, sys
		main, side = pty.openpty()
		p = subprocess.Popen(sys.argv[1:], stderr=side, stdin=subprocess.DEVNULL,
		                     stdout=subprocess.DEVNULL)
		os.close(side)
		text = b""
		while True:
		    try:
		        part = os.read(main, 4096)
		    except OSError:
		        break
		    if not part:
		        break
		    text += part
		p.wait()
		print(text.decode())
	END
	)
}
line() { echo "$out" | grep -A9 "^$1 " | sed -n "2,\$p" | sed '/^[a-z]/,$d'; }

day 0
"$OSMTP" token anna >/dev/null
run "$OSMTP" profiles
like "$(line app)" "client secret ends on $(date_of 40), in (39|40) days \(osmtp rotate app\)" \
    'profiles: the secret'
like "$(line certain)" "client certificate ends on $(date_of 60), in (59|60) days.*$TMP/cert.pem" \
    'profiles: the certificate'
like "$(line anna)" "consent last used $(date_of 0)" 'profiles: the consent'
like "$(line anna)" 'scope: mail' 'profiles: the scope'
like "$(line anna)" "consent ends on $(date_of 90), in 90 days, if it is not used" \
    'profiles: its end'
like "$(line old)" 'Exchange Online with a password end(s|ed) on 2026-12-31' \
    'profiles: the password'
run "$OSMTP" profiles --json
like "$(echo "$out" | grep '"app"')" '"forecasts": *\[\{"what": *"secret"' 'JSON: the secret'
like "$(echo "$out" | grep '"anna"')" \
    "\"refresh_expires\": *$((begun + 7776000)).*\"what\": *\"consent_idle\".*\"guessed\": *false" \
    'JSON: the consent'
unlike "$out" 'hunter2|R0' 'no secret'

on_terminal "$OSMTP" token app
is "$err" '' 'a terminal: too early'
events() { grep -c "event=forecast profile=$1 what=$2" "$TMP/log"; }
run "$OSMTP" run --once
is "$(events app secret)" 0 'the log: too early'

day 11
run "$OSMTP" run --once -v
exits 0 'a run'
like "$out" 'forecasts in the log: [1-9]' 'it says so'
is "$(events app secret)" 1 'the log: at 30 days'
like "$(grep 'profile=app what=secret' "$TMP/log")" \
    "ends=$(date_of 40) days=30 text=\"client secret ends on .*remedy=\"osmtp rotate app\"" \
    'the log: all of it'
run "$OSMTP" run --once
is "$(events app secret)" 1 'the log: once'
on_terminal "$OSMTP" token app
like "$err" "profile \"app\": client secret ends on $(date_of 40), in (28|29) days; what to do: osmtp rotate app" \
    'a terminal: token'
printf 'To: b@example.org\n\nhello\n' >"$TMP/in"
on_terminal sh -c '"$0" -a app b@example.org <"$1"' "$OSMTP" "$TMP/in"
like "$err" 'profile "app": client secret ends on' 'a terminal: send'
on_terminal "$OSMTP" queue
like "$err" 'profile "app": client secret ends on' 'a terminal: queue'
run "$OSMTP" token app
is "$err" '' 'no terminal, no line'

day 26
run "$OSMTP" run --once
day 33
run "$OSMTP" run --once
run "$OSMTP" run --once
day 39
run "$OSMTP" run --once
day 41
run "$OSMTP" run --once
run "$OSMTP" run --once
is "$(events app secret)" 5 'the log: 30, 14, 7, 1, 0'
is "$(grep 'profile=app what=secret' "$TMP/log" | sed 's/.* days=\([0-9]*\) .*/\1/' | tr '\n' ' ')" \
    '30 14 7 1 0 ' 'the log: in turn'
is "$(events certain cert)" 1 'the log: the certificate'
is "$(events anna consent_idle)" 0 'the log: a consent that is kept alive ends not'
run "$OSMTP" profiles
like "$(line app)" "client secret ended on $(date_of 40)" 'profiles: it has ended'
check 'no secret in the log' sh -c '! grep -qE "hunter2|R0" "$1"' - "$TMP/log"
finish
