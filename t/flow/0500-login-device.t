#!/bin/sh
# SPDX-License-Identifier: ISC
# A login by device code: the dialogue, what can happen while it waits, and
# that the old grant lives until the new one has passed.
# shellcheck source=harness.sh disable=SC2016 # $token is the server's
. "${0%/*}/harness.sh"
# shellcheck source=login.sh
. "${0%/*}/login.sh"

add() {
	auth "$1" "${2-}" "${3-}"
	login_profile "$1" "$1" "$(urls "$1")"
}
add anna '"polls": ["authorization_pending", "approve"]'
add slow '"polls": ["slow_down", "approve"]'
add busy '"polls": [{"status": 503}, "approve"]'
add denied '"polls": "access_denied"'
add declined '"polls": "authorization_declined"'
add expired '"polls": "expired_token"'
add late '"device": {"expires_in": 2}, "polls": "authorization_pending"'
add odd '"device": {"verification_uri_complete":
    "http://localhost/enter?c=ABCD", "interval": null}'
add hostile '"device": {"user_code": "A\u001b[2J"}'
add barred '"device": {"status": 400, "json":
    {"error": "unauthorized_client"}}'
add patient '"polls": [{"status": 429, "headers": {"Retry-After": "4"}},
    "approve"]'
add gone '"device": {"interval": 3}'
auth signs '"polls": ["authorization_pending", "approve"]'
login_profile signs signs "$(urls signs)"'
    client_auth = "private_key_jwt"; client_key = "@TMP@/key.pem";'
sed -i '/^signs/,$ s/client_auth = "none";//' "$TMP/profiles"
(umask 077 && openssl genrsa -out "$TMP/key.pem" 2048) 2>/dev/null
add asks '"polls": "authorization_pending"'
start_login

# ---- as drawn

run "$OSMTP" login anna
exits 0 'a login'
like "$out" '^Account  anna  \(anna@example.com, localhost:[0-9]+\)$' 'whose'
like "$out" '^  1\. On any device open   http://localhost:[0-9]+/enter$' 'where'
like "$out" '^  2\. Enter the code       ABCD-EFGH      \(valid until [0-9]{2}:[0-9]{2}, 15 minutes\)$' \
    'what, and how long'
like "$out" '^  3\. Sign in as           anna@example.com$' 'as whom'
like "$out" '^Enter this code only because you started' 'the warning'
like "$out" 'allow osmtp on host test.example.test to: send mail as anna@example.com \(mail.send\), stay signed in \(offline_access\)\.$' \
    'what for'
like "$out" '^Waiting \.\.\. ' 'it waits'
like "$out" '^Signed in as anna@example.com\.  Granted: mail.send, offline_access\.  Refresh token: yes\.$' \
    'granted'
like "$out" '^Testing the submission server \.\.\. 235 accepted for anna@example.com\.$' \
    'tested'
like "$out" '^Stored\.  Next login needed: ' 'stored'
is "$err" '' 'nothing on standard error'
is "$(requests anna 'POST /token')" 2 'asked twice'
unlike "$out" '[tdr]-[0-9a-f-]{8}' 'no secret is shown'
unlike "$(cat "$TMP/log")" '[tdr]-[0-9]*-?[0-9a-f]{16}' 'nor logged'
check 'the token is at hand' has anna
is "$(requests anna 'POST /token')" 2 'without another request'
check 'mail goes' sh -c 'printf "To: b@example.org\n\nx\n" |
    "$OSMTP" -a anna --now b@example.org'
is "$(fact token-2 form.grant_type)" \
    'urn:ietf:params:oauth:grant-type:device_code' 'the grant'
is "$(fact device-1 form.scope)" 'mail.send offline_access' 'the scope'

run "$OSMTP" login odd --device
exits 0 'a code in the address; no interval said'
like "$out" '^With the code in it:  http://localhost/enter\?c=ABCD$' 'is shown'

# ---- as JSON

run "$OSMTP" login anna --json
exits 0 'login --json'
is "$(printf '%s\n' "$out" | grep -c .)" 4 'four events'
is "$(json event 1) $(json user_code 1) $(json profile 1)" \
    'code ABCD-EFGH anna' 'the code'
is "$(json expires_in 1) $(json sign_in_as 1)" '900 anna@example.com' '... more'
is "$(json event 2) $(json refresh_token 2) $(json login 2)" \
    'granted true anna@example.com' 'granted'
is "$(json event 3) $(json code 3) $(json mechanism 3)" \
    'tested 235 XOAUTH2' 'tested'
is "$(json event 4) $(json queued 4)" 'done 0' 'done'
is "$err" '' 'nothing else'

# ---- nobody listens

if [ -w /dev/full ]; then
	"$OSMTP" login asks >/dev/full 2>"$TMP/err"
	is $? 74 'an output that is full: nobody would see the code'
	like "$(cat "$TMP/err")" "can't be written, so nobody sees" '... says so'
	is "$(requests asks 'POST /token')" 0 '... and is not waited for'
fi
mkfifo "$TMP/events"
start sh -c 'exec "$OSMTP" login gone --json >"$TMP/events"'
IFS= read -r out <"$TMP/events"
is "$(json event)" code 'somebody who has read enough'
ends
is "$status" 74 '... is told by the status'
like "$err" 'it is stored, but standard output' '... that it is stored'

# ---- while it waits

run "$OSMTP" login slow
exits 0 'slow_down'
run "$OSMTP" login busy
exits 0 'an endpoint that is down for a moment'
like "$out" '^No answer for now \(.*\); still waiting\.$' '... is told'

before=$(date +%s)
run "$OSMTP" login patient
exits 0 'an endpoint that says when to come back'
check '... is left in peace until then' [ $(($(date +%s) - before)) -ge 4 ]
run "$OSMTP" login signs
exits 0 'a client with a key'
is "$(cat "$LOG"/device-*.json "$LOG"/token-*.json |
    sed -n 's/.*"client_assertion": "\([^"]*\)".*/\1/p' | sort -u | wc -l)" 3 \
    '... proves itself anew at each request'

for name in denied declined; do
	run "$OSMTP" login "$name"
	exits 77 "$name"
	like "$err" "profile \"$name\": whoever signed in has declined" '... says so'
	check '... nothing is stored' test ! -e "$state/tokens/$name"
done
for name in expired late; do
	run "$OSMTP" login "$name"
	exits 75 "$name"
	like "$err" "the code has expired .*begin again: osmtp login $name" \
	    '... says so'
done
run "$OSMTP" login late --json
exits 75 'late, as JSON'
is "$(json event 2) $(json code 2)" 'failed 75' '... by an event'
run "$OSMTP" login hostile
exits 78 'a code that can not be shown'
unlike "$err$out" "$(printf '\033')" '... and is not'
run "$OSMTP" login barred
exits 78 'a client that may not'
like "$err" 'unauthorized_client' '... in the words of the server'
like "$err" 'another way: osmtp login barred --browser' '... another way'

# ---- stopped

for signal in INT TERM HUP; do
	start env --default-signal=INT "$OSMTP" login asks
	said '^Waiting'
	kill -"$signal" "$pid"
	ends
	is "$((status > 128))" 1 "SIG$signal: ended by it"
	like "$err" 'login: stopped; nothing was changed' "SIG$signal: says so"
	check '... and stores nothing' test ! -e "$state/tokens/asks"
done

# ---- two at once

start "$OSMTP" login asks
said '^Waiting'
run "$OSMTP" login asks </dev/null
exits 75 'a second login for the account'
like "$err" 'another login goes on' '... says so'
kill "$pid"
wait "$pid" 2>/dev/null
finish
