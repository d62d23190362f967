#!/bin/sh
# SPDX-License-Identifier: ISC
# osmtp rotate: a new secret, tested before the old one goes.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

dir=$HOME/.config/osmtp
user=$dir/osmtp.conf
new='new/kettle+drum %&="\é'
printf '%s\n' "$new" >"$TMP/new"
printf 'wrong kettle\n' >"$TMP/wrong"
# rotate FILE WORDS...: with the secret in that file on standard input.
rotate() {
	input=$1
	shift
	run "$OSMTP" rotate "$@" <"$TMP/$input"
}
# unchanged NAME: the configuration is what it was.
keep() { cat "$user" >"$TMP/before"; }
unchanged() { is "$(cat "$user")" "$(cat "$TMP/before")" "$1"; }

start_fake - <<'END'
{"listeners": {
  "smtp": {"tls": "starttls", "require_auth": true, "accept_issued": true,
    "auth": {"XOAUTH2": [], "PLAIN": {"app@example.com":
      "new/kettle+drum %&=\"\\\u00e9"}}},
  "later": {"tls": "starttls", "on": {"auth": {"reply": "454 4.7.0 later"}},
    "auth": {"PLAIN": []}},
  "lost": {"tls": "starttls", "on": {"auth": {"close": true}},
    "auth": {"PLAIN": []}},
  "token": {"type": "token", "tls": "none",
    "client": {"id": "id", "secret": "new/kettle+drum %&=\"\\\u00e9",
      "auth": "post"},
    "responses": [{"json": {"access_token": "$token", "expires_in": 36000}}]},
  "any": {"type": "token", "tls": "none", "responses": [
    {"json": {"access_token": "$token", "expires_in": 36000}}]},
  "ends": {"type": "token", "tls": "none",
    "client": {"id": "id", "secret": "new/kettle+drum %&=\"\\\u00e9",
      "auth": "post"},
    "refresh": {"tokens": ["r-1"], "rotate": true},
    "responses": [{"json": {"access_token": "$token", "expires_in": 36000,
      "refresh_token": "$refresh"}}]},
  "slow": {"type": "token", "tls": "none", "responses": [
    {"hang": true}]},
  "html": {"type": "token", "tls": "none", "responses": [
    {"body": "<html>log in here</html>"}]},
  "busy": {"type": "token", "tls": "none", "responses": [
    {"status": 503, "body": "later"}]}}}
END

printf 'old kettle\nsecond line\n' >"$TMP/file"
chmod 640 "$TMP/file"
[ "$(id -gn)" = osmtp ] || chmod 600 "$TMP/file"
printf '#!/bin/sh\necho old kettle\n' >"$TMP/command"
chmod 755 "$TMP/command"
# account NAME SMTP [SETTINGS]: password; client NAME TOKEN SECRET [SETTINGS]
account() {
	echo "$1 = { kind = \"system\"; address = \"$1@example.com\";
	  user = \"app@example.com\"; server = \"smtp://localhost:@PORT:$2@\";
	  tls = { ca_file = \"@CERTS@/ca.pem\"; };"
	printf '%s\n};\n' "${3-}"
}
client() {
	account "$1" smtp "oauth = { client_id = \"id\"; ${4-}
	  token_url = \"http://127.0.0.1:@PORT:$2@/token\";
	  client_secret = $3; };"
}
write_conf() {
	conf <<-END
		# The head
		default = "app"; log = { to = "@TMP@/log"; };
		profiles = {
		$(account app smtp 'password = "old kettle"; # plain')
		$(account file smtp "password = { file = \"$TMP/file\"; };")
		$(account command smtp "password = { command = \"$TMP/command\"; };")
		$(account env smtp 'password = { env = "SECRET"; };')
		$(account cred smtp 'password = { credential = "c.password"; };')
		$(account later later 'password = "old kettle";')
		$(account lost lost 'password = "old kettle";')
		$(account none smtp 'auth = "none";')
		borrower = { kind = "system"; address = "b@example.com";
		  credentials = "app"; };
		$(client oauth token '"old kettle"' 'secret_expires = "2026-01-31";')
		$(client ofile token "{ file = \"$TMP/file\"; }")
		$(client ends ends '"old kettle"' 'grant = "refresh_token"; refresh_token = "r-1";')
		$(client slow slow '"old kettle"')
		$(client html html '"old kettle"')
		$(client busy busy '"old kettle"')
		$(account key smtp "oauth = { client_id = \"id\";
		  token_url = \"http://127.0.0.1:@PORT:any@/token\";
		  client_key = \"$TMP/one.key\"; client_cert = \"$TMP/one.crt\"; };")
		};
	END
}
write_conf

# A password: a real AUTH, then sealed.
keep
rotate wrong app
exits 78 'a password that is not taken'
like "$err" 'app.password: the new one is not taken: 535' 'is told with its words'
like "$err" 'nothing was changed: the old one is in use still' 'and changes nothing'
unchanged 'at all'
rotate new app
exits 0 'one that is taken'
like "$out" '^tested: localhost:[0-9]+ took the password$' 'is tested'
like "$out" "^$user:[0-9]+: app.password is the new one\$" 'and put in'
like "$out" '^left to do: end the old password at the provider' 'and what is left'
like "$(cat "$user")" 'password = "sealed:v1:[^"]*"; # plain$' 'sealed, all else stays'
unlike "$(cat "$user" "$TMP/out" "$TMP/err" "$TMP/log")" 'new/kettle' 'never in clear'
like "$(cat "$TMP/log")" 'rotate.*profile=app.*result=done' 'and logged'
run "$OSMTP" --now -f app@example.com bob@example.com <<'END'
Subject: rotated

hello
END
exits 0 'mail goes by it'
is "$(fact msg-1 login.secret)" "$new" 'octet by octet'
keep
rotate new app
exits 65 'the same once more'
like "$err" 'there already' 'is no new one'
rotate wrong borrower
exits 78 'one that uses the account of another'
like "$err" 'osmtp rotate app' 'which is named'
unchanged 'nothing is done'

# A file: in its place, its other lines kept.
before=$(stat -c '%a %u %g' "$TMP/file")
rotate wrong file
exits 78 'a password in a file that is not taken'
is "$(head -1 "$TMP/file")" 'old kettle' 'leaves the file'
rotate new file
exits 0 'one that is'
is "$(cat "$TMP/file")" "$new
second line" 'is its first line'
is "$(stat -c '%a %u %g' "$TMP/file")" "$before" 'with its mode and owner'
unchanged 'the configuration stays'

# What something else keeps.
rotate new command
exits 0 'one that a command says'
like "$out" "nothing was written.*" 'is tested alone'
like "$out" "put the new one where $TMP/command finds it" 'with what to do'
SECRET=old rotate new env
exits 0 'one of the environment'
like "$out" 'set the variable SECRET' 'the same'
rotate new cred
exits 0 'one of systemd'
like "$out" 'systemd credential c.password anew' 'the same'
rotate wrong command
exits 78 'a wrong one'
unchanged 'nothing is written'

# What can't be told now.
rotate new later
exits 75 'a server that says later'
like "$err" 'could not be tested: 454 4.7.0 later' 'is no verdict'
like "$err" 'nothing was changed' 'and changes nothing'
rotate new lost
exits 75 'nor is a lost connection'
unchanged 'nothing is done'
rotate new later --at-once
exits 0 'but where the old one has ended already'
like "$err" 'it is put in all the same' 'it is put in'
unlike "$out" 'end the old' 'and nothing is left there'
keep
rotate wrong app --at-once
exits 78 'a refusal is one even so'
unchanged 'and changes nothing'

# A client secret: a real token request.
rotate wrong oauth
exits 78 'a client secret that is not taken'
like "$err" 'oauth.client_secret: the new one is not taken: .*invalid_client' 'is told'
unchanged 'and changes nothing'
run "$OSMTP" profiles --json
unlike "$out" '"name":"oauth"[^}]*misconfigured' 'nor the state of the account'
rotate new oauth
exits 0 'one that is'
like "$out" '^tested: http://127.0.0.1:[0-9]+/token gave a token$' 'is tested'
like "$out" 'secret_expires .*is of the old one' 'an old date is named'
like "$(cat "$user")" 'client_secret = "sealed:v1:' 'it is sealed'
run "$OSMTP" token oauth
exits 0 'and in use'
rotate new oauth
exits 65 'once more it is no new one'
printf 'old kettle\nsecond line\n' >"$TMP/file"
keep
rotate new ofile --expires 2027-02-30
exits 64 'a date that there is not'
rotate new ofile --expires 2027-06-30
exits 0 'one in a file, and its end'
is "$(head -1 "$TMP/file")" "$new" 'the one there'
like "$(grep -A6 'ofile =' "$user")" 'secret_expires = "2027-06-30"' 'the other here'
keep
for i in slow html busy; do
	"$OSMTP" rotate $i <"$TMP/new" >"$TMP/out" 2>"$TMP/err.$i" 9>&- &
	eval "pid_$i=$!"
done
# shellcheck disable=SC2154 # set by eval
for i in "$pid_html" "$pid_busy"; do
	wait "$i"
	is "$?" 75 'an endpoint that gives no answer'
done
unchanged 'changes nothing'
until grep -q ' C POST' "$LOG/slow.trace"; do sleep 0.02; done
# shellcheck disable=SC2154
kill "$pid_slow"
wait "$pid_slow"
like "$(cat "$TMP/err.slow")" 'rotate: stopped; nothing was changed' \
    'one who is stopped while he waits'
unchanged '... has changed nothing'

# A consent goes on with the new secret: its refresh token is used up.
rotate wrong ends
exits 78 'with a consent: a secret that is not taken'
rotate new ends
exits 0 'one that is'
run "$OSMTP" token ends
exits 0 'the token is there'
is "$(find "$LOG" -name 'token-*.json' -exec grep -l '"r-1"' {} + | wc -l)" 2 \
    'the old refresh token was used once with each'
OSMTP_TEST_NOW=$(($(date +%s) * 1000 + 40000000)) run "$OSMTP" token ends
exits 0 'and its successor is kept'

# A key and its certificate.
for i in one two; do
	openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=$i" -days 2 \
	    -keyout "$TMP/$i.key" -out "$TMP/$i.crt" >/dev/null 2>&1
done
openssl rsa -aes128 -passout pass:umbrella -in "$TMP/two.key" \
    -out "$TMP/sealed.key" >/dev/null 2>&1
chmod 600 "$TMP"/*.key
echo umbrella >"$TMP/umbrella"
keep
run "$OSMTP" rotate key
exits 64 'a key that is not given'
like "$err" '--key FILE' 'is asked for'
run "$OSMTP" rotate key --key "$TMP/two.key"
exits 64 'its certificate, too'
run "$OSMTP" rotate key --key "$TMP/two.key" --cert "$TMP/one.crt"
exits 78 'one of another key'
like "$err" 'not the certificate of the key' 'is told'
run "$OSMTP" rotate key --key "$TMP/none" --cert "$TMP/two.crt"
exits 78 'no such file'
run "$OSMTP" rotate key --key "$TMP/sealed.key" --cert "$TMP/two.crt"
exits 78 'a key with a passphrase that is not given'
rotate wrong key --key "$TMP/sealed.key" --cert "$TMP/two.crt" --passphrase
exits 78 'a wrong one'
unchanged 'and nothing changes by all that'
cd "$TMP" || exit 1
run "$OSMTP" rotate key --key two.key --cert two.crt
exits 0 'a good one'
like "$out" "remove the old file $TMP/one.key" 'and what is left'
like "$(grep client_key "$user")" "client_key = \"$TMP/two.key\"; client_cert = \"$TMP/two.crt\";" \
    'both are put in, as whole paths'
rotate umbrella key --key "$TMP/sealed.key" --cert "$TMP/two.crt" --passphrase
exits 0 'one with a passphrase'
like "$(grep client_key "$user")" 'client_key_passphrase = "sealed:v1:' 'which is sealed'
rm -rf "$HOME/.local/state/osmtp/tokens"
run "$OSMTP" token key
exits 0 'and opens it'

# What is refused.
run "$OSMTP" rotate
exits 64 'no profile'
run "$OSMTP" rotate app also
exits 64 'two'
run "$OSMTP" rotate app --cert x
exits 64 'a certificate alone'
run "$OSMTP" rotate app --field oauth.client_secret
exits 78 'what it has not'
run "$OSMTP" rotate ends --field oauth.refresh_token
exits 64 'a consent'
like "$err" 'osmtp login ends' 'has another way'
run "$OSMTP" rotate app --field pasword
exits 64 'no such field'
run "$OSMTP" rotate none
exits 78 'nothing to replace'
run "$OSMTP" rotate nobody
exits 78 'no such profile'
run "$OSMTP" rotate app <&-
exits 66 'no standard input'
run "$OSMTP" rotate app </dev/null
exits 65 'nothing in it'

if [ -w /dev/full ]; then
	write_conf
	"$OSMTP" rotate app <"$TMP/new" >/dev/full 2>"$TMP/err"
	is $? 74 'an output that is full'
	like "$(cat "$TMP/err")" "the new one is in its place, but standard output can't" \
	    'what was done is said'
fi

# Somebody changes it while the new one is tested: two at once.
write_conf
pids=''
for i in 1 2 3 4; do
	"$OSMTP" rotate app <"$TMP/new" >"$TMP/out.$i" 2>"$TMP/err.$i" 9>&- &
	pids="$pids $!"
done
done=0
for i in $pids; do
	wait "$i"
	case $? in
	0) done=$((done + 1)) ;;
	65 | 75) ;;
	*) result 1 'two at once' "$(cat "$TMP"/err.*)" ;;
	esac
done
is "$done" 1 'of some at once one does it'
run "$OSMTP" seal --list
exits 0 'and all opens'
if [ "$(id -u)" -ne 0 ]; then
	keep
	chmod 500 "$dir"
	rotate new later
	exits 77 'a file that is not ours to replace'
	like "$err" "$user: can't be replaced" 'is told before anybody is asked'
	chmod 700 "$dir"
	unchanged 'and nothing is done'
fi
is "$(find "$HOME" "$TMP/file" -name '.*.??????' -type f)" '' 'nothing is left'
finish
