#!/bin/sh
# SPDX-License-Identifier: ISC
# Passwords, client secrets and tokens are found nowhere but where they belong.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

password='Kettle-drum/19 +x' secret='Trumpet&voice=7 é'

# add NAME SETTINGS LISTENER
add() {
	cat >>"$TMP/listeners" <<-END
		"$1": {"tls": "starttls", "require_auth": true, $3},
	END
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com";
		  server = "smtp://localhost:@PORT:$1@";
		  tls = { ca_file = "@CERTS@/ca.pem"; };
		  $2
		};
	END
}
password_is="password = \"$password\";"
# oauth TOKEN_LISTENER [SETTINGS]
oauth() {
	echo "oauth = { client_id = \"app\"; ca_file = \"@CERTS@/ca.pem\";
	    client_secret = { file = \"@TMP@/secret\"; };
	    token_url = \"https://localhost:@PORT:$1@/token\"; ${2-} };"
}
both() { echo "auth = [ \"oauth\", \"password\" ]; $password_is $(oauth "$1")"; }
token='"accept_issued": true, "auth": {"XOAUTH2": []}'

add xoauth2 "$(oauth token)" "$token"
add basic "$(oauth token 'client_auth = "basic";')" "$token"
add bearer "$(oauth token)" '"accept_issued": true, "auth": {"OAUTHBEARER": []}'
add long "$(oauth t-long)" "$token"
add plain "$password_is" "\"auth\": {\"PLAIN\": [\"$password\"]}"
add login "$password_is" "\"auth\": {\"LOGIN\": [\"$password\"]}"
add refused "$(both token)" \
    '"auth": {"XOAUTH2": [], "OAUTHBEARER": [], "PLAIN": []}'
add refused2 "$(both token)" '"auth": {"OAUTHBEARER": [], "LOGIN": []}'
add cancelled "$(both token)" '"auth": {"XOAUTH2": [], "LOGIN": []},
    "on": {"auth": {"reply": "334 no such thing!"}}'
add spam "$(oauth token)" "$token"', "on": {
    "final": {"reply": "554 5.7.1 spam"}}'
add closes "$(oauth token)" "$token"', "on": {"final": {"close": true}}'
add denied "$(oauth t-denied)" "$token"
add html "$(oauth t-html)" "$token"
add bad "$(oauth t-bad)" "$token"
add echoes "$(oauth t-echoes)" "\"auth\": {\"XOAUTH2\": []}, \"on\": {
    \"auth2\": {\"reply\": \"334 $(printf '{"status": "bad t-flute-5"}' |
	base64)\"}}"
add waiting "$(oauth t-waiting)" "$token"

# Servers that repeat what they were told.
said_plain=$(printf '\0%s\0%s' r-line@example.com "$password" | base64)
said_login=$(printf %s "$password" | base64)
said_token=$(printf 'user=r-token@example.com\1auth=Bearer t-flute-5\1\1' |
	base64 -w 0)
# repeats NAME MECHANISM STAGE REPLY
repeats() {
	add "$1" "$password_is" "\"auth\": {\"$2\": [\"$password\"]},
	    \"on\": {\"$3\": {\"reply\": \"$4\"}}"
}
repeats r-plain PLAIN verdict "535 5.7.8 no user has $password"
repeats r-line PLAIN verdict "535 5.7.8 what is $said_plain"
repeats r-login LOGIN verdict "535 5.7.8 what is $said_login"
repeats r-lines PLAIN verdict "535-5.7.8 no\\n535 5.7.8 user has $password"
repeats r-mail PLAIN mail "550 5.7.1 $password is too weak"
repeats r-rcpt LOGIN rcpt "550 5.7.1 $said_login is too weak"
repeats r-final PLAIN final "554 5.7.1 $password is too weak"
add r-token "$(oauth t-echoes)" "\"auth\": {\"XOAUTH2\": []}, \"on\": {
    \"auth\": {\"reply\": \"535 5.7.8 what is $said_token\"}}"
form=$(printf %s "$secret" | python3 -c 'import sys, urllib.parse
print(urllib.parse.quote(sys.stdin.buffer.read(), safe="-._~"))')
# For sed, with an escape for JSON in place of each octet.
octets=$(printf %s "$secret" | python3 -c 'import sys
print("".join("\\\\u%04x" % c for c in sys.stdin.buffer.read()))')
add r-place "$(oauth t-place)" "$token"
add r-place2 "$(oauth t-place2)" "$token"
add r-place3 "$(oauth t-place3)" "$token"
add r-basic "$(oauth t-basic 'client_auth = "basic";')" "$token"
add r-raw "$(oauth t-raw 'client_auth = "basic_raw";')" "$token"
add stuck "$(both token)" "$token"', "on": {"mail": {"hang": true}}'

{ echo '{"listeners": {'; cat "$TMP/listeners"; } >"$TMP/script"
cat >>"$TMP/script" <<'END'
"token": {"type": "token", "responses": [{"json": {
    "access_token": "$token", "expires_in": 3600}}]},
"t-long": {"type": "token", "responses": [{"token_length": 3000, "json": {
    "access_token": "$token", "expires_in": 3600}}]},
"t-denied": {"type": "token", "responses": [{"status": 401, "json": {
    "error": "invalid_client", "access_token": "$token"}}]},
"t-html": {"type": "token", "responses": [
    {"body": "access_token=$token&token_type=bearer"}]},
"t-bad": {"type": "token", "responses": [{"json": {
    "access_token": "$token\nx", "token_type": "bearer"}}]},
"t-echoes": {"type": "token", "responses": [{"json": {
    "access_token": "t-flute-5"}}]},
"t-place": {"type": "token", "responses": [{"status": 302, "body": "",
    "headers": {"Location": "https://example.net/?client_secret=@FORM@"}}]},
"t-place2": {"type": "token", "responses": [{"status": 302, "body": "",
    "headers": {"Location": "https://example.net/?x=@OCTETS@"}}]},
"t-place3": {"type": "token", "responses": [{"status": 302, "body": "",
    "headers": {"Location": "https://example.net/?x=@FORM@"}}]},
"t-basic": {"type": "token", "responses": [{"status": 401, "json": {
    "error": "invalid_client", "error_description": "what is @BASIC@"}}]},
"t-raw": {"type": "token", "responses": [{"status": 401, "json": {
    "error": "invalid_client", "error_description": "what is @RAW@"}}]},
"t-waiting": {"type": "token", "responses": [{"hang": true}]}}}
END
sed -e "s|@FORM@|$form|" -e "s|@OCTETS@|$octets|" \
    -e "s|@BASIC@|$(printf 'app:%s' "$form" | base64 -w 0)|" \
    -e "s|@RAW@|$(printf 'app:%s' "$secret" | base64 -w 0)|" \
    "$TMP/script" >"$TMP/script.full"
start_fake "$TMP/script.full"
{ echo 'default = "plain"; hostname = "h.example.com";
	log = { to = "@TMP@/log"; level = "debug"; }; profiles = {'
  cat "$TMP/profiles"; echo '};'; } | conf
sed -e 's/level = "debug"/&; format = "json"/' -e 's|/log"|/log.json"|' \
    "$HOME/.config/osmtp/osmtp.conf" >"$TMP/json.conf"
printf '%s\n' "$secret" >"$TMP/secret"
chmod 600 "$TMP/secret" "$TMP/json.conf"
printf 'From: a@example.com\nTo: b@example.org\n\nhello\n' >"$TMP/in"

# hunt FILE...: print where a secret stands: as it is, in base64 (at each of
# the three offsets), in hexadecimal, encoded for a form.
cat >"$TMP/hunt" <<'END'
import base64, glob, json, os, sys, urllib.parse
secrets = [s.encode() for s in sys.argv[1:3]]
for name in glob.glob(os.environ["LOG"] + "/token-*.json"):
    with open(name) as f:
        secrets.append((json.load(f)["issued"] or "").encode())
forms = set()
secrets += [urllib.parse.quote(s, safe="-._~").encode() for s in secrets]
for s in filter(None, secrets):
    forms |= {s, s.hex().encode(), s.hex().upper().encode(),
              urllib.parse.quote(s, safe="-._~").encode(),
              urllib.parse.quote_plus(s).encode(),
              json.dumps(s.decode())[1:-1].encode()}
    for i in range(3):
        whole = base64.b64encode(b"x" * i + s + b"x" * ((-i - len(s)) % 3))
        forms.add(whole[4 if i else 0:-4])
found = []
for name in sys.argv[3:]:
    with open(name, "rb") as f:
        text = f.read()
    for form in forms:
        if form in text:
            found.append(f"{name}: {form.decode()}")
print("\n".join(found) or "nothing")
END
hunt() { LOG=$LOG python3 "$TMP/hunt" "$password" "$secret" "$@"; }
like "$(hunt "$HOME/.config/osmtp/osmtp.conf")" ': Kettle-drum' \
    'a password in the configuration is found'
like "$(hunt "$TMP/secret")" ': Trumpet' 'a client secret in its file is found'

# ---- deliveries, good and bad

mkdir "$TMP/said"
for name in xoauth2 basic bearer long plain login refused refused2 cancelled \
    spam closes denied html bad; do
	case $name in
	xoauth2 | basic | bearer | long | plain | login) want=0 ;;
	spam) want=69 ;;
	closes | html | bad) want=75 ;;
	*) want=78 ;;
	esac
	run "$OSMTP" -v -a "$name" b@example.org <"$TMP/in"
	exits $want "$name: exit status"
	mv "$TMP/out" "$TMP/said/$name.out"
	mv "$TMP/err" "$TMP/said/$name.err"
	run env OSMTP_CONFIG="$TMP/json.conf" "$OSMTP" -v -a "$name" \
	    b@example.org <"$TMP/in"
	mv "$TMP/out" "$TMP/said/$name.out2"
	mv "$TMP/err" "$TMP/said/$name.err2"
done
like "$(hunt "$LOG/plain.trace")" ': [A-Za-z0-9/+]{16}$' \
    'what AUTH says is found where it may be, in base64'
check 'AUTH was shown' grep -q '^> AUTH XOAUTH2 \*\*\*$' "$TMP/said/xoauth2.out"
check 'the second step, too' grep -q '^> \*\*\*$' "$TMP/said/login.out"
run "$OSMTP" -a echoes b@example.org <"$TMP/in"
exits 78 'echoes: exit status'
unlike "$err$(cat "$TMP/log")" flute 'a challenge that repeats it is not shown'
like "$err" 'not shown' 'it is said so'
state=$HOME/.local/state/osmtp/tokens
is "$(hunt "$TMP/said"/*)" nothing 'not in what was said'
is "$(hunt "$TMP/log" "$TMP/log.json")" nothing 'nor in the logs'
is "$(hunt "$LOG"/msg-*.eml)" nothing 'nor in the messages'
check 'a token is in its cache' test -s "$state/xoauth2.blob"
is "$(hunt "$state"/*.blob "$state"/*.prev)" nothing '... and sealed'
is "$(find "$state" -name '*.blob' ! -perm 600)" '' '... and private'

# The queue, and what is known of accounts.
sed 's/^spool = "none"; //' "$HOME/.config/osmtp/osmtp.conf" >"$TMP/queue.conf"
chmod 600 "$TMP/queue.conf"
for name in denied refused bad plain closes; do
	run env OSMTP_CONFIG="$TMP/queue.conf" "$OSMTP" -a "$name" \
	    b@example.org <"$TMP/in"
	exits 0 "$name: queued, or delivered"
done
check 'there is a queue' [ "$(find "$HOME" -path '*/queue/*' -type f |
    wc -l)" -ge 3 ]
find "$HOME" -type f ! -name osmtp.conf ! -name seal.key -size +0 >"$TMP/files"
# shellcheck disable=SC2046 # no name has a blank
is "$(hunt $(cat "$TMP/files"))" nothing 'nor in any other file'

# ---- what repeats them

for row in r-plain:78 r-line:78 r-login:78 r-lines:78 r-mail:78 r-rcpt:67 \
    r-final:69 r-token:78 r-place:78 r-place2:78 r-place3:78 \
    r-basic:78 r-raw:78; do
	name=${row%:*}
	: >"$TMP/log"
	run "$OSMTP" --now -v -a "$name" b@example.org <"$TMP/in"
	exits "${row#*:}" "$name: exit status"
	like "$err" "not shown.* repeats " \
	    "$name: it is said so"
	like "$(cat "$TMP/log")" 'event=delivery .*not shown' \
	    "$name: in the log, too"
	case $name in
	r-place* | r-basic | r-raw) ;;
	*)
		like "$out" '^< 5[0-9][0-9].*not shown' "$name: with -v, too"
		;;
	esac
	mv "$TMP/out" "$TMP/said/$name.out"
	mv "$TMP/err" "$TMP/said/$name.err"
	mv "$TMP/log" "$TMP/said/$name.log"
done
is "$(hunt "$TMP/said"/r-*)" nothing 'not where they are repeated'
is "$(cat "$TMP/said"/r-token.* | grep -F -e flute -e "$said_token")" '' \
    'nor the line with a token'
like "$(cat "$LOG/r-plain.trace" "$LOG/r-final.trace")" ' S 5.*Kettle-drum' \
    'they were repeated indeed'

# What libraries would write of a session if the environment says so.
for name in plain denied; do
	run env SSLKEYLOGFILE="$TMP/keys" "$OSMTP" --now -a "$name" \
	    b@example.org <"$TMP/in"
	check "$name: SSLKEYLOGFILE gets no keys" test ! -e "$TMP/keys"
done

# ---- while it runs

# around PID: files of /proc that others could read about it and its children
around() {
	for pid in "$1" $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		cp "/proc/$pid/cmdline" "$TMP/proc.$pid.cmdline"
		cp "/proc/$pid/environ" "$TMP/proc.$pid.environ"
		cp "/proc/$pid/comm" "$TMP/proc.$pid.comm"
	done
	is "$(hunt "$TMP"/proc.*)" nothing "$2: neither arguments nor environment"
	is "$(find "$TMP" -name 'proc.*.cmdline' | grep -c .)" "$3" \
	    "$2: processes"
	rm -f "$TMP"/proc.*
}
# until_hangs LISTENER: wait for it, but not for ever.
until_hangs() {
	tries=0
	until grep -q ' \* hang' "$LOG/$1.trace" || [ $tries -gt 200 ]; do
		tries=$((tries + 1))
		sleep 0.05
	done
}
"$OSMTP" -a waiting b@example.org <"$TMP/in" >"$TMP/said/waiting" 2>&1 9>&- &
pid=$!
until_hangs t-waiting
around "$pid" 'a token request' 2
kill "$pid"
wait "$pid" 2>/dev/null
"$OSMTP" -a stuck b@example.org <"$TMP/in" >"$TMP/said/stuck" 2>&1 9>&- &
pid=$!
until_hangs stuck
around "$pid" 'a session' 1
kill "$pid"
wait "$pid" 2>/dev/null
is "$(hunt "$TMP/said/waiting" "$TMP/said/stuck")" nothing 'nothing at the end'
finish
