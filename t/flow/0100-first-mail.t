#!/bin/sh
# SPDX-License-Identifier: ISC
# A message goes out: token by https, STARTTLS, XOAUTH2; password over smtps.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

export OSMTP_TEST_NOW=1700000000000
start_fake - <<'END'
{"listeners": {
  "smtp": {"tls": "starttls", "require_auth": true, "auth": {"XOAUTH2": []},
           "accept_issued": true},
  "smtps": {"tls": "implicit", "require_auth": true,
            "auth": {"PLAIN": {"support@example.com": "pass word"}}},
  "slow": {"tls": "implicit", "require_auth": true, "ehlo": ["SIZE"],
           "auth": {"PLAIN": {"support@example.com": "pass word"}},
           "on": {"quit": {"hang": true}}},
  "token": {"type": "token", "client": {"id": "app", "secret": "k&=+ ey"},
            "responses": [{"json": {"access_token": "$token",
                                    "token_type": "Bearer",
                                    "expires_in": 3600}}]}}}
END
conf <<'END'
domain = "example.com";
received = false;
hostname = "web1.example.com";
log = { to = "@TMP@/log"; };
profiles = {
  noreply = {
    kind = "system"; address = "noreply@example.com";
    server = "smtp://localhost:@PORT:smtp@";
    tls = { ca_file = "@CERTS@/ca.pem"; };
    oauth = {
      grant = "client_credentials"; client_id = "app";
      client_secret = { file = "@TMP@/secret"; };
      token_url = "https://localhost:@PORT:token@/oauth2/token";
      scope = "smtp.send offline"; ca_file = "@CERTS@/ca.pem";
    };
  };
  support = {
    kind = "mailbox"; address = "support@example.com"; users = "*";
    server = "smtps://localhost:@PORT:smtps@";
    tls = { ca_file = "@CERTS@/ca.pem"; };
    password = "pass word";
  };
  slow = {
    kind = "mailbox"; address = "slow@example.com"; users = "*";
    user = "support@example.com";
    server = "smtps://localhost:@PORT:slow@";
    tls = { ca_file = "@CERTS@/ca.pem"; };
    password = "pass word";
  };
};
END
echo 'k&=+ ey' >"$TMP/secret"
chmod 600 "$TMP/secret"

# recv LISTENER REGEX: number of the read that brought (ended by) such a line.
recv() { sed -En "s/^1 ([0-9]+) $2.*/\1/p" "$LOG/$1.trace" | head -n 1; }
crlf() { awk '{ printf "%s\r\n", $0 }'; }

# ---- a system profile with a token

cat >"$TMP/in" <<'END'
From: root (Cron Daemon)
To: carol@example.org, Dan <dan@example.net>
Bcc: eve@example.org
Subject: disk full

.one dot
..two dots
.
the end
END
run "$OSMTP" -t -i -v <"$TMP/in"
exits 0 'delivered'
is "$err" '' 'nothing on stderr'
is "$(fact msg-1 sender)" noreply@example.com 'envelope sender'
is "$(fact msg-1 accepted)" \
    '["carol@example.org", "dan@example.net", "eve@example.org"]' 'recipients'
is "$(fact msg-1 login.mech) $(fact msg-1 login.user)" \
    'XOAUTH2 noreply@example.com' 'login'
is "$(fact msg-1 login.secret)" "$(fact token-1 issued)" 'with the token'
like "$(fact msg-1 tls)" '^TLSv1\.[23]$' 'under TLS'
is "$(fact msg-1 helo)" web1.example.com 'EHLO name'

id=$(sed -n 's/^Message-ID: <\(.*\)@web1.*/\1/p' "$LOG/msg-1.eml")
like "$id" '^[0-9a-hjkmnp-tv-z]{16}$' 'an ID was made'
text() { # ONE_DOT TWO_DOTS DOT
	cat <<-END
		From: $(id -un) on web1 <noreply@example.com>
		To: carol@example.org, Dan <dan@example.net>
		Subject: disk full
		Date: Tue, 14 Nov 2023 22:13:20 +0000
		Message-ID: <$id@web1.example.com>
		Auto-Submitted: auto-generated

		$1one dot
		$2two dots
		$3
		the end
	END
}
text . .. . | crlf >"$TMP/want"
check 'the message as it arrived' cmp "$LOG/msg-1.eml" "$TMP/want"
{ text .. ... .. && echo .; } | crlf >"$TMP/want"
check 'and as it was on the wire' cmp "$LOG/msg-1.raw" "$TMP/want"
is "$(fact msg-1 mail)" "FROM:<noreply@example.com> SIZE=$(fact msg-1 size)" \
    'SIZE is that of the message'
unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule was broken'

# ---- round trips

data=$(recv smtp 'C DATA')
is "$(recv smtp 'C MAIL')" "$data" 'MAIL and DATA in one write'
is "$(grep -c "^1 $data C " "$LOG/smtp.trace")" 5 '... with all RCPTs'
is "$(recv smtp 'C QUIT')" "$(recv smtp '\* body')" 'QUIT rides with the dot'
is "$(recv smtp '\* body')" "$((data + 1))" '... and both with the body'
is "$((data - $(recv smtp 'C AUTH')))" 1 'AUTH is one step'
like "$out" '^> AUTH XOAUTH2 \*\*\*$' 'AUTH is shown without its secret'
like "$out" '^< 250 2\.0\.0 accepted$' 'so is the verdict'

# ---- the token request

is "$(fact token-1 request)" 'POST /oauth2/token HTTP/1.1' 'token request'
is "$(fact token-1 headers.content-type)" application/x-www-form-urlencoded \
    'it is a form'
is "$(fact token-1 form)" '{"grant_type": "client_credentials", "scope":'\
' "smtp.send offline", "client_id": "app", "client_secret": "k&=+ ey"}' \
    'what it asks'
is "$(fact token-1 doubled) $(fact token-1 basic)" '[] null' 'each once'

cache=$HOME/.local/state/osmtp/tokens
like "$(ls -ld "$cache")" '^drwx------' 'the cache is private'
is "$(find "$cache" -type f -name 'noreply.*' ! -perm 600)" '' \
    'so are its files'
check 'there is a cached token' test -s "$cache/noreply.blob"

# ---- the second message

OSMTP_TEST_NOW=1700000060000
run "$OSMTP" -i dan@example.net <"$TMP/in"
exits 0 'a second message'
is "$out$err" '' 'silent'
is "$(fact msg-2 login.secret)" "$(fact token-1 issued)" \
    'goes with the cached token'
check 'which was asked for once' test ! -e "$LOG/token-2.json"
like "$(cat "$TMP/log")" 'event=token profile=noreply result=obtained.*life=1h' \
    'the log has the request'
like "$(cat "$TMP/log")" "id=$id event=delivery result=delivered\
 to=eve@example.org .*auth=XOAUTH2 .*code=250" 'and the delivery'
OSMTP_TEST_NOW=1700003400000
run "$OSMTP" -i dan@example.net <"$TMP/in"
exits 0 'a third, 3 minutes before the token expires'
is "$(fact msg-3 login.secret)" "$(fact token-2 issued)" 'gets a fresh one'

# ---- a mailbox with a password

cat >"$TMP/in" <<'END'
From: Support <support@example.com>
To: carol@example.org
Subject: Re: help
Message-ID: <17@desk.example.com>
Date: Mon, 1 Jan 2024 00:00:00 +0000

No.
END
run "$OSMTP" -i -f support@example.com carol@example.org <"$TMP/in"
exits 0 'a mailbox'
crlf <"$TMP/in" >"$TMP/want"
check 'its message is as it was' cmp "$LOG/msg-4.eml" "$TMP/want"
is "$(fact msg-4 login)" '{"mech": "PLAIN", "user": "support@example.com",'\
' "secret": "pass word"}' 'login'
is "$(fact msg-4 sender)" support@example.com 'sender'
is "$(recv smtps '\* tls')" 0 'TLS before all else'

begun=$(date +%s)
run "$OSMTP" -i -f slow@example.com carol@example.org <"$TMP/in"
exits 0 'a server without PIPELINING that does not answer QUIT'
is "$(($(date +%s) - begun < 5))" 1 'it is not waited for'
is "$(recv slow 'C QUIT')" "$(($(recv slow '\* body') + 1))" \
    'QUIT follows the verdict'
unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule was broken'
finish
