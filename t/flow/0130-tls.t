#!/bin/sh
# SPDX-License-Identifier: ISC
# A server that cannot prove who it is, or has no TLS, sees neither login nor
# mail; the words tell one fault from the other.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

# add NAME SCHEME LISTENER [CA_FILE [SETTINGS [HOST]]]
add() {
	cat >>"$TMP/listeners" <<-END
		"$1": {$3, "auth": {"PLAIN": ["pa55"]}, "require_auth": true},
	END
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com"; password = "pa55";
		  server = "$2://${6-localhost}:@PORT:$1@";
		  tls = { ca_file = "${4-@CERTS@/ca.pem}"; ${5-} };
		  timeouts = { tls = "1s"; reply = "1s"; };
		};
	END
}
starttls='"tls": "starttls"'
implicit='"tls": "implicit"'

for how in "smtp $starttls" "smtps $implicit"; do
	s=${how%% *} tls=${how#* }
	add "$s-good" "$s" "$tls"
	add "$s-unknown" "$s" "$tls, \"cert\": \"rogue\""
	add "$s-other-ca" "$s" "$tls" @CERTS@/rogue-ca.pem
	add "$s-expired" "$s" "$tls, \"cert\": \"expired\""
	add "$s-name" "$s" "$tls, \"cert\": \"wrongname\""
	add "$s-address" "$s" "$tls" @CERTS@/ca.pem '' 127.0.0.1
	add "$s-old" "$s" "$tls, \"tls_max\": \"1.1\""
	add "$s-new" "$s" "$tls" @CERTS@/ca.pem 'min = "1.3";'
	add "$s-min" "$s" "$tls, \"tls_max\": \"1.2\"" @CERTS@/ca.pem \
	    'min = "1.3";'
	add "$s-noca" "$s" "$tls" @TMP@/absent.pem
	add "$s-noise" "$s" "$tls, \"on\": {\"tls\": {\"raw\":
	    \"250 no TLS here\\\\r\\\\n\", \"close\": true}}"
	add "$s-closes" "$s" "$tls, \"on\": {\"tls\": {\"close\": true}}"
	add "$s-hangs" "$s" "$tls, \"on\": {\"tls\": {\"hang\": true}}"
done
add system smtps "$implicit"
add absent smtp "$starttls, \"ehlo_plain\": [\"SIZE\", \"AUTH PLAIN\"]"
add s454 smtp "$starttls, \"on\": {\"starttls\": {\"reply\":
    \"454 4.7.0 TLS not available due to local problem\"}}"
add s501 smtp "$starttls, \"on\": {\"starttls\": {\"reply\":
    \"501 5.5.4 no parameters please\"}}"
add s250 smtp "$starttls, \"on\": {\"starttls\": {\"reply\": \"250 ok\"}}"
add injected smtp "$starttls, \"on\": {\"starttls\": {\"starttls_inject\":
    \"250-evil\\\\r\\\\n250 AUTH PLAIN\\\\r\\\\n\"}}"
add crossed smtps '"tls": "none"'

{ echo '{"listeners": {'; cat "$TMP/listeners"
  echo '"end": {}}}'; } >"$TMP/script"
start_fake "$TMP/script"
{ echo 'default = "smtp-good"; hostname = "h.example.com";
	log = { to = "@TMP@/log"; }; profiles = {'
  # One is without ca_file: the system's CAs do not know ours, at first.
  sed '/^system = /,/^};/s/^  tls = .*/tls = { min = "1.2"; };/' "$TMP/profiles"
  echo '};'; } | conf
printf 'From: a@example.com\nTo: b@example.org\n\nhello\n' >"$TMP/in"

good() {
	run "$OSMTP" -a "$1" b@example.org <"$TMP/in"
	exits 0 "$1: delivered"
}
# fails NAME STATUS REGEX: no login, no mail, and words like these.
fails() {
	begun=$(date +%s)
	run "$OSMTP" -a "$1" b@example.org <"$TMP/in"
	is "$(($(date +%s) - begun < 4))" 1 "$1: in time"
	like "$status" "^$2\$" "$1: exit status"
	like "$err" "b@example\.org: later: $3" "$1: says why"
	like "$err" "what to do: " "$1: what to do"
	unlike "$(cat "$LOG/$1.trace")" ' C (MAIL|AUTH)' "$1: no login, no mail"
}
for s in smtp smtps; do
	good $s-good
	good $s-address
	good $s-new
	fails $s-unknown 78 \
	    '.*certificate.*lead to a CA of .*/ca\.pem.*by .*rogue-ca\) \(TLS'
	like "$err" "what to do: .*profiles\.$s-unknown\.tls\.ca_file" \
	    "$s-unknown: where to name the CA"
	fails $s-other-ca 78 '.*certificate.*by .*test ca\) \(TLS'
	fails $s-expired 78 '.*certificate.*expired on 2021-01-01.* \(TLS'
	fails $s-name 78 ".*name.*'localhost'.* \(TLS"
	unlike "$err" 'expired|unknown' "$s-name: nothing else is blamed"
	fails $s-old 75 '.*protocol version.* \(TLS'
	fails $s-min 75 '.*protocol version.* \(TLS'
	fails $s-noca 78 '.*/absent\.pem.* \(TLS'
	fails $s-noise '7[58]' '.* \(TLS' # by what comes first: noise or end
	fails $s-closes 75 '.* \(TLS'
	fails $s-hangs 75 'no answer within 1s \(TLS'
done
fails system 78 '.*certificate.*by .*test ca\) \(TLS'
OSMTP_TEST_CA=$TMP/absent.pem
export OSMTP_TEST_CA
fails system 78 "the system's CA file can't be used \(TLS"
OSMTP_TEST_CA=$FAKE_CERTS/ca.pem
good system # whom the system trusts, we trust
unset OSMTP_TEST_CA
fails absent 78 'the server does not offer STARTTLS, which is required \(EHLO'
fails s454 75 '454 4\.7\.0 TLS not available.* \(EHLO'
fails s501 78 '501 5\.5\.4 no parameters please \(EHLO'
fails s250 75 '.*'
unlike "$err" 'not offer' 's250: it was offered'
fails injected 75 '.*'
fails crossed 78 '.* \(TLS'
rm "$LOG/crossed.trace" # it took ClientHello for SMTP
unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule was broken'
is "$(find "$LOG" -name '*.eml' | grep -c .)" 7 'what was good has arrived'
finish
