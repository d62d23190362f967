#!/bin/sh
# SPDX-License-Identifier: ISC
# A pinned key instead of a chain, or beside one; a name in the certificate
# that is not the host's; the same of a token endpoint. Who fails to prove it
# sees neither login nor mail.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

"$T/fake/certs" "$FAKE_CERTS"
ca='ca_file = "@CERTS@/ca.pem";'
name='server_name = "other.example.test";'
# pin CERTIFICATE...: the setting that pins their keys.
pin() {
	words=''
	for cert; do
		words="$words\"sha256//$(openssl x509 -pubkey -noout \
		    -in "$FAKE_CERTS/$cert.pem" | openssl pkey -pubin -outform der |
		    openssl dgst -sha256 -binary | openssl base64)\", "
	done
	echo "pin = [ ${words%, } ];"
}
# add NAME CERTIFICATE SETTINGS [HOST]: a server with that certificate, and a
# profile with those settings; by STARTTLS and at once.
add() {
	for s in smtp smtps; do
		tls=starttls
		[ $s = smtp ] || tls=implicit
		cat >>"$TMP/listeners" <<-END
			"$s-$1": {"tls": "$tls", "cert": "$2",
			    "auth": {"PLAIN": ["pa55"]}, "require_auth": true},
		END
		cat >>"$TMP/profiles" <<-END
			$s-$1 = {
			  kind = "system"; address = "$1@example.com";
			  server = "$s://${4-localhost}:@PORT:$s-$1@";
			  password = "pa55"; tls = { $3 };
			};
		END
	done
}
# endpoint NAME CERTIFICATE SETTINGS: the same for where the token comes from.
endpoint() {
	cat >>"$TMP/listeners" <<-END
		"$1": {"type": "token", "cert": "$2",
		    "responses": [{"json": {"access_token": "\$token"}}]},
	END
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com";
		  server = "smtp://localhost:@PORT:mail@"; tls = { $ca };
		  oauth = { client_id = "id"; client_secret = "hunter2";
		    token_url = "https://localhost:@PORT:$1@/token"; $3 };
		};
	END
}
add alone rogue "$(pin good rogue)" 127.0.0.1
add old expired "$(pin expired)"
add wrong good "$(pin rogue)"
add both good "$ca $(pin good)"
add pin-only rogue "$ca $(pin rogue)"
add ca-only good "$ca $(pin rogue)"
add pin-name wrongname "$ca $(pin wrongname)"
add named wrongname "$ca $name" 127.0.0.1
add misnamed good "$ca $name"
endpoint t-alone rogue "$(pin rogue)"
endpoint t-wrong good "$(pin rogue)"
endpoint t-both good "$ca $(pin good)"
endpoint t-ca-only good "$ca $(pin rogue)"

{ echo '{"listeners": {'; cat "$TMP/listeners"
  echo '"mail": {"tls": "starttls", "auth": {"XOAUTH2": []},
	"accept_issued": true, "require_auth": true}}}'; } >"$TMP/script"
start_fake "$TMP/script"
{ echo 'default = "smtp-both"; log = { to = "@TMP@/log"; }; profiles = {'
  cat "$TMP/profiles"; echo '};'; } | conf
printf 'From: a@example.com\nTo: b@example.org\n\nhello\n' >"$TMP/in"

good() {
	run "$OSMTP" -a "$1" b@example.org <"$TMP/in"
	exits 0 "$1: delivered"
}
# fails NAME REGEX: no login, no mail, and words like these.
fails() {
	run "$OSMTP" -a "$1" b@example.org <"$TMP/in"
	exits 78 "$1: exit status"
	like "$err" "b@example\.org: later: $2" "$1: says why"
	unlike "$(cat "$LOG/$1.trace" 2>&1)" ' C (MAIL|AUTH)' \
	    "$1: no login, no mail"
}
for s in smtp smtps; do
	# A pin alone stands for chain, dates and name.
	good $s-alone
	good $s-old
	fails $s-wrong '.*public key is none of those pinned.* \(TLS'
	# Beside ca_file both must hold.
	good $s-both
	fails $s-pin-only '.*certificate.*by .*rogue-ca\) \(TLS'
	fails $s-ca-only '.*public key is none of those pinned.* \(TLS'
	fails $s-pin-name ".*name.*'localhost'.* \(TLS"
	# Where it goes is one thing, who must be there another.
	good $s-named
	like "$(cat "$LOG/$s-named.trace")" 'sni=other\.example\.test' \
	    "$s-named: TLS asks for that name"
	fails $s-misnamed ".*name.*'other\.example\.test'.* \(TLS"
done
good t-alone
good t-both
fails t-wrong '.*public key is none of those pinned.* \(TOKEN'
fails t-ca-only '.*public key is none of those pinned.* \(TOKEN'
unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule was broken'
is "$(find "$LOG" -name '*.eml' | grep -c .)" 10 'what was good has arrived'
unlike "$(cat "$LOG"/t-wrong* "$LOG"/t-ca-only* 2>&1)" hunter2 \
    'no secret went to the wrong endpoint'
finish
