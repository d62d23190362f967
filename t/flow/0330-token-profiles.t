#!/bin/sh
# SPDX-License-Identifier: ISC
# osmtp token: a valid token for another program, to whoever may use the
# profile. osmtp profiles: what there is, and whether it can send.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"tls": "starttls", "require_auth": true, "accept_issued": true,
           "auth": {"XOAUTH2": [], "OAUTHBEARER": [], "PLAIN": ["pa55"]}},
  "token": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "$token", "expires_in": 3600}}]},
  "secret": {"type": "token", "tls": "none", "responses": [
      {"status": 401, "json": {"error": "invalid_client",
       "error_description": "AADSTS7000222: The provided client secret keys are expired."}}]},
  "slow": {"type": "token", "tls": "none", "responses": [
      {"status": 503, "headers": {"Retry-After": "120"}, "body": "later"}]}}}
END
# oauth LISTENER
oauth() {
	cat <<-END
		oauth = { client_id = "id"; client_secret = "hunter2";
		  token_url = "http://127.0.0.1:@PORT:$1@/token"; };
		tls = { ca_file = "@CERTS@/ca.pem"; };
	END
}
conf <<END
default = "app"; log = { to = "@TMP@/log"; };
profiles = {
  app = {
    kind = "system"; address = "app@example.com"; user = "login@example.com";
    server = [ "smtp://localhost:@PORT:smtp@", "smtps://[::1]" ];
    sasl = "OAUTHBEARER"; $(oauth token)
  };
  borrower = {
    kind = "mailbox"; address = "b@example.com"; credentials = "app";
  };
  closed = {
    kind = "system"; address = "c@example.com"; users = "nobody-here";
    server = "smtp://localhost:@PORT:smtp@"; $(oauth token)
  };
  expired = {
    kind = "system"; address = "e@example.com";
    server = "smtp://localhost:@PORT:smtp@"; $(oauth secret)
  };
  slow = {
    kind = "system"; address = "s@example.com";
    server = "smtp://localhost:@PORT:smtp@"; $(oauth slow)
  };
  plain = {
    kind = "system"; address = "p@example.com";
    server = "smtp+unix:/run/relay"; password = "pa55";
  };
};
END
# json KEY: a member of the first line of standard output, or 0.
json() {
	printf '%s\n' "$out" | head -n 1 >"$LOG/line.json"
	fact line "$1" 2>/dev/null || echo 0
}
# row NAME: its line of the table.
row() { printf '%s\n' "$out" | grep "^$1 "; }

# ---- before anything was asked

run "$OSMTP" profiles
exits 0 'profiles'
like "$out" '^NAME +KIND +ADDRESS +SERVER +AUTH +STATE$' 'a head'
is "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 7 'a line each'
like "$(row app)" '^app +system +app@example\.com +smtp://localhost:[0-9]+ \+1 +oauth \(OAUTHBEARER\) +ok$' 'a profile'
like "$(row borrower)" 'mailbox.*smtp://localhost:.* oauth \(OAUTHBEARER\) by app +ok$' 'one by the account of another'
like "$(row plain)" ' smtp\+unix:/run/relay +password +ok$' 'one with a password'
unlike "$out" 'hunter2|pa55' 'no secret'

# ---- a token

run "$OSMTP" token app
exits 0 'token'
like "$out" '^[^ ]{8,}$' 'a token, and nothing else'
is "$err" '' '... and no word'
token=$out
printf 'Subject: x\n\nx\n' >"$TMP/in"
run "$OSMTP" -a app b@example.org <"$TMP/in"
exits 0 'it is one that the server takes'
run "$OSMTP" token borrower
is "$out" "$token" 'the same from the cache, for a profile that borrows'
before=$(date +%s)
run "$OSMTP" token --json app
exits 0 'token --json'
is "$(json token)" "$token" '... the token'
is "$(json profile)" app '... profile'
is "$(json server):$(json port)" "localhost:$(port smtp)" '... server and port'
is "$(json tls) $(json user) $(json mechanism)" \
    'starttls login@example.com OAUTHBEARER' '... and how'
left=$(($(json expires_at) - before))
is "$((left > 3500 && left <= 3600))" 1 '... until when, in seconds'
is "$(json expires)" "$(date -u -d "@$(json expires_at)" +%Y-%m-%dT%H:%M:%SZ)" \
    '... and to read'
is "$(find "$LOG" -name 'token-*.json' | grep -c .)" 1 'one request for all'
unlike "$(cat "$TMP/log")" "$token" 'the log has no token'
run "$OSMTP" profiles
like "$(row app)" ' ok, token until 20[0-9-]+ [0-9:]+$' 'profiles: until when'

# ---- not for everybody, not of everything

if [ "$(id -u)" -eq 0 ]; then
	result 0 'who may have it # skip we are root, who may'
else
	run "$OSMTP" token closed
	exits 77 'no token for who is not in users'
	like "$err" 'token: profile "closed": .* may not use it' '... says so'
	is "$out" '' '... and shows none'
fi
run "$OSMTP" token plain
exits 78 'a profile without OAuth'
like "$err" 'profile "plain": there is no token: .*OAuth' '... says so'
run "$OSMTP" token ap
exits 78 'an unknown profile'
like "$err" '"ap": no profile has this name; did you mean "app"\?' '... is near'
run "$OSMTP" token
exits 64 'no profile'
run "$OSMTP" token app plain
exits 64 'two profiles'
run "$OSMTP" token --jsn app
exits 64 'an unknown option'
run "$OSMTP" token app -C
exits 64 'a missing file'
run "$OSMTP" token app -C "$TMP/none"
exits 78 'another configuration'
run "$OSMTP" profiles x
exits 64 'profiles takes no name'

# ---- trouble

run "$OSMTP" token expired
exits 78 'an expired client secret'
is "$out" '' '... no token'
like "$err" 'profile "expired": .*AADSTS7000222.* \(TOKEN' '... in their words'
like "$err" 'what to do: .' '... and what to do'
unlike "$err" hunter2 '... no secret'
run "$OSMTP" token expired --json
exits 78 'the same as JSON'
is "$(json profile) $(json class) $(json error)" 'expired C invalid_client' \
    '... by members'
run "$OSMTP" token slow
exits 75 'an endpoint that is down'
run "$OSMTP" profiles
like "$(row expired)" ' misconfigured since 20' 'profiles: whose trouble it is'
like "$out" '^    .*AADSTS7000222' '... in their words'
like "$(row slow)" ' degraded since 20.*, next try 20' 'profiles: trouble that may pass'
run "$OSMTP" -a expired --now b@example.org <"$TMP/in"
exits 78 'mail meets the same'
run "$OSMTP" profiles
like "$(row expired)" ' misconfigured since 20' 'profiles: the account'
run "$OSMTP" profiles --json
exits 0 'profiles --json'
is "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 6 'a line each'
is "$(json name) $(json kind) $(json state)" 'app system ok' '... first'
is "$(json servers.1) $(json auth.0) $(json sasl.0)" \
    'smtps://[::1]:465 oauth OAUTHBEARER' '... with how'
out=$(printf '%s\n' "$out" | sed -n 4p)
is "$(json name) $(json state) $(json trouble.class)" \
    'expired misconfigured C' '... one in trouble'
like "$(json trouble.text)" AADSTS7000222 '... in their words'
unlike "$out" 'hunter2' '... no secret'
finish
