#!/bin/sh
# SPDX-License-Identifier: ISC
# What token endpoints say and do: who is told what, and nothing is sent.
# shellcheck source=harness.sh disable=SC2016 # $token is the server's
. "${0%/*}/harness.sh"

secret='kettle Drum+%&="é:9'
posted=$(python3 -c 'import sys, urllib.parse
print(urllib.parse.quote(sys.argv[1], safe="-._~"))' "$secret")
quoted=$(printf %s "$secret" | sed 's/"/\\"/g')

# add NAME SETTINGS LISTENER [URL [CA_FILE]]: a profile with a token endpoint.
add() {
	cat >>"$TMP/listeners" <<-END
		"$1": {"type": "token", $3},
	END
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com";
		  server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
		  timeouts = { token = "1s"; };
		  oauth = {
		    client_id = "app id"; client_secret = { file = "@TMP@/secret"; };
		    token_url = "${4-https://localhost:@PORT:$1@/token}";
		    ca_file = "${5-@CERTS@/ca.pem}"; $2
		  };
		};
	END
}
says() { add "$1" '' "\"responses\": [{$2}]"; }
token='{"json": {"access_token": "$token", "token_type": "bearer"}}'

says html '"body": "<html><h1>Please sign in</h1>"'
says nothing '"body": ""'
says words '"json": {"token": "t", "expires_in": 3600}'
says list '"json": ["access_token"]'
says scope '"status": 400, "json": {"error": "invalid_scope",
    "error_description": "AADSTS70011:\r\n\u001b[31mno such scope"}'
says client '"status": 401, "json": {"error": "invalid_client"}'
says grant '"status": 400, "json": {"error": "invalid_grant"}'
says new '"status": 400, "json": {"error": "moon_phase",
    "error_description": "wait for it"}'
says forbidden '"status": 403, "body": ""'
says missing '"status": 404, "body": "<html>not here"'
says many '"status": 429, "json": {"error": "throttled"}'
says broken '"status": 500, "body": "<html>Internal Server Error"'
says busy '"status": 400, "json": {"error": "temporarily_unavailable"}'
says huge '"huge": 1048576'
says closes '"close": true'
says resets '"reset": true'
says half '"raw": "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
    "close": true'
says noise '"raw": "SSH-2.0-OpenSSH_9.2\r\n", "close": true'
says hangs '"hang": true'
says drips '"drip": "HTTP/1.1 200 OK", "interval": 0.5'
says crlf '"json": {"access_token":
    "abc\r\nRCPT TO:<evil@example.net>\r\n", "token_type": "Bearer"}'
says kind '"json": {"access_token": "abc", "token_type": "mac"}'
says echoes "\"status\": 401, \"json\": {\"error\": \"invalid_client\",
    \"error_description\": \"secret is not $quoted\"}"
says echoes-form "\"status\": 400, \"json\": {\"error\": \"invalid_request\",
    \"error_description\": \"you sent client_secret=$posted\"}"
add redirect '' '"responses": [{"redirect": "/elsewhere"}]'
add moved '' '"responses": [{"status": 307, "redirect":
    "/elsewhere"}]'
add rogue '' '"cert": "rogue", "responses": [{"body": ""}]'
add expired '' '"cert": "expired", "responses": [{"body": ""}]'
add wrongname '' '"cert": "wrongname", "responses": [{"body": ""}]'
add old '' '"tls_max": "1.1", "responses": [{"body": ""}]'
add clear '' '"tls": "none", "responses": [{"body": ""}]'
add refused '' '"responses": [{"body": ""}]' https://localhost:1/
add noca '' '"responses": [{"body": ""}]' https://localhost:@PORT:noca@/ \
    @TMP@/absent.pem
add post '' "\"client\": {\"id\": \"app id\", \"secret\": \"$quoted\"},
    \"responses\": [$token]"
add basic 'client_auth = "basic";' "\"client\": {\"id\": \"app id\",
    \"secret\": \"$quoted\", \"auth\": \"basic\"}, \"responses\": [$token]"
add raw 'client_auth = "basic_raw";' "\"client\": {\"id\": \"app id\",
    \"secret\": \"$quoted\", \"auth\": \"basic_raw\"}, \"responses\": [$token]"
add short '' '"responses": [{"json": {"access_token": "$token",
    "expires_in": 200}}]'
add local '' "\"tls\": \"none\", \"responses\": [$token]" \
    http://localhost:@PORT:local@/


{ echo '{"listeners": {'; cat "$TMP/listeners"
  echo '"smtp": {"auth": {"XOAUTH2": []}, "require_auth": true,
	"accept_issued": true}}}'; } >"$TMP/script"
start_fake "$TMP/script"
{ echo 'default = "html"; hostname = "h.example.com";
	log = { to = "@TMP@/log"; level = "debug"; }; profiles = {'
  cat "$TMP/profiles"; echo '};'; } | conf
printf '%s\n' "$secret" >"$TMP/secret"
chmod 600 "$TMP/secret"
printf 'From: a@example.com\nTo: b@example.org\nMessage-ID: <1@x>\n\nhello\n' \
    >"$TMP/in"

send() {
	run "$OSMTP" -v -a "$1" b@example.org <"$TMP/in"
	printf '%s\n' "$err" "$out" >>"$TMP/said"
}
requests() { grep -c ' C POST' "$LOG/$1.trace"; }
# fails NAME STATUS REGEX: no token, no mail; REGEX is what stderr says of it.
fails() {
	begun=$(date +%s)
	send "$1"
	exits "$2" "$1: exit status"
	like "$err" "later: $3.* \(TOKEN" "$1: what was said"
	like "$err" 'what to do: ' "$1: what to do"
	is "$(($(date +%s) - begun < 4))" 1 "$1: in time"
}

# ---- answers

fails html 75 '.*https://.*: HTTP 200: .*begins: <html><h1>Please sign in'
fails nothing 75 '.*the answer is empty'
fails words 75 '.*no access_token'
fails list 75 '.*not a JSON object'
fails scope 78 '400 invalid_scope: AADSTS70011: .*no such scope'
unlike "$err" "$(printf '\033')" 'scope: no control characters'
like "$err" 'what to do: .*scope in profiles\.scope\.oauth' \
    'scope: where to look'
fails client 78 '401 invalid_client'
fails grant 78 '400 invalid_grant'
fails new 78 '400 moon_phase: wait for it'
fails forbidden 75 '.*HTTP 403'
fails missing 78 '.*HTTP 404.*check token_url'
fails many 75 '429 throttled'
fails broken 75 '.*HTTP 500: .*Internal Server Error'
fails busy 75 '400 temporarily_unavailable'
fails huge 75 '.*too long'
fails crlf 75 '.*octets that no token may have'
fails kind 78 '.*mac'
fails redirect 78 '.*HTTP 302: redirects are not followed.*/elsewhere'
fails moved 78 '.*HTTP 307: redirects are not followed.*/elsewhere'
is "$(requests redirect) $(requests moved)" '1 1' 'redirects are not followed'
fails echoes 78 '.*invalid_client: .*not shown'
fails echoes-form 78 '.*invalid_request: .*not shown'

# ---- no answer

fails closes 75 'https://localhost'
fails resets 75 'https://localhost'
fails half 75 'https://localhost'
fails noise 75 'https://localhost'
fails hangs 75 'https://localhost.*[Tt]imed out'
fails drips 75 'https://localhost.*[Tt]imed out'
fails refused 75 'https://localhost:1/.*([Rr]efused|connect)'
fails rogue 78 'https://localhost.*certificate.*rogue-ca'
fails expired 78 'https://localhost.*certificate.*expired on 2021-01-01'
fails wrongname 78 'https://localhost.*certificate.*name'
fails old 75 'https://localhost'
fails clear 75 'https://localhost'
fails noca 78 'https://localhost.*/absent\.pem'
for name in rogue expired wrongname old clear; do
	unlike "$(cat "$LOG/$name.trace")" ' C POST' "$name: saw no request"
done
unlike "$(cat "$LOG/smtp.trace")" connected 'no mail server was troubled'
# What an endpoint has said is remembered, and it is left in peace.
for name in html client busy; do
	send "$name"
	is "$(requests "$name")" 1 "$name: is not asked again at once"
	like "$err" 'HTTP 200|invalid_client|temporarily_unavailable' \
	    "$name: the trouble is told again"
done
# ... until the secret is another.
printf '%s\n' 'another one' >"$TMP/secret"
send client
is "$(requests client)" 2 'another secret is tried at once'
exits 78 '... which is no better'
printf '%s\n' "$secret" >"$TMP/secret"

# ---- the ways to show the secret

for name in post basic raw local; do
	send "$name"
	exits 0 "$name: delivered"
	send "$name"
	exits 0 "$name: once more"
	is "$(requests "$name")" 1 "$name: cached"
	like "$(cat "$HOME/.local/state/osmtp/tokens/$name.blob")" \
	    '^sealed:v1:' "$name: sealed"
done
last=$(find "$LOG" -name 'token-*.json' | grep -c .)
is "$(fact "token-$((last - 3))" form.client_secret)" "$secret" 'post: form'
is "$(fact "token-$((last - 2))" basic)" "app%20id:$posted" 'basic: encoded'
is "$(fact "token-$((last - 1))" basic)" "app id:$secret" 'raw: not encoded'
send short
exits 0 'a token for less than min_life'
send short
exits 0 'once more'
is "$(requests short)" 2 'is asked for each time'

# ---- no secret anywhere

rm "$TMP/secret"
base64=$(python3 -c 'import base64, sys
print(base64.b64encode(sys.argv[1].encode()).decode()[:20])' "$secret")
half='kettle Drum'
for hidden in "$half" "$posted" 'kettle' "$base64"; do
	is "$(grep -Fr -l -e "$hidden" "$TMP" | grep -v -e "^$LOG/" \
	    -e "^$TMP/script" -e "^$TMP/listeners")" '' "not found: $hidden"
done
unlike "$(cat "$TMP/said" "$TMP/log" "$HOME"/.local/state/osmtp/tokens/*)" \
    't-[0-9]+-[0-9a-f]{16}' 'nor is a token'
finish
