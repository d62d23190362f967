#!/bin/sh
# SPDX-License-Identifier: ISC
# SCRAM-SHA-256 and CRAM-MD5: who proves what to whom.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

offer='"tls": "starttls", "require_auth": true,
    "auth": {"SCRAM-SHA-256": ["pencil"], "PLAIN": ["pencil"]}'
start_fake - <<END
{"listeners": {
  "good": {$offer},
  "yes": {$offer, "on": {"auth:SCRAM-SHA-256": {"reply": "235 come in"}}},
  "half": {$offer, "on": {"auth2": [null, {"reply": "235 come in"}]}},
  "liar": {$offer, "on": {"auth2": [null,
      {"reply": "334 dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE9"}
      ]}},
  "replay": {$offer, "on": {"auth2": {"reply":
      "334 cj1hYmMscz1ZV0pqLGk9NDA5Ng=="}}},
  "words": {$offer, "on": {"auth2": [null, {"reply":
      "334 ZT1pbnZhbGlkLXByb29m"}], "verdict": {"refuse": true}}},
  "cram": {"tls": "starttls", "require_auth": true,
      "auth": {"CRAM-MD5": ["pencil"]}}}}
END

# profile NAME [SETTINGS]: one with the password of the server.
profile() {
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com"; user = "a,b=c";
		  server = "smtp://localhost:@PORT:${1%%-*}@";
		  tls = { ca_file = "@CERTS@/ca.pem"; };
		  password = "pencil"; ${2-}
		};
	END
}
profile good
profile good-wrong
sed -i '/^good-wrong/,/^}/s/pencil/crayon/' "$TMP/profiles"
for name in yes half liar replay words cram; do profile $name; done
profile cram-named 'sasl = "CRAM-MD5";'
profile cram-wrong 'sasl = "CRAM-MD5";'
sed -i '/^cram-wrong/,/^}/s/pencil/crayon/' "$TMP/profiles"
{ echo 'profiles = {'; cat "$TMP/profiles"; echo '};'; } | conf

# send NAME: by that profile.
send() {
	run "$OSMTP" --now -a "$1" bob@example.com <<-END
		Subject: $1

		hello
	END
}
said() { grep -c " C $2" "$LOG/$1.trace"; } # how often the client said so

send good
exits 0 'SCRAM-SHA-256'
is "$(fact msg-1 login.mech) $(fact msg-1 login.user)" 'SCRAM-SHA-256 a,b=c' \
    'is preferred'
is "$(said good 'AUTH SCRAM-SHA-256 biwsbj1h')" 1 'with an initial response'
unlike "$(cat "$LOG/good.trace" "$TMP/err")" ' C .*pencil|cGVuY2ls' \
    'the password does not go out'
send good-wrong
exits 78 'a wrong password'
like "$err" '535 ' 'is said by the server'

for name in yes half liar; do
	send $name
	exits 78 "$name: a server that proves nothing"
	like "$err" 'did not prove that it knows the password' "$name: is told"
	is "$(said $name 'AUTH PLAIN')" 0 "$name: gets no other proof from us"
	is "$(said $name MAIL)" 0 "$name: and no mail"
done
is "$(said liar '\*$')" 1 'a false signature: we break off'
send replay
exits 78 'a nonce that is not ours'
like "$err" 'nonce does not begin with ours' 'is told'
send words
like "$err" '535 .*invalid-proof' "the server's reason is kept"

send cram
check 'CRAM-MD5 that is not named' test "$status" -ne 0
is "$(said cram AUTH)" 0 'is not used'
send cram-named
exits 0 'CRAM-MD5 that is named'
is "$(fact msg-2 login.mech)" CRAM-MD5 'is used'
send cram-wrong
exits 78 'and proves the password'
finish
