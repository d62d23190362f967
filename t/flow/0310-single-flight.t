#!/bin/sh
# SPDX-License-Identifier: ISC
# Many processes, one token request; refresh tokens of one use are redeemed
# once, and only where the answer can be kept.
# shellcheck source=harness.sh disable=SC2016 # $token is the server's
. "${0%/*}/harness.sh"

MANY=50

# add NAME GRANT LISTENER
add() {
	cat >>"$TMP/listeners" <<-END
		"$1": {"type": "token", "tls": "none", $3},
	END
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com";
		  server = "smtp://localhost:@PORT:smtp@";
		  tls = { ca_file = "@CERTS@/ca.pem"; };
		  oauth = {
		    token_url = "http://localhost:@PORT:$1@/token";
		    client_id = "app"; $2
		  };
		};
	END
}
secret='client_secret = "hush";'
seed='grant = "refresh_token"; client_auth = "none"; refresh_token = "r0";'
new='{"json": {"access_token": "$token", "expires_in": 3600}, "delay": 0.2}'
next='{"json": {"access_token": "$token", "refresh_token": "$refresh",
    "expires_in": 3600}'
rotate='"refresh": {"tokens": ["r0"], "rotate": true}'
add app "$secret" "\"responses\": [$new]"
add keeps "$seed" "\"responses\": [$new], \"refresh\": {\"tokens\": [\"r0\"]}"
add rotates "$seed" "\"responses\": [$next, \"delay\": 0.2}], $rotate"
add public "$seed" "\"responses\": [$next}], $rotate"
add short "$seed" "\"responses\": [{\"json\": {\"access_token\": \"\$token\",
    \"refresh_token\": \"\$refresh\", \"expires_in\": 200}}], $rotate"
add loses "$seed" "\"responses\": [$next, \"lose\": true}, $next}], $rotate"
add spent "$seed" "\"responses\": [$next}], \"refresh\": {\"tokens\": [\"x\"]}"
add shut "$seed" "\"responses\": [$next}], $rotate"
add refused "$secret" "\"responses\": [$new]"
add revoker "$secret" '"responses": [{"json": {"access_token": "$token"},
    "revoke": true}]'

{ echo '{"listeners": {'; cat "$TMP/listeners"
  cat <<'END'
  "smtp": {"tls": "starttls", "require_auth": true, "accept_issued": true,
           "auth": {"XOAUTH2": []}}}}
END
} >"$TMP/script"
start_fake "$TMP/script"
{ echo 'default = "app"; log = { to = "@TMP@/log"; level = "debug"; };'
  echo 'profiles = {'; cat "$TMP/profiles"; echo '};'; } | conf
tokens=$HOME/.local/state/osmtp/tokens

requests() { grep -c ' C POST' "$LOG/$1.trace"; }
token() { run "$OSMTP" token "$1" </dev/null; }

# many NAME: all ask at once, all get the same.
many() {
	i=0 pids=''
	while [ $((i += 1)) -le $MANY ]; do
		"$OSMTP" token "$1" >"$TMP/got.$i" 2>"$TMP/complaint.$i" 9>&- &
		pids="$pids $!"
	done
	bad=0
	for pid in $pids; do
		wait "$pid" || bad=$((bad + 1))
	done
	is "$bad" 0 "$1: $MANY processes, all get a token"
	is "$(cat "$TMP"/got.* | sort -u | grep -c .)" 1 "$1: the same one"
	is "$(requests "$1")" 1 "$1: by one request"
	rm "$TMP"/got.* "$TMP"/complaint.*
}
many app
many keeps
many rotates

# ---- one after the other

token short
exits 0 'short: a token'
token short
exits 0 'short: another, by the next refresh token'
token short
is "$status $(requests short)" '0 3' 'short: and another'
last=$(find "$LOG" -name 'token-*.json' | grep -c .)
is "$(fact "token-$((last - 2))" form.refresh_token)" r0 'first the configured'
is "$(fact "token-$last" form.refresh_token)" \
    "$(fact "token-$((last - 1))" refresh)" '... then what came last'
is "$(fact "token-$last" form.client_id)" app 'a public client says its name'
unlike "$(fact "token-$last" body)" client_secret '... and no secret'
is "$(find "$tokens" -name 'short.*' | sort | sed 's/.*short//' | tr '\n' ' ')" \
    '.blob .lock .prev ' 'the generation before is kept'
is "$(stat -c %a "$tokens" "$tokens/short.blob" "$tokens/short.prev" |
    tr '\n' ' ')" '700 600 600 ' 'for us alone'

# ---- trouble

token loses
exits 77 'loses: its answer was lost, and the token spent'
like "$err" 'invalid_grant' 'loses: what was said'
is "$(requests loses)" 2 'loses: it was tried once more'
token spent
exits 77 'spent: a login is needed'
token spent
is "$status $(requests spent)" '77 1' 'spent: and the endpoint is left in peace'
like "$(cat "$TMP/log")" 'profile=spent .*state=needs_login' 'spent: logged'
is "$(grep -c 'profile=spent .*state=needs_login' "$TMP/log")" 1 \
    'spent: ... once'

# No place to keep the answer in: no request, and the mail can go later.
mv "$tokens" "$tokens.away"
: >"$tokens"
token shut
exits 75 'shut: later'
is "$(requests shut)" 0 'shut: no request was made'
rm "$tokens"
mv "$tokens.away" "$tokens"
token shut
exits 0 'shut: now it is good'

# A damaged cache is not taken for an empty one.
printf 'osmtp-vault 2\nsealed:v1:00000000:AAAA\n' >"$tokens/public.blob"
chmod 600 "$tokens/public.blob"
token public
exits 78 'public: what is stored cannot be read'
like "$err" "stored refresh token: .*public.blob" 'public: which file'
like "$err" 'what to do: put that right, or give it up' 'public: what to do'
run "$OSMTP" profiles
like "$out" '^public .* unknown$' 'public: nobody says that it is well'
is "$(requests public)" 0 'public: the configured token is not spent'
rm "$tokens/public.blob"
token public
exits 0 'public: once it is gone'

# ---- a token that the server has refused

token refused
token revoker
printf 'From: a@example.com\nTo: b@example.org\n\nhello\n' >"$TMP/in"
i=0 pids='' bad=0
while [ $((i += 1)) -le 20 ]; do
	"$OSMTP" -a refused b@example.org <"$TMP/in" 2>>"$TMP/complaints" 9>&- &
	pids="$pids $!"
done
for pid in $pids; do
	wait "$pid" || bad=$((bad + 1))
done
is "$bad" 0 'refused: twenty mails hold a token that was revoked: all go'
is "$(requests refused)" 2 'refused: by one more request'

rm -r "$tokens"
unlike "$(cat "$TMP/log")" '(t|r)-[0-9]+-[0-9a-f]{16}|hush' 'no secret in the log'
finish
