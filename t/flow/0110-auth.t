#!/bin/sh
# SPDX-License-Identifier: ISC
# Ways to authenticate, in the order of `auth`; refusals, and what comes next.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

# add NAME KIND SETTINGS LISTENER [RESPONSE]: a profile with an SMTP server and
# a token endpoint of its own.
add() {
	cat >>"$TMP/listeners" <<-END
		"$1": {$4},
		"$1-token": {"type": "token", "responses": [{"json":
		    {"access_token": "\$token"}${5-}}]},
	END
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "$2"; address = "$1@example.com"; users = "*";
		  server = "smtp://localhost:@PORT:$1@"; tls = { mode = "none"; };
		  password = "pa55";
		  oauth = {
		    grant = "client_credentials";
		    client_id = "app"; client_secret = "s3cret";
		    token_url = "https://localhost:@PORT:$1-token@/";
		    ca_file = "@CERTS@/ca.pem";
		  };
		  $3
		};
	END
}
both='auth = [ "oauth", "password" ];'
oauth='auth = "oauth";'
password='auth = "password";'
issued='"require_auth": true, "accept_issued": true'
pa55='"require_auth": true, "auth": {"XOAUTH2": [], "PLAIN": ["pa55"]}'

add order system "$both" "$pa55"
add turned system 'auth = [ "password", "oauth" ];' "$pa55"
add absent system "$both" '"require_auth": true, "auth": {"PLAIN": ["pa55"]}'
add weaker system "$password" '"ehlo": ["AUTH CRAM-MD5 DIGEST-MD5 XOAUTH2"]'
add token-only system "$oauth" '"ehlo": ["AUTH PLAIN LOGIN"]'
add nothing system "$both" '"ehlo": ["SIZE", "PIPELINING"]'
add cached system "$oauth" "$issued, \"token_uses\": 1,"'
    "auth": {"XOAUTH2": []}'
add closing system "$oauth" "$issued, \"token_uses\": 1,"'
    "auth": {"XOAUTH2": []},
    "on": {"verdict": [null, {"reply": "535 5.7.8 old", "close": true}]}'
add stale system "$oauth" "$issued, \"token_uses\": 1,"'
    "auth": {"XOAUTH2": []}, "on": {"verdict": [null, null,
    {"reply": "535 5.7.8 not you"}]}'
add fresh-s system "$oauth" '"auth": {"XOAUTH2": []}'
add fresh-m mailbox "$oauth" '"auth": {"XOAUTH2": []}'
add wrong-s system "$password" '"auth": {"PLAIN": []}'
add wrong-m mailbox "$password" '"auth": {"PLAIN": []}'
add all system "$both" '"auth": {"XOAUTH2": [], "PLAIN": []}, "on": {
    "verdict:XOAUTH2": {"reply": "535 5.7.8 bad token"},
    "verdict:PLAIN": {"reply": "535 5.7.9 bad password"}}'
add gravest system "$both"'timeouts = { token = "300ms"; };' \
    '"auth": {"XOAUTH2": [], "PLAIN": []}' ', "delay": 5'
add later system "$both" "$pa55"', "on": {"verdict:XOAUTH2":
    {"reply": "454 4.7.0 busy"}}'
add leaves system "$both" "$pa55"', "on": {"verdict:XOAUTH2":
    {"reply": "535 5.7.8 go away", "close": true}}'
add cuts system "$both" "$pa55"', "on": {"verdict:XOAUTH2":
    {"reply": "535 5.7.8 go away", "reset": true, "delay": 0.1}}'
add bearer system "$oauth" "$issued"', "auth": {"OAUTHBEARER": []}'
add nobearer system "$oauth" '"auth": {"OAUTHBEARER": []}'
add login mailbox "$password" '"require_auth": true,
    "auth": {"LOGIN": {"login@example.com": "pa55"}}'
add edge system "$oauth" "$issued"', "auth": {"XOAUTH2": []}' \
    ', "token_length": 336'
add over system "$oauth" "$issued"', "auth": {"XOAUTH2": []}' \
    ', "token_length": 337'
add long system "$oauth" "$issued"', "auth": {"XOAUTH2": []}' \
    ', "token_length": 12000'
add sasl mailbox 'auth = "password"; sasl = "LOGIN";' '"require_auth": true,
    "auth": {"PLAIN": ["pa55"], "LOGIN": ["pa55"]}'
add turn mailbox "$oauth"'sasl = [ "OAUTHBEARER", "XOAUTH2" ];' "$issued"',
    "auth": {"XOAUTH2": [], "OAUTHBEARER": []}'
add lacking system "$oauth"'sasl = "OAUTHBEARER";' \
    '"auth": {"XOAUTH2": [], "PLAIN": ["pa55"]}'
add open system 'auth = [ "oauth", "none" ];' '"auth": {"XOAUTH2": []}'
add shut system 'auth = "none";' '"require_auth": true,
    "auth": {"XOAUTH2": []}'
add words system "$both" "$pa55"', "on": {"auth:XOAUTH2":
    {"reply": "334 5.7.8 This account requires a key!"}}'
add endless system "$both" "$pa55"', "on": {"auth:XOAUTH2": {"reply":
    "334 ***"}, "auth2": {"reply": "334 ***"}}'
add early system "$both" "$pa55"', "on": {"verdict:XOAUTH2":
    {"reply": "250 2.0.0 come in"}}'


{ printf '{"listeners": {'; cat "$TMP/listeners"
  echo '"end": {}}}'; } >"$TMP/script"
start_fake "$TMP/script"
{ echo 'default = "order"; hostname = "h.example.com";
	log = { to = "@TMP@/log"; }; profiles = {'
  cat "$TMP/profiles"; echo '};'; } | conf
printf 'From: a@example.com\nTo: b@example.org\n\nhello\n' >"$TMP/in"

messages=0
# send NAME: by this profile. $log is what was logged then.
send() {
	: >"$TMP/log"
	run "$OSMTP" -v -a "$1" b@example.org <"$TMP/in"
	log=$(cat "$TMP/log")
	name=$1
}
# delivers NAME MECHANISM: it does, logged in so (none: not at all).
delivers() {
	send "$1"
	exits 0 "$1: delivered"
	messages=$((messages + 1))
	is "$(fact "msg-$messages" listener)" "$1" "$1: arrived"
	if [ "$2" = none ]; then
		is "$(fact "msg-$messages" login)" null "$1: without login"
	else
		is "$(fact "msg-$messages" login.mech)" "$2" "$1: by $2"
	fi
}
# fails NAME STATUS REGEX: nothing is sent, and stderr says why.
fails() {
	send "$1"
	exits "$2" "$1: exit status"
	like "$err" "$3" "$1: says why"
	like "$err" 'what to do: ' "$1: says what to do"
	unlike "$(cat "$LOG/$1.trace")" ' C MAIL' "$1: no mail"
}
seen() { grep -c -e "$2" "$LOG/$1.trace"; }
# counts CONNECTIONS AUTHS REQUESTS: of the last profile, in all.
counts() {
	is "$(seen "$name" '\* connected') $(seen "$name" ' C AUTH') $(
	    seen "$name-token" ' C POST')" "$1 $2 $3" \
	    "$name: connections, AUTH commands, token requests"
}

# ---- the order

delivers order PLAIN
counts 1 2 1
like "$log" 'event=auth profile=order way=oauth result=refused class=C'\
' stage=AUTH code=535 reply="5\.7\.8 .*next=password' 'the refusal is logged'
like "$log" 'reply=".*401.*" next=' 'with the challenge'
like "$out" '^< 535 5\.7\.8' 'and shown'
delivers turned PLAIN
counts 1 1 0
delivers absent PLAIN
counts 1 1 1
like "$log" 'way=oauth .*no mechanism for oauth .*offers: PLAIN" next=password' \
    'not offered: logged'

# ---- nothing to log in by

fails weaker 78 'no mechanism for password.*offers: CRAM-MD5 DIGEST-MD5 XOAUTH2'
counts 1 0 0
fails token-only 78 'no mechanism for oauth.*offers: PLAIN LOGIN'
counts 1 0 1
fails nothing 78 'offers no AUTH at all'
counts 1 0 1

# ---- a refused token

delivers cached XOAUTH2
counts 1 1 1
delivers cached XOAUTH2
counts 2 3 2
is "$(fact "msg-$messages" connection)" 2 'cached: on the same connection'
like "$log" 'result="cached token refused" reply="5\.7\.8 .*fresh token' \
    'cached: logged'
delivers closing XOAUTH2
delivers closing XOAUTH2
counts 3 3 2
delivers stale XOAUTH2
messages_before=$messages
send stale
exits 78 'stale: the fresh one is refused, too'
counts 2 3 2
is "$(find "$LOG" -name 'msg-*.json' | grep -c .)" "$messages_before" \
    'stale: nothing arrived'
fails fresh-s 78 'later: 535 5\.7\.8'
counts 1 1 1
fails fresh-m 77 'later: 535 5\.7\.8'
counts 1 1 1
fails wrong-s 78 'later: 535 5\.7\.8'
counts 1 1 0
fails wrong-m 77 'later: 535 5\.7\.8'
counts 1 1 0

# ---- all fail

fails all 78 '535 5\.7\.[89] bad'
like "$err" '5\.7\.8 bad token' 'all: the words of the first'
like "$err" '5\.7\.9 bad password' 'all: the words of the second'
counts 1 2 1
fails gravest 75 'TOKEN'
counts 1 1 1
fails later 75 'later: 454 4\.7\.0 busy'
counts 1 1 1
unlike "$log" 'way=oauth result=refused' 'later: no next way'
fails early 75 'out of place'
counts 1 1 1

# ---- the server leaves

delivers leaves PLAIN
counts 2 2 1
like "$log" 'code=535 reply="5\.7\.8 go away.*next=password' 'leaves: logged'
delivers cuts PLAIN
counts 2 2 1

# ---- mechanisms

delivers bearer OAUTHBEARER
like "$(cat "$LOG/bearer.trace")" \
    "oauthbearer host=localhost port=$(port bearer)\$" 'bearer: host and port'
fails nobearer 78 'later: 535 .*invalid_token'
delivers login LOGIN
unlike "$out" 'cGE1NQ|pa55' 'login: the password is not shown'
delivers edge XOAUTH2
like "$(cat "$LOG/edge.trace")" ' C AUTH XOAUTH2 [^ ]{496}$' \
    'edge: 512 octets fit the AUTH line'
delivers over XOAUTH2
like "$(cat "$LOG/over.trace")" ' C AUTH XOAUTH2$' \
    'over: what does not fit comes in the second line'
delivers long XOAUTH2
delivers sasl LOGIN
counts 1 1 0
delivers turn OAUTHBEARER
fails lacking 78 'no mechanism for oauth.*offers: XOAUTH2 PLAIN'
counts 1 0 1

# ---- none

delivers open none
like "$log" 'way=oauth result=refused .*next=none' 'open: logged'
send shut
exits 78 'shut: the server wants a login'
like "$err" '530 5\.7\.0' 'shut: says so'
counts 1 0 0

# ---- challenges that are none

delivers words PLAIN
counts 1 2 1
like "$(cat "$LOG/words.trace")" ' C \*$' 'words: cancelled'
like "$log" 'This account requires a key!.*next=password' 'words: they are logged'
fails endless 75 'asks on after AUTH was cancelled'
counts 1 1 1
unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule was broken'
finish
