#!/bin/sh
# SPDX-License-Identifier: ISC
# Whatever process, shell or daemon the caller is: whole, once, or not at all.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {},
  "sub": {"tls": "starttls", "require_auth": true, "accept_issued": true,
          "auth": {"XOAUTH2": []}},
  "token": {"type": "token", "responses": [
     {"json": {"access_token": "$token", "expires_in": 3600}}]}}}
END
conf <<'END'
domain = "example.com";
admin = "ops@example.com";
log = { to = "@TMP@/log"; };
default = "plain";
profiles = {
  plain = {
    kind = "system"; address = "plain@example.com";
    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
    auth = "none"; timeouts = { foreground = "900ms"; };
  };
  oauth = {
    kind = "system"; address = "oauth@example.com";
    server = "smtp://localhost:@PORT:sub@"; tls = { ca_file = "@CERTS@/ca.pem"; };
    oauth = { client_id = "id"; client_secret = "secret"; scope = "mail";
              token_url = "https://localhost:@PORT:token@/token";
              ca_file = "@CERTS@/ca.pem"; };
  };
};
END
conf=$HOME/.config/osmtp/osmtp.conf
state=$HOME/.local/state
sendmail=$TMP/sendmail
ln -s "$OSMTP" "$sendmail"
dead=$HOME/dead.letter
printf 'Subject: hello\n\nfirst\nlast\n' >"$TMP/in"
sent=0

# goes NAME COMMAND...: exits 0, and one message more arrives, whole.
goes() {
	name=$1
	shift
	run "$@" <"$TMP/in"
	arrived "$name" "$status"
}
arrived() { # NAME STATUS
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml
	[ "$2" -eq 0 ] && [ "$(tr -d '\r' <"$eml" | sed '1,/^$/d')" = 'first
last' ] && [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	result $? "$1" "status $2" "$out" "$err" "$(cat "$eml")"
	[ -e "$eml" ] || sent=$((sent - 1))
}
nothing() { check "$1: nothing is sent" [ ! -e "$LOG/msg-$((sent + 1)).eml" ]; }
# forget: no token, no state.
forget() { rm -rf "$state"; }

# ---- descriptors. $@ of these shells is the command.
# shellcheck disable=SC2016
{
	goes 'output closed' sh -c 'exec "$@" >&-' - "$sendmail" -i b@example.org
	is "$err" '' '... is nothing to speak of'
	goes 'errors closed' sh -c 'exec "$@" 2>&-' - "$sendmail" -i b@example.org
	goes 'both closed, -v' sh -c 'exec "$@" >&- 2>&-' - \
	    "$sendmail" -iv b@example.org
	goes 'both closed, with a token to get' sh -c 'exec "$@" >&- 2>&-' - \
	    "$sendmail" -i -a oauth b@example.org
	forget
	run sh -c 'exec "$@" 0<&- >&- 2>&-' - "$sendmail" -i b@example.org
	exits 66 'all closed'
	nothing 'all closed'
	run sh -c 'exec "$@" 2>&-' - "$sendmail" 'a@@b' <"$TMP/in"
	exits 65 'errors closed, an error: the status tells'
	rm -f "$dead"
	if [ -e /dev/full ]; then
		goes 'output full, -v' sh -c 'exec "$@" >/dev/full' - \
		    "$sendmail" -iv b@example.org
		run sh -c 'exec "$@" 2>/dev/full' - "$sendmail" 'a@@b' \
		    <"$TMP/in"
		exits 65 'errors full, an error: the status tells'
		rm -f "$dead"
	fi
	goes 'output without a reader, -v' sh -c '
		mkfifo "$1" && exec 3<>"$1" 4>"$1" 3<&-
		shift
		exec "$@" >&4 2>&4 4>&-' - "$TMP/no-reader" \
	    "$sendmail" -iv b@example.org
}

# ---- environment

goes 'no environment' env -i OSMTP_TEST_HOME="$HOME" \
    "$sendmail" -C"$conf" -i b@example.org 2>/dev/null || :
