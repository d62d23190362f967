#!/bin/sh
# SPDX-License-Identifier: ISC
# osmtp run --once uses consents that lie idle, so that they do not lapse: one
# request each, with and without mail, none where the account must wait.
# shellcheck source=harness.sh disable=SC2016 # $1 is the shell's
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {
  "rotating": {"type": "token", "tls": "none", "grant": "refresh_token",
      "refresh": {"tokens": ["R0"], "rotate": true}, "responses": [
      {"json": {"access_token": "$token", "expires_in": 2000000,
                "refresh_token": "$refresh"}}]},
  "short": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "$token", "expires_in": 2000000,
                "refresh_expires_in": 345600}}]},
  "ended": {"type": "token", "tls": "none", "responses": [
      {"status": 400, "json": {"error": "invalid_grant"}}]},
  "app": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "$token"}}]}}}
END
# add NAME LISTENER GRANT [SETTINGS]
add() {
	cat >>"$TMP/profiles" <<-END
		$1 = { kind = "mailbox"; address = "$1@example.com";
		  server = "smtp://localhost:@PORT:rotating@"; ${4-}
		  oauth = { grant = [ "$3" ]; client_id = "id"; scope = "mail";
		    token_url = "http://127.0.0.1:@PORT:$2@/token"; $5 }; };
	END
}
add anna rotating refresh_token '' 'refresh_token = "R0";'
add bert short refresh_token '' 'refresh_token = "S0";'
add carl ended refresh_token '' 'refresh_token = "E0";'
add dora app client_credentials '' 'client_secret = "hunter2";'
cat >>"$TMP/profiles" <<-END
	erna = { kind = "mailbox"; address = "e@example.com"; credentials = "anna"; };
END
write_conf() {
	{ echo 'log = { to = "@TMP@/log"; level = "debug"; };'
	  echo 'profiles = {'; cat "$TMP/profiles"; echo '};'; } | conf
}
write_conf
begun=$(date +%s)
# day N: it is N days later, for the program.
day() { export OSMTP_TEST_NOW=$(((begun + $1 * 86400) * 1000)); }
keep() { run "$OSMTP" run --once -v; }
requests() { find "$LOG" -name 'token-*.json' | wc -l; }

day 0
for p in anna bert carl dora; do "$OSMTP" token $p >/dev/null 2>&1; done
before=$(requests)
keep
exits 0 'nothing is idle'
is "$(requests)" "$before" 'no request'
unlike "$out" consents 'nothing to tell'

# A quarter of what the server says of one is up. The one that has
# ended may have been given again.
day 2
keep
is "$(requests)" "$((before + 2))" 'four days by the server: well before'
like "$out" 'idle consents: 1 used, 1 in vain' 'it is told'
like "$(cat "$TMP/log")" 'event=consent profile=bert result="kept alive"' 'and logged'
unlike "$(cat "$TMP/log")" 'event=consent profile=(anna|carl|dora|erna)' 'no other'

# A good token in the cache is no reason not to; a borrower is no account.
day 8
keep
exits 0 'a week later'
like "$out" 'idle consents: 2 used, [01] in vain' 'both'
like "$(cat "$TMP/log")" 'profile=anna result="kept alive"' 'anna is logged'
unlike "$(cat "$TMP/log")" 'profile=(dora|erna) result="kept alive"' 'no other'
before=$(requests)
keep
is "$(requests)" "$before" 'once is enough'
run "$OSMTP" profiles --json
like "$(echo "$out" | grep '"anna"')" "\"refreshed\": *$((begun + 8 * 86400))" \
    'when it was used last'

# It rotates: what was stored is what is good.
day 16
keep
like "$out" 'idle consents: 2 used' 'and again'
rm -f "$HOME/.local/state/osmtp/tokens/dora.blob"

# One that has ended is asked for every six hours, no more, and told once.
before=$(grep -c 'event=token profile=carl .*failed' "$TMP/log")
keep
is "$(grep -c 'event=token profile=carl .*failed' "$TMP/log")" "$before" \
    'who must wait, waits'
check 'no loud words each time' \
    [ "$(grep -c 'profile=carl result="not kept alive"' "$TMP/log")" -le 1 ]

# With a queue, and nothing in it.
day 24
QUEUE=yes write_conf
keep
exits 0 'with a queue'
like "$out" 'idle consents: 2 used' 'an empty queue is no reason not to'

# The state belongs to somebody else, or can't be written to.
day 32
chmod 500 "$HOME/.local/state/osmtp/tokens"
before=$(requests)
keep
if [ "$(id -u)" -ne 0 ]; then
	is "$(requests)" "$before" 'no room for what would come: no request'
fi
chmod 700 "$HOME/.local/state/osmtp/tokens"

# sendmail -q is for mail alone.
day 40
before=$(requests)
run "$OSMTP" -q
is "$(requests)" "$before" 'sendmail -q asks for nothing'
check 'no token in the log' sh -c '! grep -qE "R[0-9]|t-[0-9]+-" "$1"' - "$TMP/log"
finish
