#!/bin/sh
# SPDX-License-Identifier: ISC
# Logins that must not succeed: what is wrong, whose it is, what to do; nothing
# is lost, and the old grant lives. Then one that does, and mail that waited.
# shellcheck source=harness.sh disable=SC2016,SC2034,SC2317 # $token is the server's
. "${0%/*}/harness.sh"
# shellcheck source=login.sh
. "${0%/*}/login.sh"
QUEUE=yes

# add NAME [AUTH [RESPONSES [SMTP]]]
add() {
	auth "$1" "${2-}" "${3-}"
	login_profile "$1" "$1" "$(urls "$1")" '' "${4-smtp}"
}
# server NAME VERDICT: a mail server with that answer to AUTH.
server() {
	printf '"%s": {"tls": "starttls", "require_auth": true,
	    "accept_issued": true, "auth": {"XOAUTH2": []}, "on":
	    {"verdict": %s}},\n' "$1" "$2" >>"$TMP/listeners"
}
# A login that passes, then what the test is of.
then='"json": {"access_token": "$token", "refresh_token": "$refresh",
    "expires_in": 3600'
server bad '[null, {"reply": "535 5.7.8 No such luck"}]'
server off '[null, {"reply": "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."}]'
server later '[null, {"reply": "454 4.7.0 Not now"}]'
server slow '[null, {"hang": true}]'
printf '"%s": {"tls": "starttls", "require_auth": true,
    "accept_issued": true, "auth": {"XOAUTH2": []}, "on":
    {"connect": %s}},\n' down '[{"close": true}, null]' \
    away '[null, {"close": true}, null]' >>"$TMP/listeners"
server soon '[{"reply": "454 4.7.0 Not now"}, null]'
add first '' '' down
add early '' '' soon
add second '' '' away
add refused '' '' bad
add disabled '' '' off
add busy '' '' later
add stuck '' '' slow
add scoped '' "$good, {$then, \"scope\": \"other offline_access\"}}"
add fleeting '' "$good, {\"json\": {\"access_token\": \"\$token\"}}"
add mute '"polls": ["approve", {"hang": true}]'
add deaf '"device": [{}, {"hang": true}]'
add broken '' "$good, {\"status\": 400, \"json\": {\"error\": \"invalid_client\"}}"
add portal '' "$good, {\"body\": \"<html>Sign in to the hotel</html>\"}"
add anna
auth issuer '"metadata": {"device_authorization_endpoint": null}'
cat >>"$TMP/profiles" <<'END'
issuer = {
  kind = "mailbox"; address = "issuer@example.com";
  server = "smtp://localhost:@PORT:smtp@"; user = "anna@example.com";
  tls = { ca_file = "@CERTS@/ca.pem"; };
  oauth = { issuer = "http://localhost:@PORT:issuer@"; client_id = "app";
    grant = [ "device_code", "authorization_code" ]; client_auth = "none"; };
};
app = {
  kind = "system"; address = "app@example.com";
  server = "smtp://localhost:@PORT:smtp@";
  oauth = { token_url = "http://localhost:@PORT:anna@/token";
    client_id = "app"; client_secret = "hush"; };
};
seeded = {
  kind = "mailbox"; address = "seeded@example.com";
  server = "smtp://localhost:@PORT:smtp@";
  oauth = { token_url = "http://localhost:@PORT:anna@/token"; client_id = "x";
    grant = "refresh_token"; client_auth = "none"; refresh_token = "seed"; };
};
plain = {
  kind = "mailbox"; address = "plain@example.com";
  server = "smtp://localhost:@PORT:smtp@"; password = "hush";
};
alias = {
  kind = "system"; address = "cron@example.com"; credentials = "anna";
};
END
login_profile coded anna 'grant = "authorization_code";
    authorize_url = "http://localhost:@PORT:anna@/authorize";'
start_login

login() { run "$OSMTP" login "$@" </dev/null; }

# ---- not to be logged in to

login nobody
exits 78 'an unknown profile'
login ana
like "$err" 'no profile has this name; did you mean "anna"\?' '... is near'
login app
exits 78 'a profile that needs no person'
like "$err" 'nothing to log in to; run "osmtp check app"' '... says so'
login seeded
exits 78 'a refresh token of the configuration'
like "$err" 'its refresh token is in the configuration' '... says so'
login plain
exits 78 'a profile without OAuth'
like "$err" 'does not sign in with OAuth.*osmtp.conf:[0-9]+' '... and where'
login coded --device
exits 78 'a way that the profile has not'
like "$err" 'oauth.grant does not name device_code' '... says so'
login
exits 64 'no profile'
login anna app
exits 64 'two profiles'
login anna --paste --device
exits 64 'two ways'
login anna --paper
exits 64 'an unknown option'
login anna -C "$TMP/none" --json
exits 78 'a configuration that is not there'
is "$(json event) $(json code)" 'failed 78' '... as JSON'

# ---- nobody is troubled for nothing

if [ "$(id -u)" -eq 0 ]; then
	result 0 'a state that can not be written # skip we are root'
else
	mkdir -p "$state/tokens" && chmod 500 "$state/tokens"
	login anna
	exits 73 'a state that can not be written'
	like "$err" "$state" '... says where'
	is "$(requests anna POST)" 0 '... before anything is asked'
	chmod 700 "$state/tokens"
fi

# ---- the end is no end: the old grant lives

# token NAME: the cached one, by its end.
token() { "$OSMTP" token "$1" 2>/dev/null </dev/null; }

# fails NAME STATUS REGEX: a first login passes, a second does not.
fails() {
	login "$1" --device
	exits 0 "$1: the first login"
	before=$(token "$1")
	login "$1" --device
	exits "$2" "$1: the second"
	like "$err" "$3" "$1: says why"
	unlike "$err$out" '[tdr]-[0-9]*-?[0-9a-f]{16}' "$1: no secret in it"
	is "$(token "$1")" "$before" "$1: the old grant lives"
}
fails refused 77 'does not take the new login: 535 5\.7\.8 No such luck \(AUTH, localhost:[0-9]+\); it was not stored'
like "$err" 'what to do: see that the person who signs in may use the mailbox' \
    '... and what to do'
fails disabled 78 '5\.7\.139 .*SmtpClientAuthentication is disabled'
like "$err" 'what it means: ' '... and what that means'
fails busy 75 '454 4\.7\.0 Not now'
fails second 75 "can't be asked: .*; so the new login was not stored, and an older one stays"
fails scoped 77 'not granted: mail\.send; granted: other offline_access'
fails fleeting 78 'gave no refresh token'
fails broken 78 'invalid_client'
is "$(requests broken 'POST /token')" 2 'no more than one request each'
fails portal 75 'the code is good no more \(.*begin again'
like "$out" 'No answer for now \(.*Sign in to the hotel' '... and what came first'

# ---- a first login that can't be tested: there is nothing to be lost

for name in first early; do
	login "$name" --device --json
	exits 75 "$name: a server that can't be asked, and no older grant"
	like "$err" "can't be asked: .*is stored, since there was none, but it is not tested" \
	    '... says so'
	is "$(json event 3) $(json code 3) $(json stored 3)" 'failed 75 true' \
	    '... as JSON'
	run "$OSMTP" -a "$name" --now b@example.org <<-'END'
		To: b@example.org

		x
	END
	exits 0 '... and mail goes by it'
done
is "$(requests first 'POST /token') $(requests early 'POST /token')" '1 1' \
    'without another login'

# ---- Ctrl-C, wherever it is

# stops NAME STAGE WAIT-COMMAND..: SIGINT once that is so.
stops() {
	name=$1 stage=$2
	login "$name" --device
	exits 0 "$name: the first login"
	before=$(token "$name")
	start env --default-signal=INT "$OSMTP" login "$name" --device
	shift 2
	n=0
	until "$@" || [ $n -gt 500 ]; do
		n=$((n + 1))
		sleep 0.02
	done
	kill -INT "$pid"
	ends
	is "$((status > 128))" 1 "$stage: ended by the signal"
	like "$err" 'login: stopped; nothing was changed' "$stage: says so"
	is "$(token "$name")" "$before" "$stage: the old grant lives"
}
two() { [ "$(requests "$1" "POST $2")" -ge 2 ]; }
hung() { grep -q ' hang$' "$LOG/slow.trace"; }
stops deaf 'at the device endpoint' two deaf /device
stops mute 'at a question' two mute /token
stops stuck 'at the mail server' hung

# ---- by metadata; of another's account; mail that waited

start "$OSMTP" login issuer </dev/null
said 'ssh -L'
"$T/fake/browser" "$(shown_url)" >/dev/null
ends
exits 0 'by metadata that have no device endpoint: the code'
like "$out" 'Stored\.' '... stored'

printf 'To: b@example.org\nSubject: late\n\nhello\n' >"$TMP/in"
for profile in anna alias; do
	run "$OSMTP" -a $profile b@example.org <"$TMP/in"
	exits 0 "mail of $profile before the login: waits"
done
run "$OSMTP" profiles
like "$out" 'anna .*needs_login' 'the account needs a login'
like "$out" 'osmtp login anna' '... and says so'
login alias
exits 0 'a login for a profile that borrows'
like "$out" '^Profile "alias" sends through the account of "anna"' '... says so'
like "$out" '^Queued mail for this account: 2 messages, will be sent now\.$' \
    'what waited'
n=0
until [ -e "$LOG/msg-2.json" ] || [ $n -gt 500 ]; do
	n=$((n + 1))
	sleep 0.02
done
check '... has gone' test -e "$LOG/msg-2.json"
n=0
waiting() { find "$state/spool/queue" -type f; }
while [ -n "$(waiting)" ] && [ $n -lt 500 ]; do
	n=$((n + 1))
	sleep 0.02
done
is "$(waiting)" '' '... and nothing is left'
finish
