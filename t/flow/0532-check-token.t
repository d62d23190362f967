#!/bin/sh
# SPDX-License-Identifier: ISC
# osmtp check: the token endpoint, clocks, captive portals, and tokens: looked
# into where they are JSON Web Tokens, never shown.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

b64() { printf '%s' "$1" | base64 | tr -d '\n=' | tr '/+' '_-'; }
# jwt CLAIMS
jwt() { printf '%s.%s.%s' "$(b64 '{"alg":"RS256","typ":"JWT"}')" "$(b64 "$1")" c2lnbmF0dXJl; }
noon=1795867200 # 2026-11-28 12:00:00 UTC
whole=$(jwt '{"aud":"https://outlook.office.com","scp":"SMTP.Send openid","roles":["SMTP.SendAsApp","Other"],"upn":"anna@example.org","appid":"1234-app","exp":'$((noon + 1800))'}')
short=$(jwt '{"aud":["a","b"],"scope":"mail","exp":'$((noon + 30))'}')
evil=$(jwt '{"aud":"x\u001b[31my","exp":1e300,"scp":7,"roles":[{"a":1}]}')

start_fake - <<END
{"listeners": {
  "smtp": {"tls": "starttls", "require_auth": true, "accept_issued": true,
           "auth": {"XOAUTH2": ["$whole", "$short", "$evil", "printed"]}},
  "once": {"tls": "starttls", "require_auth": true, "accept_issued": true,
           "token_uses": 1, "auth": {"XOAUTH2": []}},
  "opaque": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "\$token", "expires_in": 3600, "scope": "mail other"}}]},
  "jwt": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "$whole", "expires_in": 3600},
       "headers": {"Date": "Sat, 28 Nov 2026 12:00:00 GMT"}}]},
  "short": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "$short", "expires_in": 3600}}]},
  "brief": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "\$token", "expires_in": 60}}]},
  "evil": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "$evil", "expires_in": 3600}}]},
  "https": {"type": "token", "responses": [
      {"json": {"access_token": "\$token", "expires_in": 3600}}]},
  "found": {"type": "auth", "tls": "none", "responses": [
      {"json": {"access_token": "\$token", "expires_in": 3600}}]},
  "client": {"type": "token", "tls": "none",
      "client": {"id": "id", "secret": "other"}, "responses": [{"json": {}}]},
  "page": {"type": "token", "tls": "none", "responses": [
      {"status": 200, "body": "<html>Please accept our terms</html>"}]},
  "redirect": {"type": "token", "tls": "none", "responses": [
      {"redirect": "http://portal.example/login"}]},
  "login": {"type": "token", "tls": "none", "responses": [
      {"status": 511, "body": "<html>log in</html>"}]},
  "absent": {"type": "token", "tls": "none", "responses": [
      {"status": 404, "body": "<html>no such page</html>"}]},
  "down": {"type": "token", "tls": "none", "responses": [
      {"status": 503, "body": "later"}]}}}
END

# a_profile NAME KIND SERVER URL [MORE]
a_profile() {
	printf '%s = { kind = "%s"; address = "%s@example.com";
	    server = "smtp://localhost:@PORT:%s@";
	    tls = { ca_file = "@CERTS@/ca.pem"; };
	    oauth = { client_id = "id"; client_secret = "hunter2";
	      scope = "mail"; token_url = "%s"; %s }; };\n' "$1" "$2" "$1" \
	    "$3" "$4" "${5-}"
}
{
	printf 'default = "opaque"; log = { to = "@TMP@/log"; }; profiles = {\n'
	for name in opaque jwt short brief evil client page redirect login absent \
	    down; do
		a_profile $name system smtp "http://127.0.0.1:@PORT:$name@/token"
	done
	a_profile once system once 'http://127.0.0.1:@PORT:opaque@/token'
	a_profile nobody system smtp 'http://127.0.0.1:1/token'
	a_profile https system smtp 'https://localhost:@PORT:https@/token'
	a_profile trusted system smtp 'https://localhost:@PORT:https@/token' \
	    'ca_file = "@CERTS@/ca.pem";'
	login='grant = "authorization_code"; authorize_url = "https://as.example/a";'
	a_profile anna mailbox smtp 'http://127.0.0.1:@PORT:opaque@/token' "$login"
	a_profile robot system smtp 'http://127.0.0.1:@PORT:opaque@/token' "$login"
	a_profile found system smtp x | sed 's|token_url = "x"|issuer = "http://localhost:@PORT:found@"|'
	a_profile lost system smtp x | sed 's|token_url = "x"|issuer = "http://localhost:@PORT:absent@"|'
	cat <<-'END'
	printed = { kind = "system"; address = "printed@example.com";
	  server = "smtp://localhost:@PORT:smtp@";
	  tls = { ca_file = "@CERTS@/ca.pem"; };
	  oauth = { token_command = [ "/bin/echo", "printed" ]; }; };
	};
	END
} | conf

step() {
	printf '%s\n' "$out" | awk -v want="$1" '
		/^  [a-z]/ { on = $0 ~ "^  (ok|not tried|warning|failed) +" want "(:|$| )" }
		on'
}
# hides: no token, no secret in what was shown.
hides() {
	unlike "$out$err$(cat "$TMP/log" 2>/dev/null)" \
	    "hunter2|eyJ|t-[0-9]+-[0-9a-f]{16}" "$1: no secret is shown"
}

# ---- tokens

run "$OSMTP" check opaque
exits 0 'an opaque token'
like "$(step token)" 'ok +token: fetched; no JWT; scope mail other; ends in (59|60) minutes' \
    'what its answer said'
like "$(step 'token endpoint')" "ok +token endpoint: http://127.0.0.1:$(port opaque)/token" \
    'the endpoint'
like "$(step AUTH)" 'ok +AUTH: oauth by XOAUTH2 as opaque@example.com: 235' 'AUTH'
hides opaque
like "$(fact token-1 body)" '^grant_type=$' 'the endpoint was asked for nothing'
unlike "$(cat "$LOG/token-1.json")" 'hunter2' 'and told nothing'
run "$OSMTP" check opaque
like "$(step token)" 'ok +token: from the cache' 'the next time from the cache'

OSMTP_TEST_NOW=${noon}000
export OSMTP_TEST_NOW
run "$OSMTP" check jwt
exits 0 'a JWT'
like "$(step token)" \
    'aud https://outlook.office.com; scp SMTP.Send openid; roles SMTP.SendAsApp Other; of anna@example.org; app 1234-app; ends in 30 minutes' \
    'what it says'
like "$(step 'token endpoint')" 'clocks agree' 'the clocks'
hides jwt
run "$OSMTP" check short
exits 1 'one that ends at once'
like "$(step token)" 'warning +token: .*aud a b; scope mail; ends in 30 seconds' 'is a warning'
run "$OSMTP" check brief
exits 1 'one that is renewed before it is used'
like "$(step token)" 'ends in (60|59) seconds, no later than min_life' '... is that'
like "$(step token)" 'what to do: .*min_life = "10s"; ' '... and no fault of the clock'
run "$OSMTP" check evil
exits 0 'claims of odd types'
like "$(step token)" 'aud x\?\[31my; ends' 'and with controls in them'
for off in 600 -600; do
	OSMTP_TEST_NOW=$((noon + off))000
	run "$OSMTP" check jwt
	exits 1 "a clock that is wrong by $off s"
	like "$(step 'token endpoint')" \
	    "warning .*this machine's clock is 10 minutes $([ $off -gt 0 ] && echo ahead || echo behind)" \
	    'is told'
	like "$(step 'token endpoint')" 'what to do: .*timedatectl' 'and how to set it'
done
unset OSMTP_TEST_NOW

run "$OSMTP" check once
exits 0 'a token that is good once'
run "$OSMTP" check once
exits 0 'makes room for a fresh one'
is "$(printf '%s\n' "$out" | grep -c '^  ok         token: ')" 2 'both are told'
run "$OSMTP" check printed
exits 0 'a token that a command prints'
is "$(step 'token endpoint')" '' 'has no endpoint'
run "$OSMTP" check trusted
exits 0 'an https endpoint'

run "$OSMTP" check found # which has no such grant
like "$(step 'token endpoint')" \
    "ok +token endpoint: by http://localhost:$(port found): http://localhost:$(port found)/token" \
    'an endpoint that is discovered'
run "$OSMTP" check lost
exits 2 'one that is not to be found'
like "$(step 'token endpoint')" "failed +token endpoint: .*localhost:$(port absent)" 'why'

# ---- endpoints: NAME|why|what to do
while IFS='|' read -r name why remedy; do
	run "$OSMTP" check "$name"
	exits 2 "$name: exit"
	like "$(step 'token endpoint')" "failed +token endpoint: .*$why" "$name: why"
	like "$(step 'token endpoint')" "what to do: .*$remedy" "$name: what to do"
	like "$(step AUTH)" '^  not tried +AUTH$' "$name: AUTH is not tried"
	like "$(step EHLO)" '^  ok +EHLO' "$name: the server was looked at"
	hides "$name"
done <<'END'
page|answers with a page and status 200|this network, or a proxy in it, may want a login first
redirect|redirects to http://portal.example/login|want a login first
login|answers with a page and status 511|want a login first
absent|nothing that takes requests for tokens is there \(status 404\)|correct token_url
down|answers with status 503|try again later
nobody|onnect|may connect there
https|certificate|ca_file =
END

run "$OSMTP" check client
exits 2 'a client that is refused'
like "$(step 'token endpoint')" '^  ok' 'the endpoint is there'
like "$(step token)" 'failed +token: 401 invalid_client' 'the token is not'

# ---- whoever needs a person

for name in anna robot; do
	run "$OSMTP" check $name
	exits 2 "$name: nobody has logged in"
	like "$(step scope)" 'warning +scope: "mail" has no offline_access' "$name: the scope"
	like "$(step scope)" "what to do: scope = \"mail offline_access\"; then osmtp login $name" \
	    "$name: the line"
	like "$(step token)" "what to do: .*(osmtp login $name|--set $name.oauth.refresh_token)" "$name: how to log in"
done
finish
