#!/bin/sh
# SPDX-License-Identifier: ISC
# The end of a consent: revoked at the server, forgotten here; and what stays.
# shellcheck source=harness.sh disable=SC2016 # $token is the server's
. "${0%/*}/harness.sh"
# shellcheck source=login.sh
. "${0%/*}/login.sh"

add() {
	auth "$1" "${2-}"
	login_profile "$1" "$1" "$(urls "$1") ${3-}"
}
add anna
add fails '"revoke": {"status": 503, "body": "no"}'
add refuses '"revoke": {"status": 400, "json": {"error": "unsupported_token_type"}}'
add seeded '' 'refresh_token = "seed";'
auth away
login_profile away away \
    'device_url = "http://localhost:@PORT:away@/device"; grant = "device_code";'
cat >>"$TMP/profiles" <<'END'
app = {
  kind = "system"; address = "app@example.com";
  server = "smtp://localhost:@PORT:smtp@";
  oauth = { token_url = "http://localhost:@PORT:anna@/token";
    client_id = "app"; client_secret = "hush"; };
};
alias = {
  kind = "system"; address = "cron@example.com"; credentials = "anna";
};
END
start_login

login() {
	run "$OSMTP" login "$1" --device </dev/null
	exits 0 "$1: a login"
}
logout() { run "$OSMTP" logout "$@" </dev/null; }

login anna
logout anna
exits 0 'a logout'
is "$out" 'Profile "anna": revoked at the server, and forgotten here.' 'says so'
is "$(fact revoke-1 form.token_type_hint)" refresh_token 'the refresh token'
check 'nothing is left' test ! -e "$state/tokens/anna"
run "$OSMTP" token anna
exits 77 'no token any more'
like "$err" 'osmtp login anna' '... and what to do'
unlike "$out$err$(cat "$TMP/log")" '[tdr]-[0-9]*-?[0-9a-f]{16}' 'no secret'
logout anna
exits 0 'once more'
like "$out" 'no consent was stored' '... says so'
is "$(requests anna 'POST /revoke')" 1 '... and asks nobody'
login anna
logout alias --json
exits 0 'by a profile that borrows; as JSON'
is "$(json profile) $(json stored) $(json revoked) $(json configured)" \
    'anna true true false' '... what was done'

login fails
logout fails
exits 0 'a server in trouble'
like "$out" 'forgotten here, but not revoked at the server: .*no' '... says so'
like "$out" 'There the consent goes on' '... and what that means'
check '... forgotten' test ! -e "$state/tokens/fails"
login refuses
logout refuses --json
exits 0 'a server that refuses'
is "$(json revoked)" false '... as JSON'
like "$(json trouble)" 'unsupported_token_type' '... in its words'
login away
logout away
exits 0 'a server without an address for it'
like "$out" 'not revoked at the server: .*revoke_url: not set' '... says so'

login seeded
logout seeded
exits 0 'a refresh token in the configuration'
like "$out" '^Profile "seeded": revoked' '... the new one is revoked'
like "$out" 'refresh token in the configuration stays' '... that one stays'
like "$out" '^remove refresh_token from profiles.seeded.oauth \(.*:[0-9]+\)' \
    '... and where'
check '... and counts again' has seeded

logout app
exits 78 'no person has consented'
like "$err" 'no person has consented' '... says so'
logout nobody
exits 78 'an unknown profile'
logout
exits 64 'no profile'
logout anna app
exits 64 'two profiles'
logout anna --all
exits 64 'an unknown option'
if [ "$(id -u)" -eq 0 ]; then
	result 0 'a state that can not be written # skip we are root'
else
	login anna
	chmod 500 "$state/tokens"
	logout anna
	exits 74 'a state that can not be written'
	like "$err" 'not forgotten' '... says so'
	chmod 700 "$state/tokens"
fi
finish
