#!/bin/sh
# SPDX-License-Identifier: ISC
# Grants without a person: client assertions, signed or renewed by others,
# service accounts, a command that gives the token, endpoints by discovery.
# shellcheck source=harness.sh disable=SC2016 # $0 is the command's
. "${0%/*}/harness.sh"

# Keys and certificates of clients.
keys=$TMP/keys
mkdir "$keys"
(
	umask 077
	cd "$keys" || exit
	openssl genrsa -out rsa.pem 2048
	openssl ecparam -name prime256v1 -genkey -noout -out ec.pem
	openssl pkcs8 -topk8 -in ec.pem -passout pass:Tin-lid -out locked.pem
	for k in rsa ec; do
		openssl req -new -x509 -key $k.pem -subj /CN=$k -days 90 -out $k.crt
		openssl pkey -in $k.pem -pubout -out $k.pub
	done
	cp rsa.pem open.pem && chmod 644 open.pem
	python3 -c 'import json, sys; print(json.dumps({
	    "type": sys.argv[1], "client_email": "robot@p.example.com",
	    "private_key_id": "k1", "private_key": open("rsa.pem").read(),
	    "token_uri": sys.argv[2]}))' service_account http://127.0.0.1:1/ >robot.json
	sed 's/"service_account"/"authorized_user"/' robot.json >person.json
) 2>/dev/null

mkfifo "$TMP/fifo"
start_fake - <<'END'
{"listeners": {
  "smtp": {"tls": "starttls", "require_auth": true, "accept_issued": true,
           "auth": {"XOAUTH2": []}},
  "token": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "$token", "expires_in": 3600}}]},
  "loses": {"type": "token", "tls": "none", "responses": [
      {"lose": true, "json": {"access_token": "$token"}},
      {"json": {"access_token": "$token", "expires_in": 3600}}]},
  "issuer": {"type": "auth", "tls": "none", "responses": [
      {"json": {"access_token": "$token", "expires_in": 3600}}],
      "refresh": {"tokens": ["R0"], "rotate": false}}}}
END

# add NAME OAUTH-SETTINGS
add() {
	cat >>"$TMP/profiles" <<-END
		$1 = { kind = "system"; address = "$1@example.com"; user = "$1@example.com";
		  server = "smtp://localhost:@PORT:smtp@"; timeouts = { token = "5s"; };
		  tls = { ca_file = "@CERTS@/ca.pem"; };
		  oauth = { $2 }; };
	END
}
url='scope = "mail"; token_url = "http://127.0.0.1:@PORT:token@/token"; '
key() { echo "client_id = \"id-1\"; $url client_key = \"@TMP@/keys/$1.pem\"; ${2-}"; }
add rs256 "$(key rsa 'client_cert = "@TMP@/keys/rsa.crt"; key_id = "k-7";')"
add ps256 "$(key rsa 'signing_alg = "PS256"; assertion_audience = "https://other.example/";')"
add es256 "$(key ec)"
add locked "$(key locked 'client_key_passphrase = "Tin-lid";')"
add unlocked "$(key locked)"
add wrong "$(key rsa 'signing_alg = "ES256";')"
add foreign "$(key rsa 'client_cert = "@TMP@/keys/ec.crt";')"
add open "$(key open)"
add endless "$(key rsa 'ca_file = "@TMP@/fifo";')"
add zeros "$(key rsa 'ca_file = "/dev/zero";')"
add absent "$(key absent)"
add renewed "client_id = \"id-1\"; $url client_auth = \"private_key_jwt\"; assertion_file = \"@TMP@/assertion\";"
add robot "grant = [ \"jwt_bearer\" ]; $url service_account = \"@TMP@/keys/robot.json\"; subject = \"anna@example.com\";"
add person "grant = [ \"jwt_bearer\" ]; $url service_account = \"@TMP@/keys/person.json\";"
add bearer "grant = [ \"jwt_bearer\" ]; subject = \"anna@example.com\"; $(key ec 'client_secret = "hunter2"; client_auth = "post";')"
add extras "client_id = \"id-1\"; client_secret = \"hunter2\"; $url audience = \"aud-1\"; resource = \"https://smtp.example/\"; parameters = { custom = \"c d\"; };"
add repeats 'grant = [ "refresh_token" ]; client_id = "id-1"; refresh_token = "R0"; client_key = "@TMP@/keys/ec.pem"; token_url = "http://127.0.0.1:@PORT:loses@/token";'
add says 'grant = [ "command" ]; token_command = [ "/bin/sh", "-c", "cat @TMP@/said; exit $(cat @TMP@/status)" ];'
add sent 'grant = [ "command" ]; token_command = [ "/bin/sh", "-c", "cat /proc/$$/status >@TMP@/command; echo t-1-x" ];'
add found 'grant = [ "refresh_token" ]; client_id = "id-1"; refresh_token = "R0"; issuer = "http://localhost:@PORT:issuer@";'
add lost 'grant = [ "refresh_token" ]; client_id = "id-1"; refresh_token = "R0"; issuer = "http://localhost:1";'
{ echo 'log = { to = "@TMP@/log"; level = "debug"; }; default = "rs256";'
  echo 'profiles = {'; cat "$TMP/profiles"; echo '};'; } | conf

token() { run "$OSMTP" token "$1"; }
asked=0
# gets NAME: a token, by one request; its form is in token-$asked.json
gets() {
	token "$1"
	exits 0 "$1: a token"
	like "$out" '^t-[0-9]+-' "$1: the endpoint's"
	asked=$((asked + 1))
}
form() { fact "token-$asked" "form.$1"; }

# jwt TEXT KEY ALG: is it signed so by that key? Its parts go to $TMP/jwt.*
jwt() {
	python3 - "$1" "$TMP/jwt" "$3" <<-'END'
		import base64, json, sys
		def raw(s):
		    return base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
		def integer(b):
		    b = b.lstrip(b"\0")
		    b = (b"\0" if b[0] & 128 else b"") + b
		    return b"\x02" + bytes([len(b)]) + b
		head, claims, sig = sys.argv[1].split(".")
		sig = raw(sig)
		if sys.argv[3] == "ES256":    # as DER, for openssl
		    assert len(sig) == 64
		    rs = integer(sig[:32]) + integer(sig[32:])
		    sig = b"\x30" + bytes([len(rs)]) + rs
		for end, octets in ((".head.json", raw(head)), (".json", raw(claims)),
		                    (".sig", sig),
		                    (".in", f"{head}.{claims}".encode())):
		    with open(sys.argv[2] + end, "wb") as f:
		        f.write(octets)
	END
	set -- "$keys/$2.pub" "$3"
	pss=''
	[ "$2" != PS256 ] || pss='-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32'
	# shellcheck disable=SC2086 # several words
	openssl dgst -sha256 $pss -verify "$1" -signature "$TMP/jwt.sig" \
	    "$TMP/jwt.in" 2>&1
}
says() { python3 "$T/fake/fact" "$TMP/jwt$1.json" "$2" 2>/dev/null; }

# ---- client assertions

here="http://127.0.0.1:$(port token)/token"
gets rs256
is "$(form grant_type)" client_credentials 'rs256: the grant'
is "$(form client_assertion_type)" \
    urn:ietf:params:oauth:client-assertion-type:jwt-bearer 'rs256: its type'
is "$(jwt "$(form client_assertion)" rsa RS256)" 'Verified OK' 'rs256: the signature'
is "$(says .head alg) $(says .head typ) $(says .head kid)" 'RS256 JWT k-7' 'rs256: the header'
is "$(says .head 'x5t#S256')" "$(openssl x509 -in "$keys/rsa.crt" -outform DER |
    openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d =)" \
    'rs256: the certificate'
is "$(says '' iss) $(says '' sub) $(says '' aud)" "id-1 id-1 $here" 'rs256: the claims'
check 'rs256: five minutes' [ $(($(says '' exp) - $(says '' iat))) -eq 300 ]
first=$(says '' jti)
gets ps256
is "$(jwt "$(form client_assertion)" rsa PS256)" 'Verified OK' 'ps256: the signature'
is "$(says .head alg) $(says '' aud)" 'PS256 https://other.example/' 'ps256: as configured'
check 'ps256: another jti' [ "$(says '' jti)" != "$first" ]
gets es256
is "$(jwt "$(form client_assertion)" ec ES256)" 'Verified OK' 'es256: the signature'
gets locked
is "$(jwt "$(form client_assertion)" ec ES256)" 'Verified OK' 'locked: the signature'

# fails NAME STATUS REGEX
fails() {
	token "$1"
	exits "$2" "$1: exit status"
	like "$err" "$3" "$1: what was said"
	unlike "$err$out" 'PRIVATE KEY|Tin-lid|hunter2' "$1: no secret"
}
fails unlocked 78 "oauth\.client_key: $keys/locked\.pem: .*passphrase"
fails wrong 78 "oauth\.signing_alg: $keys/rsa\.pem: .*ES256 .*RSA"
like "$err" 'what to do: correct that in profiles\.wrong\.oauth ' 'wrong: it is named'
fails endless 78 "CA file $TMP/fifo: not a regular file"
fails zeros 78 'CA file /dev/zero: not a regular file'
fails foreign 78 "oauth\.client_cert: $keys/ec\.crt: .*key $keys/rsa\.pem"
fails open 78 "client_key: read: $keys/open\.pem: others may read it .*0600"
fails absent 78 "client_key: .*$keys/absent\.pem.*No such file"

fails renewed 78 "oauth\.assertion_file: .*$TMP/assertion"
printf 'one.two.three\n\n' >"$TMP/assertion"
chmod 640 "$TMP/assertion"
gets renewed
is "$(form client_assertion)" one.two.three 'renewed: as it is in the file'
rm -r "$HOME/.local/state/osmtp/tokens"
printf 'four.five.six\n' >"$TMP/assertion"
gets renewed
is "$(form client_assertion)" four.five.six 'renewed: read afresh'
printf 'two\nlines\n' >"$TMP/assertion"
rm -r "$HOME/.local/state/osmtp/tokens"
fails renewed 78 'assertion_file: .*one line'

# ---- JWT bearer

gets robot
is "$(form grant_type)" urn:ietf:params:oauth:grant-type:jwt-bearer 'robot: the grant'
is "$(jwt "$(form assertion)" rsa RS256)" 'Verified OK' 'robot: the signature'
is "$(says .head kid) $(says '' iss) $(says '' sub)" \
    'k1 robot@p.example.com anna@example.com' 'robot: who'
is "$(says '' aud) $(says '' scope)" "$here mail" 'robot: what for'
fails person 78 "service_account: $keys/person\.json: .*person"
gets bearer
is "$(jwt "$(form assertion)" ec ES256)" 'Verified OK' 'bearer: the signature'
is "$(says '' iss) $(says '' sub)" 'id-1 anna@example.com' 'bearer: who'
is "$(form client_secret)" hunter2 'bearer: the client beside it'

gets extras
is "$(form audience) $(form resource) $(form custom)" \
    'aud-1 https://smtp.example/ c d' 'extras: sent along'

# ---- a command

echo 0 >"$TMP/status"
printf 'ey.said-1\n900\n' >"$TMP/said"
token says
exits 0 'says: a token'
is "$out" ey.said-1 'says: what the command printed'
echo ey.said-2 >"$TMP/said"
token says
is "$out" ey.said-1 'says: kept'
rm -r "$HOME/.local/state/osmtp/tokens"
run "$OSMTP" token says --json
like "$out" '"token": *"ey.said-2"' 'says: anew'
rm -r "$HOME/.local/state/osmtp/tokens"
echo 75 >"$TMP/status"
fails says 75 'oauth\.token_command: command: /bin/sh: exit status 75'
rm -r "$HOME/.local/state/osmtp/tokens"
echo 77 >"$TMP/status"
fails says 77 'exit status 77'
rm -r "$HOME/.local/state/osmtp/tokens"
echo 0 >"$TMP/status"
echo 'no token at all' >"$TMP/said"
fails says 78 'line 1 is to be the token'

# What we ignore for ourselves is not ignored for it: 25 is SIGXFSZ.
token sent
ignored=$(sed -n 's/^SigIgn:[[:space:]]*/0x/p' "$TMP/command")
is $((ignored >> 24 & 1)) 0 'sent: no signal of ours is ignored'

# ---- discovery

gets found
is "$(fact metadata-1 request | cut -d' ' -f2)" \
    /.well-known/oauth-authorization-server 'found: the metadata'
check 'found: kept' [ -e "$HOME/.local/state/osmtp/tokens/found%3Ameta.blob" ]
rm "$HOME/.local/state/osmtp/tokens/found.blob"
gets found
check 'found: asked once' [ ! -e "$LOG/metadata-2.json" ]
fails lost 75 'localhost:1'

# A day later it is asked again.
now=$(date +%s)
OSMTP_TEST_NOW=$(((now + 90000) * 1000)) && export OSMTP_TEST_NOW
rm "$HOME/.local/state/osmtp/tokens/found.blob"
token found
exits 0 'found, a day later'
check 'found: asked again' [ -e "$LOG/metadata-2.json" ]
unset OSMTP_TEST_NOW

# An answer that got lost: the second request does not show the first one's
# assertion, which a server may take but once.
requests() { find "$LOG" -name 'token-*.json' | wc -l; }
before=$(requests)
token repeats
exits 0 'repeats: a token by the second request'
is "$(requests)" "$((before + 2))" 'repeats: two requests'
unlike "$(fact "token-$((before + 1))" form.client_assertion)" \
    "^$(fact "token-$((before + 2))" form.client_assertion)\$" \
    'repeats: each with an assertion of its own'

check 'no secret in the log' sh -c \
    '! grep -E "PRIVATE|Tin-lid|hunter2|one\.two|ey\.said" "$1"' - "$TMP/log"
finish
