#!/bin/sh
# SPDX-License-Identifier: ISC
# From one way to authenticate to the next, client certificates, transactions of
# so many recipients, lists of servers, and whose trouble a refusal is.
# shellcheck source=harness.sh disable=SC2016 # $token is the server's
. "${0%/*}/harness.sh"

# add NAME KIND SETTINGS LISTENER [PROFILE]: a profile with a server of its own.
add() {
	printf '"%s": {%s},\n' "$1" "$4" >>"$TMP/listeners"
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "$2"; address = "$1@example.com"; users = "*";
		  server = ${5-\"smtp://localhost:@PORT:$1@\"};
		  $3
		};
	END
}
# oauth ENDPOINT: a token from there, else the password.
oauth() {
	cat <<-END
		auth = [ "oauth", "password" ]; password = "pa55";
		tls = { mode = "none"; };
		oauth = { client_id = "app"; client_secret = "s3cret";
		  token_url = "https://localhost:@PORT:$1@/token";
		  ca_file = "@CERTS@/ca.pem"; };
	END
}
# cert AUTH KEY: a client certificate.
cert() {
	cat <<-END
		auth = [ $1 ]; password = "pa55";
		tls = { ca_file = "@CERTS@/ca.pem"; cert = "@CERTS@/client.pem";
		  $2 };
	END
}
open='auth = "none"; tls = { mode = "none"; };'
two="$open limits = { recipients = 2; };"
reply() { printf '{"reply": "%s"}' "$1"; }
no=$(reply '550 5.1.1 no such user')
relay=$(reply '554 5.7.1 Relay access denied')
sloth='"auth": {"XOAUTH2": [], "PLAIN": ["pa55"]}, "require_auth": true'
external='"tls": "starttls", "client_ca": "ca", "require_auth": true,
    "auth": {"EXTERNAL": ["app.example.com"], "PLAIN": ["pa55"]}'
cat >"$TMP/listeners" <<'END'
"good-token": {"type": "token", "responses": [{"json":
    {"access_token": "$token", "expires_in": 3600}}]},
"down-token": {"type": "token", "responses": [{"status": 503,
    "body": "later"}]},
"bad-token": {"type": "token", "responses": [{"status": 401,
    "json": {"error": "invalid_client"}}]},
END

add down system "$(oauth down-token)" "$sloth"
add denied system "$(oauth bad-token)" "$sloth"
add heals system "$(oauth good-token)" "$sloth"', "accept_issued": true,
    "on": {"verdict:XOAUTH2": [{"refuse": true}, {"refuse": true}]}'
add soon system "$(oauth good-token)" "$sloth"', "on": {"verdict:XOAUTH2":
    {"reply": "501 5.5.127 Token will expire soon"},
    "verdict:PLAIN": {"reply": "535 5.7.8 no"}}'

add cert system "$(cert '"cert"' '')" "$external"
add locked system "$(cert '"cert"' 'key = "@CERTS@/client-locked.pem";
    key_passphrase = { file = "@TMP@/passphrase"; };')" "$external"
add wrong system "$(cert '"cert"' 'key = "@CERTS@/client-locked.pem";
    key_passphrase = "not it";')" "$external"
add absent system "$(cert '"cert"' 'key = "@CERTS@/client-locked.pem";
    key_passphrase = { file = "@TMP@/nowhere"; };')" "$external"
add once system "$(cert '"cert"' 'key = "@CERTS@/client-locked.pem";
    key_passphrase = { command = [ "@TMP@/ask" ]; };')" "$external" \
    '[ "smtp://localhost:1", "smtp://localhost:@PORT:once@" ]'
add refused system "$(cert '"cert"' '')" '"tls": "starttls",
    "client_ca": "ca", "auth": {"EXTERNAL": ["another.example.com"]}'
add next system "$(cert '"cert", "password"' '')" '"tls": "starttls",
    "client_ca": "ca", "auth": {"EXTERNAL": [], "PLAIN": ["pa55"]}'
add without system "$(cert '"cert", "password"' '')" '"tls": "starttls",
    "require_auth": true, "auth": {"PLAIN": ["pa55"]}'

add plain system "$open" ''
add two system "$two" ''
add two-no system "$two" "\"on\": {\"rcpt:c@example.org\": $no}"
add two-none system "$two" "\"on\": {\"rcpt\": [$no, $no]}"
add two-mail system "$two" '"on": {"mail": [null,
    {"reply": "451 4.3.2 enough"}]}'
add two-lost system "$two" '"on": {"rcpt": [null, null, null,
    {"close": true}]}'
add two-dot system "$two" '"on": {"final": [{"close": true}]}'
add two-spam system "$two" '"on": {"final": [
    {"reply": "554 5.6.0 bad"}]}'
add two-full system "$two" '"on": {"rcpt": [null,
    {"reply": "452 4.5.3 too many"}]}'
add exim system "$open" '"on": {"rcpt": [null, null,
    {"reply": "552 too many recipients"}]}'
add one-each system "$two" '"on": {"final": [
    {"reply": "250 2.0.0 ok", "close": true}]}'

add stays system "$open" "\"on\": {\"rcpt\": [null, $no, null, {\"reply\":
    \"450 4.2.1 grey\"}], \"final\": [null, {\"reply\": \"554 5.6.0 bad\"}]}"
add leaves system "$open" '"on": {"final": [
    {"reply": "250 2.0.0 ok", "close": true}, {"reply":
    "250 2.0.0 ok\n421 4.4.2 idle for too long", "close": true}, null]}'
add logged system 'auth = "password"; password = "pa55";
    tls = { mode = "none"; };' '"auth": {"PLAIN": ["pa55"]},
    "require_auth": true'

add policy system "$open" "\"on\": {\"rcpt\": $relay}"
add closed system "$open" "\"on\": {\"rcpt:b@example.org\": $relay}"
add words system "$open" '"on": {"final": [
    {"reply": "250 2.0.0 Ok: queued as 4XyZ9q1"},
    {"reply": "250 OK id=1rAbcD-0000xy-1Z"},
    {"reply": "250 2.6.0 accepted"}]}'
add list system "$open" '' '[ "smtp://localhost:1",
    "smtp://localhost:@PORT:list@", "smtp://localhost:@PORT:plain@" ]'
add halt system 'auth = "none"; tls = { ca_file = "@CERTS@/rogue-ca.pem"; };' \
    '"tls": "starttls"' '[ "smtp://localhost:@PORT:halt@",
    "smtp://localhost:@PORT:cert@" ]'

{ printf '{"listeners": {'; cat "$TMP/listeners"
  echo '"end": {}}}'; } >"$TMP/script"
start_fake "$TMP/script"
{ echo 'hostname = "h.example.com"; log = { to = "@TMP@/log"; }; profiles = {'
  cat "$TMP/profiles"; echo '};'; } | QUEUE=yes conf
printf 'Subject: x\n\nhello\n' >"$TMP/in"
(umask 077 && echo 'open up' >"$TMP/passphrase")
printf '#!/bin/sh\necho asked >>"%s"\necho "open up"\n' "$TMP/asked" >"$TMP/ask"
chmod 755 "$TMP/ask"

messages=0
# send NAME [OPTION-OR-RCPT...]: $log and $arrived ("a b|c") are what came of it.
send() {
	name=$1 arrived=''
	shift
	[ $# -gt 0 ] || set -- --now b@example.org
	: >"$TMP/log"
	run "$OSMTP" -a "$name" "$@" <"$TMP/in"
	log=$(cat "$TMP/log")
	while [ -e "$LOG/msg-$((messages + 1)).json" ]; do
		messages=$((messages + 1))
		arrived="$arrived${arrived:+|}$(sed -n \
		    '/"accepted": \[/,/\]/s/^  "\(.*\)@.*/\1/p' \
		    "$LOG/msg-$messages.json" | paste -s -d ' ' -)"
	done
}
to() { # NAME RCPT...: by name alone
	profile=$1
	shift
	for rcpt; do
		set -- "$@" "$rcpt@example.org"
		shift
	done
	send "$profile" --now "$@"
}
# delivers NAME MECHANISM
delivers() {
	send "$@"
	exits 0 "$name: delivered"
}
by() {
	is "$(fact "msg-$messages" login.mech)" "$1" "$name: by $1"
}
seen() { grep -c -e "$1" "$LOG/$name.trace"; }
# became "A:RESULT:CLASS:STAGE ..": of each, by the log.
became() {
	is "$(awk '/ event=delivery / {
		split("", v)
		for (i = 1; i <= NF; i++)
			if (at = index($i, "="))
				v[substr($i, 1, at - 1)] = substr($i, at + 1)
		sub(/@.*/, "", v["to"])
		printf "%s%s:%s:%s:%s", sep, v["to"], v["result"], v["class"], \
		    v["stage"]
		sep = " "
	}' "$TMP/log")" "$1" "$name: what became of each"
}
state() {
	sed -n 's/^state //p' \
	    "$HOME/.local/state/osmtp/accounts/$1.state" 2>/dev/null
}

# ---- no token to be had: the password

delivers down
by PLAIN
like "$log" 'event=auth .*way=oauth .*class=L stage=TOKEN.*next=password' \
    'down: the way that failed is logged'
is "$(seen connected) $(seen ' C AUTH')" '1 1' 'down: one connection, one AUTH'
delivers denied
by PLAIN
like "$log" 'way=oauth .*class=C stage=TOKEN.*invalid_client.*next=password' \
    'denied: logged'

# ---- a token that is refused: the password, in the same session; degraded

delivers heals -odi b@example.org
by PLAIN
is "$(seen connected) $(seen ' C AUTH')" '1 2' 'heals: on the same connection'
is "$(state heals)" degraded 'heals: the profile is degraded'
delivers heals -odi b@example.org
by XOAUTH2
like "$log" 'cached token refused' 'heals: a fresh token, then'
is "$(state heals)" ok 'heals: and all is well again'
send soon
exits 75 'soon: a token that expires too soon is nobody'"'"'s fault'
like "$log" 'way=oauth .*class=L stage=AUTH code=501' 'soon: L'
like "$log" 'way=password .*class=C' 'soon: the password was tried, too'

# ---- EXTERNAL

delivers cert
by EXTERNAL
like "$(cat "$LOG/cert.trace")" ' client=app\.example\.com$' \
    'cert: the certificate was shown'
delivers locked
by EXTERNAL
unlike "$log$out$err" 'open up' 'locked: the passphrase is not shown'
send wrong
exits 78 'wrong: a passphrase that does not fit'
like "$err" 'later: ' 'wrong: it is told'
unlike "$log$out$err" 'not it' 'wrong: the passphrase is not'
is "$(seen ' C AUTH')" 0 'wrong: nobody logs in'
send absent
check "absent: exit status $status" [ "$status" -eq 77 -o "$status" -eq 78 ]
like "$err" 'nowhere' 'absent: which file is missing'
is "$(seen connected)" 0 'absent: no connection without the passphrase'
delivers once
by EXTERNAL
is "$(cat "$TMP/asked")" asked 'once: the passphrase is asked for once'
like "$log" 'event=connect .*server=localhost:1 ' 'once: by the second server'
send refused
exits 78 'refused: a certificate that the server does not know'
like "$err" '535 5\.7\.8' 'refused: its words'
delivers next
by PLAIN
is "$(seen connected) $(seen ' C AUTH')" '1 2' 'next: on the same connection'
delivers without
by PLAIN
like "$log" 'way=cert .*no mechanism for cert .*offers: PLAIN' \
    'without: not offered'

# ---- so many recipients

ok=delivered::FINAL
to two a b c d e
exits 0 'two: delivered'
is "$arrived" 'a b|c d|e' 'two: two in each transaction'
became "a:$ok b:$ok c:$ok d:$ok e:$ok"
is "$(seen connected) $(seen ' C QUIT') $(seen ' C RSET')" '1 1 0' \
    'two: in one session, which ends once'
to two-no a b c d
exits 67 'two-no: one is refused'
is "$arrived" 'a b|d' 'two-no: all others have it'
to two-none a b c
exits 67 'two-none: two are refused'
is "$arrived" c 'two-none: the next transaction goes on'
to two-mail a b c d e
exits 75 'two-mail: MAIL is put off in the second'
became "a:$ok b:$ok c:later:L:MAIL d:later:L:MAIL e:later:L:MAIL"
is "$(seen ' C MAIL')" 2 'two-mail: there is no third'
to two-lost a b c d e
exits 75 'two-lost: the link is lost in the second'
became "a:$ok b:$ok c:later:T:RCPT d:later:T:RCPT e:later:T:MAIL"
like "$err" 'e@example\.org: later: not tried' 'two-lost: who was not tried'
to two-dot a b c
exits 75 'two-dot: no verdict on the first'
became 'a:unclear:T:FINAL b:unclear:T:FINAL c:later:T:MAIL'
is "$(seen connected)" 1 'two-dot: and nothing more in this run'
to two-spam a b c
exits 69 'two-spam: the text is refused'
became "a:refused:M:FINAL b:refused:M:FINAL c:$ok"
to two-full a b c
exits 0 'two-full: 452 behind one that was taken'
is "$arrived" 'a|b c' 'two-full: goes with the next'
to exim a b c
exits 0 'exim: 552 behind others that were taken'
is "$arrived" 'a b|c' 'exim: goes in another transaction'
is "$(seen connected) $(seen ' C QUIT')" '1 1' 'exim: in the same session'
to one-each a b c
exits 0 'one-each: a server that leaves behind each message'
is "$arrived $(seen connected)" 'a b|c 2' 'one-each: is dialled again'

# ---- many messages in one session

# queue NAME RCPT...: a message for each; then the queue is run.
queue() {
	name=$1
	shift
	: >"$TMP/log"
	for rcpt; do
		run "$OSMTP" -odq -a "$name" "$rcpt@example.org" <"$TMP/in"
	done
	run "$OSMTP" run --once
	log=$(cat "$TMP/log")
	messages=$(find "$LOG" -name 'msg-*.json' | grep -c .)
}
queue logged a b c
is "$(seen connected) $(seen ' C AUTH') $(seen ' C MAIL') $(seen ' C QUIT')" \
    '1 1 3 1' 'logged: one login for three'
is "$(printf '%s\n' "$log" | grep -c 'result=delivered .*auth=PLAIN ')" 3 \
    'logged: told of each'
queue stays a b c d e
is "$(grep '^1 ' "$LOG/stays.trace" | grep -c ' C MAIL')" 5 \
    'stays: neither a refusal nor a delay ends it'
is "$(seen connected) $(seen ' C MAIL')" '2 7' 'stays: two reports follow'
is "$(seen ' C RSET')" 2 'stays: what has begun, and not ended, is reset'
queue leaves a b c
is "$(printf '%s\n' "$log" | grep -c 'result=delivered')" 3 \
    'leaves: all three are delivered'
is "$(seen connected) $(seen ' C MAIL')" '3 3' \
    'leaves: a session that has ended is opened again, nothing sent twice'
is "$(state leaves)" '' 'leaves: and that is no trouble of the account'

# ---- whose trouble it is

to policy a b
exits 78 'policy: all are refused for the sender or the login'
became 'a:later:C:RCPT b:later:C:RCPT'
to closed a b c
exits 67 'closed: one is refused so, others are not'
became "a:$ok b:refused:M:RCPT c:$ok"

# ---- the name that the server gave it

for id in 4XyZ9q1 1rAbcD-0000xy-1Z; do
	delivers words
	like "$log" " remote=$id( |\$)" "words: $id is logged"
done
delivers words
unlike "$log" 'remote=' 'words: or nothing, where it says none'

# ---- a list of servers

delivers list
is "$(seen connected)" 1 'list: the second, where nobody answers at the first'
like "$log" 'event=connect .*server=localhost:1 ' 'list: logged'
like "$log" "event=delivery .*server=localhost:$(port list) " 'list: who took it'
send halt
exits 78 'halt: a certificate that is not good'
is "$(seen connected)" 1 'halt: is no reason to ask the next'

for trace in "$LOG"/*.trace; do
	unlike "$(cat "$trace")" '^[0-9]+ [0-9]+ !' "${trace##*/}: no rule is broken"
done
finish
