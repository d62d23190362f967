#!/bin/sh
# SPDX-License-Identifier: ISC
# Trouble of an account: its mail waits, nobody is told a message at a time,
# and all goes by itself when it can.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"require_auth": true, "auth": {"PLAIN": ["pa55"]},
    "on": {"mail:box-also@example.com":
             {"reply": "550 5.7.60 may not send as this"}}},
  "busy": {"on": {"greeting": [{"reply": "421 4.3.2 too busy"},
                               {"reply": "421 4.3.2 too busy"},
                               {"reply": "421 4.3.2 too busy"}]}},
  "drop": {"on": {"data": [{"close": true}, {"close": true}, {"close": true}]}},
  "good": {}}}
END
profile() { # NAME LISTENER MORE
	cat <<-END
		$1 = { kind = "mailbox"; address = "$1@example.com"; users = "*";
		  also = "$1-also@example.com"; server = "smtp://localhost:@PORT:$2@";
		  tls = { mode = "none"; }; $3 };
	END
}
setup() {
	conf <<-END
		domain = "example.com";
		log = { to = "@TMP@/log"; };
		queue = { lifetime = "4h"; };
		profiles = {
		  $(profile box smtp "password = { file = \"$TMP/secret\"; };")
		  $(profile busy busy 'auth = "none";')
		  $(profile drop drop 'auth = "none";')
		  $(profile good good 'auth = "none";')
		};
	END
}
secret() {
	echo "$1" >"$TMP/secret"
	chmod 600 "$TMP/secret"
}
mail() { # SENDER RCPT..
	from=$1
	shift
	whole "$SENDMAIL" -i -f "$from" "$@" <"$TMP/in"
}
setup
secret wrong

# ---- a wrong password: configuration, so nothing is returned

mail box@example.com a@example.org
exits 0 'a wrong password: the message is safe'
like "$err" 'a@example.org: later: 535' '... why is said'
like "$err" 'queued as' '... and that it waits'
is "$(connections smtp)" 1 '... after one try'
first=$(queued)
is "$(logged 'error event=alert account=box state=')" 1 '... one alert'
like "$(cat "$TMP/log")" 'event=alert .*code=535 .*advice=' \
    '... with what to do'
is "$(state "$first" attempts)" '' '... and none of it is noted on the message'

mail box@example.com b@example.org
exits 0 'the next one'
like "$err" 'queued as .*paused' '... is queued, and it says why'
mail box@example.com c@example.org
is "$(connections smtp)" 1 '... without asking the server again'
is "$(count queue)" 3 '... all are safe'
is "$(logged 'event=alert')" 1 '... still one alert'
at 10
once
like "$out" '^0 tried, 0 done, 0 waiting, 0 returned, 3 of paused' \
    'a run passes them over'
is "$(connections smtp)" 1 '... too'
run "$OSMTP" queue list
like "$out" 'profile box: (needs_login|misconfigured): 535' 'the list says why'

# ---- it is tried again in time, by one message

at 80
once
like "$out" '^1 tried, 0 done, 1 waiting, 0 returned, 2 of paused' \
    'in an hour one message is the probe'
is "$(connections smtp)" 2 '... on one connection'
is "$(logged 'event=alert')" 1 '... the alert is not repeated'
at 81
mail good@example.com x@example.org
exits 0 'another profile goes on'
is "$(sent)" 1 '... as ever'
is "$(connections smtp)" 2 '... and wakes nobody'

# ---- a new secret is tried at once, and all goes

secret pa55
at 82
once
like "$out" '^3 tried, 3 done' 'a new secret: all go'
is "$(connections smtp)" 3 '... on one connection'
is "$(queued)" '' '... and are gone'
is "$(sent)" 4 '... one copy each'
is "$(logged 'event=resumed account=box')" 1 '... which is logged'
is "$(count failed)" 0 '... nothing was returned'

# ---- one sender that the account may not use

mail box-also@example.com d@example.org
exits 0 'a sender that may not send'
like "$err" 'later: 550 5.7.60' '... waits, too'
before=$(connections smtp)
mail box-also@example.com e@example.org
is "$(connections smtp)" "$before" '... and is not tried again at once'
mail box@example.com f@example.org
is "$(sent)" 5 '... but the other sender is'
is "$(logged 'event=alert .*state=sender_refused')" 1 '... one alert'
run "$OSMTP" queue delete --all

# ---- a server that is busy: a minute, then two

mail busy@example.com g@example.org
exits 0 'a busy server'
like "$err" '421 4.3.2 too busy' '... is named'
mail busy@example.com h@example.org
is "$(connections busy)" 1 '... and left alone'
at 84
once
is "$(connections busy)" 2 'after a minute it is asked'
at 85
once
is "$(connections busy)" 2 '... then not for two'
at 87
mail busy@example.com i@example.org
is "$(connections busy)" 3 'a command may be the probe'
is "$(count queue)" 3 '... in vain'
at 98
once
is "$(connections busy)" 4 'it answers'
is "$(count queue)" 0 '... and all go'
is "$(sent)" 8 '... one copy each'
is "$(state "$first" attempts)" '' '... and no message was marked'

# --now in a run: one probe an account, not one a message
secret wrong
for rcpt in j k l; do
	mail box@example.com $rcpt@example.org
done
before=$(connections smtp)
whole "$SENDMAIL" -q
is "$(connections smtp)" $((before + 1)) '-q: one probe for three messages'
is "$(count queue)" 3 '... which wait'
secret pa55
whole "$SENDMAIL" -q
is "$(count queue)" 0 '... until it works'
is "$(sent)" 11 '... one copy each'

# ---- the link is lost in the middle: twice in a row is the account

mail drop@example.com m@example.org
like "$(cat "$TMP/log")" 'profile=drop .*class=T' 'a lost link is the message'
mail drop@example.com -odq n@example.org
mail drop@example.com -odq o@example.org
once
is "$(logged 'event=alert account=drop state=paused')" 1 \
    'two lost links are the account'
is "$(connections drop)" 3 '... which is not asked again'
at 200
once
is "$(count queue)" 0 'later all go'

# ---- paused for longer than a message may wait

secret wrong
mail box@example.com p@example.org
mail box@example.com -odq q@example.org
run "$OSMTP" queue hold "$(queued | cut -d ' ' -f 2)"
for minute in 300 420 540 660; do
	at $minute
	once
done
is "$(count failed)" 1 'paused for too long: it moves to failed'
is "$(count queue)" 1 '... what is held stays'
is "$(logged 'error event=alert profile=box .*paused too long')" 1 '... alert'
is "$(logged 'event=report')" 0 '... and no report'
run "$OSMTP" queue list --failed
like "$out" 'put aside' '... where it is shown as such'
at 100000
once
is "$(count failed)" 1 '... and is never purged'
secret pa55
mail box@example.com r@example.org
is "$(count failed)" 0 'with the next success it comes back'
is "$(sent)" 16 '... and goes'
is "$(count queue)" 1 '... what is held stays'
run "$OSMTP" queue delete --all

# ---- the configuration

mail good@example.com -odq s@example.org
sed 's/ good = / gone = /' "$HOME/.config/osmtp/osmtp.conf" >"$TMP/conf"
cp "$HOME/.config/osmtp/osmtp.conf" "$TMP/saved"
cp "$TMP/conf" "$HOME/.config/osmtp/osmtp.conf"
once
is "$(count queue)" 1 'a profile that is gone: its message waits'
is "$(logged 'event=queue result="passed over" profile=good')" 1 '... logged'
echo 'nonsense' >"$HOME/.config/osmtp/osmtp.conf"
whole "$OSMTP" run --once
exits 78 'a broken configuration'
is "$(count queue)" 1 '... keeps all mail'
cp "$TMP/saved" "$HOME/.config/osmtp/osmtp.conf"
once
is "$(count queue)" 0 'mended: it goes'

finish
