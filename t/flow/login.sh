# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# login: what the tests of osmtp login share, behind harness.sh.
# shellcheck disable=SC2034,SC2016 # for the tests; $token is the server's
unset DISPLAY WAYLAND_DISPLAY BROWSER SSH_CONNECTION SSH_TTY

server=''
state=$HOME/.local/state/osmtp

# What /token gives for what is good.
good='{"json": {"access_token": "$token", "expires_in": 3600,
    "refresh_token": "$refresh", "scope": "mail.send offline_access",
    "id_token": "$id_token"}}'
refresh='"refresh": {"tokens": ["seed"], "rotate": true}'

# auth NAME [MORE [RESPONSES]]: an authorization server, for a script.
auth() {
	printf '"%s": {"type": "auth", "tls": "none", "responses": [%s],
	    "login": "anna@example.com"%s, %s},\n' \
	    "$1" "${3:-$good}" "${2:+, $2}" "$refresh" >>"$TMP/listeners"
}

# login_profile NAME LISTENER [OAUTH [MORE [SMTP]]]
login_profile() {
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "mailbox"; address = "$1@example.com";
		  server = "smtp://localhost:@PORT:${5-smtp}@";
		  user = "anna@example.com";
		  tls = { ca_file = "@CERTS@/ca.pem"; }; ${4-}
		  oauth = {
		    token_url = "http://localhost:@PORT:$2@/token";
		    client_id = "app"; client_auth = "none";
		    scope = "mail.send offline_access"; ${3-}
		  };
		};
	END
}
urls() {
	printf '%s' "device_url = \"http://localhost:@PORT:$1@/device\";
	    authorize_url = \"http://localhost:@PORT:$1@/authorize\";
	    revoke_url = \"http://localhost:@PORT:$1@/revoke\";"
}

# start_login: servers and configuration, of what was said so far; $server may
# hold more members of the mail server.
start_login() {
	{ echo '{"listeners": {'; cat "$TMP/listeners"
	  printf '"smtp": {"tls": "starttls", "require_auth": true,
	    "accept_issued": true, "auth": {"XOAUTH2": []}%s}}}\n' \
	    "${server:+, $server}"; } >"$TMP/script"
	start_fake "$TMP/script"
	{ echo 'log = { to = "@TMP@/log"; level = "debug"; };'
	  echo 'profiles = {'; cat "$TMP/profiles"; echo '};'; } | conf
}

requests() { grep -c " C $2" "$LOG/$1.trace"; }

# has NAME: does the account of a profile have a token?
has() { "$OSMTP" token "$1" >/dev/null 2>&1 </dev/null; }

# start COMMAND..: in the background, for said() and ends().
start() {
	: >"$TMP/out" && : >"$TMP/err" # before said() looks
	exec 5<&0 # a shell gives /dev/null to what runs in the background
	"$@" >"$TMP/out" 2>"$TMP/err" <&5 5<&- 9>&- &
	pid=$!
	exec 5<&-
}
# said REGEX: wait until that is among its words.
said() {
	n=0
	while [ $n -lt 500 ] && kill -0 "$pid" 2>/dev/null; do
		n=$((n + 1))
		grep -Eq -e "$1" "$TMP/out" "$TMP/err" && return
		sleep 0.02
	done
	grep -Eq -e "$1" "$TMP/out" "$TMP/err"
	result $? "said: $1" "$(cat "$TMP/out" "$TMP/err")"
}
# ends: wait for its end; as run().
ends() {
	wait "$pid" 2>/dev/null
	status=$?
	out=$(cat "$TMP/out") err=$(cat "$TMP/err")
}
# the address that is to be opened
shown_url() { grep -Eo 'http://localhost:[0-9]+/authorize[^ ]*' "$TMP/out"; }
json() { printf '%s\n' "$out" | sed -n "${2-1}p" >"$TMP/one.json"
	python3 "$T/fake/fact" "$TMP/one.json" "$1"; }
