#!/bin/sh
# SPDX-License-Identifier: ISC
# osmtp check: each step, what is wrong with it and what to do; that nothing is
# sent, nothing changed and no secret shown; and the exit status.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {
  "good": {"tls": "starttls", "require_auth": true,
           "auth": {"PLAIN": ["pa55word"], "XOAUTH2": []}},
  "noauth": {"tls": "starttls"},
  "token": {"tls": "starttls", "auth": {"XOAUTH2": []}},
  "greet": {"tls": "implicit", "on": {"greeting": {"reply": "554 5.7.1 not you"}}},
  "refuse": {"tls": "starttls", "auth": {"PLAIN": ["other"]}},
  "busy": {"tls": "starttls", "auth": {"PLAIN": ["pa55word"]},
           "on": {"auth": {"reply": "454 4.7.0 later"}}},
  "mail": {"tls": "starttls", "auth": {"PLAIN": ["pa55word"]},
           "on": {"mail": {"reply": "550 5.7.60 not as this sender"}}},
  "rcpt": {"tls": "starttls", "auth": {"PLAIN": ["pa55word"]},
           "on": {"rcpt": {"reply": "550 5.1.1 no such user"}}},
  "lost": {"tls": "starttls", "auth": {"PLAIN": ["pa55word"]},
           "on": {"mail": {"close": true}}},
  "clear": {"tls": "none", "auth": {"PLAIN": ["pa55word"]}},
  "endpoint": {"type": "token", "tls": "none", "responses": [
      {"status": 400, "json": {"error": "invalid_request"}}]}}}
END

# a_profile NAME LISTENER [MORE]
password='password = "pa55word";'
a_profile() {
	printf '%s = { kind = "system"; address = "%s@example.com";
	    server = "smtp://localhost:@PORT:%s@";
	    tls = { ca_file = "@CERTS@/ca.pem"; }; %s };\n' "$1" "$1" "$2" \
	    "${3-$password}"
}
printf 'pa55word\n' >"$TMP/open"
{
	printf 'default = "good"; log = { to = "@TMP@/log"; }; profiles = {\n'
	for name in good noauth token refuse busy mail rcpt lost; do
		a_profile $name $name
	done
	a_profile borrower good 'credentials = "good";' |
	    sed 's/ server = [^;]*; *$//; s/tls = {[^}]*};//'
	a_profile both good 'auth = [ "oauth", "password" ];
	    password = "pa55word"; oauth = { client_id = "id";
	      client_secret = "hunter2"; scope = "mail";
	      token_url = "http://127.0.0.1:@PORT:endpoint@/token"; };'
	a_profile absent good 'password = { file = "@TMP@/absent"; };'
	a_profile open good 'password = { file = "@TMP@/open"; };'
	a_profile command good 'password = { command = [ "/bin/echo", "pa55word" ]; };'
	a_profile nocommand good 'password = { command = [ "/nonexistent/pass" ]; };'
	a_profile others good 'password = "x"; users = "nobody-here";'
	cat <<-'END'
	none = { kind = "system"; address = "none@example.com"; auth = "none";
	  server = "smtp://localhost:@PORT:clear@"; tls = { mode = "none"; }; };
	greet = { kind = "system"; address = "greet@example.com"; password = "x";
	  server = "smtps://localhost:@PORT:greet@";
	  tls = { ca_file = "@CERTS@/ca.pem"; }; };
	dns = { kind = "system"; address = "dns@example.com"; password = "x";
	  server = "smtp://smtp.example.invalid"; };
	tcp = { kind = "system"; address = "tcp@example.com"; password = "x";
	  server = "smtp://127.0.0.1:1"; };
	socket = { kind = "system"; address = "s@example.com"; auth = "none";
	  server = "smtp+unix:@TMP@/absent.sock"; };
	two = { kind = "system"; address = "two@example.com";
	  password = "pa55word"; tls = { ca_file = "@CERTS@/ca.pem"; };
	  server = [ "smtp://localhost:@PORT:good@", "smtp://127.0.0.1:1" ]; };
	};
	END
} | conf
chmod 644 "$TMP/open"

# step NAME: the lines of that step, with what is said below them.
step() {
	printf '%s\n' "$out" | awk -v want="$1" '
		/^  [a-z]/ { on = $0 ~ "^  (ok|not tried|warning|failed) +" want "(:|$| )" }
		on'
}
# line NAME: of the configuration, where the profile is.
line() { sed -n "/^$1 = /=" "$HOME/.config/osmtp/osmtp.conf"; }

# ---- all is well

run "$OSMTP" check good
exits 0 'all is well'
is "$err" '' 'and nothing is complained of'
like "$out" '^good \(system, good@example.com\)$' 'the profile'
for s in 'configuration: .*/osmtp.conf:[0-9]+ \(mode 0600, owner ' \
    'secrets: password \(plain\)' 'files: tls.ca_file: .*/ca.pem' \
    'DNS: localhost: .*127.0.0.1.* \([0-9]+ ms\)' \
    "TCP: 127.0.0.1 port $(port good) \\([0-9]+ ms\\)" \
    'TLS: CN=good, by ' 'EHLO: AUTH .*PLAIN' \
    'AUTH: password by PLAIN as good@example.com: 235 \(' \
    'MAIL: <good@example.com>' 'RCPT: <good@example.com>'; do
	like "$out" "^  ok         $s" "ok: ${s%%:*}"
done
unlike "$out" 'pa55word|warning|failed|not tried' 'no secret, no trouble'
is "$(find "$LOG" -name 'msg-*' -o -name 'partial-*' -o -name 'refused-*')" '' \
    'no message'
unlike "$(cat "$LOG/good.trace")" ' C (DATA|BDAT)' 'no DATA'
like "$(cat "$LOG/good.trace")" ' C RSET' 'RSET'
unlike "$(cat "$LOG/good.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'

run "$OSMTP" check good --to bob@example.org -v
exits 0 'to somebody else'
like "$out" '^  ok         RCPT: <bob@example.org>' 'is asked for'
like "$out" '^    > AUTH PLAIN \*\*\*' 'the dialogue, without the secret'
unlike "$out" "$(printf '\000good@example.com\000pa55word' | base64)" \
    'nor its base64'
run "$OSMTP" check none
exits 0 'no AUTH wanted, no TLS'
like "$(step TLS)" 'ok +TLS: none \(tls.mode\)' 'TLS: none'
like "$(step AUTH)" 'ok +AUTH: none' 'AUTH: none'
run "$OSMTP" check command
exits 0 'a password that a command says'
run "$OSMTP" check borrower
exits 0 'by the account of another'
like "$(step configuration)" 'by the account of "good"' 'which is said'

# ---- one thing is wrong: NAME|exit|step|why|what to do
while IFS='|' read -r name code step why remedy; do
	run "$OSMTP" check "$name"
	exits "$code" "$name: exit"
	like "$(step "$step")" "(failed|warning) +$step.*$why" "$name: why"
	like "$(step "$step")" "what to do: .*$remedy" "$name: what to do"
	unlike "$out$err" 'pa55word|hunter2' "$name: no secret"
done <<END
noauth|2|AUTH|the server offers no AUTH at all|profiles\.noauth.* \(.*osmtp.conf:$(line noauth)\)
token|2|AUTH|it offers: XOAUTH2|profiles.token
refuse|2|AUTH|password: 535 |.
busy|2|AUTH|454 4.7.0 later|try again later
mail|2|MAIL|<mail@example.com>: 550 5.7.60|.
rcpt|1|RCPT|<rcpt@example.com>: 550 5.1.1|osmtp check rcpt --to ADDRESS
lost|2|MAIL|closed the connection|.
greet|2|EHLO|554 5.7.1 not you|.
dns|2|DNS|smtp.example.invalid: |getent ahosts smtp.example.invalid.*:$(line dns)\)
tcp|2|TCP|onnect|nc -vz 127.0.0.1 1
socket|2|TCP|.|ss -lx src .*/absent.sock
absent|2|secrets|.*/absent: No such file|chmod 600 .*/absent.*osmtp seal --set absent.password
open|2|secrets|others may read it|chmod 600
nocommand|2|secrets|/nonexistent/pass|osmtp seal --set nocommand.password
both|1|token|invalid_request|.
two|2|TCP|onnect|nc -vz 127.0.0.1 1
END
run "$OSMTP" check both
like "$(step AUTH)" '^  ok +AUTH: password by PLAIN' 'both: the other way works'
like "$(step AUTH)" '^  not tried +AUTH' 'both: the one without a token is not tried'
run "$OSMTP" check rcpt --to bob@example.org
exits 2 'a recipient that was named is refused'
like "$(step RCPT)" 'failed +RCPT: <bob@example.org>: 550 5.1.1' 'that is a failure'
run "$OSMTP" check mail
like "$(step RCPT)" '^  not tried +RCPT$' 'what comes behind is not tried'
run "$OSMTP" check tcp
for s in TLS EHLO AUTH MAIL RCPT; do
	like "$out" "^  not tried  $s\$" "tcp: $s is not tried"
done

# ---- all profiles, JSON

run "$OSMTP" check --json
exits 2 'all of them: the gravest'
if [ "$(id -u)" -eq 0 ]; then # who may use all
	is "$(printf '%s\n' "$out" | grep -c .)" 21 'a line each'
else
	is "$(printf '%s\n' "$out" | grep -c .)" 20 'a line each'
	like "$err" 'check: profile "others": .* may not use it' \
	    'but of one that may not be used'
fi
unlike "$out" 'pa55word|hunter2' 'no secret'
for n in good both dns; do
	printf '%s\n' "$out" | grep "\"profile\":\"$n\"" >"$LOG/$n.json"
done
is "$(fact good result) $(fact good status)" 'ok 0' 'JSON: well'
is "$(fact both result) $(fact both status)" 'warning 1' 'JSON: a warning'
is "$(fact dns result) $(fact dns status)" 'failed 2' 'JSON: a failure'
is "$(fact dns steps.2.step) $(fact dns steps.2.result) $(fact dns steps.3.result)" \
    'DNS failed not tried' 'JSON: its steps'
like "$(fact dns steps.2.remedy)" 'getent' 'JSON: a remedy'

# ---- command line and configuration

for words in '--to' '--to nobody' '--to a@b@c' '-x' 'good noauth' '-C'; do
	# shellcheck disable=SC2086 # several words
	run "$OSMTP" check $words
	exits 64 "usage: $words"
done
run "$OSMTP" check goood
exits 2 'no such profile'
like "$err" 'did you mean "good"' 'the nearest'
run "$OSMTP" check others
exits 2 'a profile of others'
printf 'profiles = {' >"$TMP/bad.conf"
run "$OSMTP" check -C "$TMP/bad.conf" --json
exits 2 'a configuration that can not be read'
like "$err" 'bad.conf:1' 'where'
like "$out" '"step":"configuration","result":"failed"' 'and in JSON'
# shellcheck disable=SC2016 # for the other shell
run sh -c '"$1" check good >/dev/full' - "$OSMTP"
exits 2 'nowhere to write to'

# ---- nothing was changed

is "$(find "$HOME" "$OSMTP_TEST_STATE" -type f ! -name osmtp.conf |
    grep -v -e '/tokens/' -e '/seal\.key$')" '' 'nothing was made but the token cache'
finish
