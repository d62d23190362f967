#!/bin/sh
# SPDX-License-Identifier: ISC
# Reports: who hears of what was not delivered, by which way, and when nobody.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"on": {
    "rcpt:later@example.org": {"reply": "450 4.2.1 not now"},
    "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"},
    "rcpt:ops@example.com": [null, {"reply": "550 5.1.1 ops has left"}]}},
  "nonull": {"on": {
    "mail:": {"reply": "550 5.7.1 null sender refused"},
    "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"}}},
  "nothing": {"on": {
    "mail:": {"reply": "550 5.7.1 null sender refused"},
    "rcpt:nothing@example.com": {"reply": "550 5.7.1 not even you"},
    "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"}}}}}
END
profile() { # NAME KIND LISTENER
	cat <<-END
		$1 = { kind = "$2"; address = "$1@example.com"; users = "*";
		  also = "$1-also@example.com";
		  server = "smtp://localhost:@PORT:$3@"; tls = { mode = "none"; };
		  auth = "none"; };
	END
}
setup() { # TOP QUEUE
	conf <<-END
		domain = "example.com";
		default = "cron";
		log = { to = "@TMP@/log"; };
		$1
		queue = { $2 };
		profiles = {
		  $(profile box mailbox smtp) $(profile cron system smtp)
		  $(profile nonull mailbox nonull)
		  $(profile nothing mailbox nothing)
		};
	END
}
setup '' ''
mail() { # SENDER RCPT..
	from=$1
	shift
	whole "$SENDMAIL" -i -f "$from" "$@" <"$TMP/in"
}
# last KEY: a fact of the message that came last; its text.
last() { fact "msg-$(sent)" "$1"; }
text() { tr -d '\r' <"$LOG/msg-$(sent).eml"; }

# ---- some are refused

printf 'Subject: caf\303\251\n\nbody with \303\251\n' >"$TMP/in"
mail box-also@example.com good@example.org no@example.org
exits 0 'some are refused'
like "$err" 'no@example.org: refused: 550 5.1.1 no such user' '... it is said'
is "$(sent)" 2 '... a report goes out'
is "$(last sender)" '' '... from nobody'
is "$(last accepted)" '["box-also@example.com"]' '... to the sender'
id=$(ids failed)
like "$(text)" '^From: Mail Delivery System <box@example.com>$' '... its From'
like "$(text)" '^Auto-Submitted: auto-' '... no robot answers it'
like "$(text)" '^Final-Recipient: rfc822; *no@example.org$' \
    '... for programs: who'
like "$(text)" '^Action: failed$' '... what'
like "$(text)" '^Status: 5.1.1$' '... its status'
like "$(text)" '^Diagnostic-Code: smtp; 550 5.1.1 no such user' '... the words'
unlike "$(text)" 'Final-Recipient:.*good@' '... not of whom it has reached'
like "$(text)" "$id" '... with the ID'
like "$(text)" 'body with' '... and the message'
is "$(queued)" '' '... and is gone'
is "$(logged "event=report result=queued as=R$id")" 1 '... logged'
python3 - "$LOG/msg-$(sent).eml" <<'END'
import email, email.policy, sys
with open(sys.argv[1], "rb") as f:
    m = email.message_from_binary_file(f, policy=email.policy.default)
assert m.get_content_type() == "multipart/report", m.get_content_type()
types = [p.get_content_type() for p in m.iter_parts()]
assert types == ["text/plain", "message/delivery-status",
                 "message/rfc822"], types
assert not m.defects, m.defects
END
result $? '... in the form of RFC 3464'

# ---- all are refused: the caller knows

before=$(sent)
mail box@example.com no@example.org
exits 67 'all are refused'
is "$(sent)" "$before" '... no report'
is "$(count failed)" 1 '... and nothing in failed'
is "$(queued)" '' '... nor in the queue'
# .. but nobody was told where it happens in a run of the queue
mail box@example.com -odq no@example.org
once
like "$out" '1 returned' 'refused in a run'
is "$(sent)" $((before + 1)) '... there is a report'

# ---- never

before=$(sent)
mail '<>' -a box good@example.org no@example.org
is "$(sent)" $((before + 1)) 'the null sender is not answered'
is "$(queued)" '' '... nothing is left'
is "$(logged 'event=report')" 2 '... no report was tried'

# ---- system mail

before=$(sent)
mail root good@example.org no@example.org
is "$(last accepted)" '["cron@example.com"]' \
    'system mail without an admin: the envelope sender'
setup 'admin = "ops@example.com";' ''
mail root good@example.org no@example.org
is "$(last accepted)" '["ops@example.com"]' 'with one: the admin'
like "$(text)" '^From: Mail Delivery System <cron@example.com>$' \
    '... from the profile'
is "$(sent)" $((before + 4)) '... one each'

# The admin's mailbox refuses it: never answered; kept, and loud.
before=$(count failed)
mail root good@example.org no@example.org
is "$(queued)" '' 'a report that is refused'
report=$(ids failed | tr ' ' '\n' | grep '^R')
like "$report" '^R[0-9a-z]{16}$' '... is kept in failed'
is "$(count failed)" $((before + 2)) '... and there is no report on it'
is "$(logged "error id=$report event=settle result=\"report failed\"")" 1 \
    '... it is an error in the log'
mail root good@example.org
exits 0 '... and pauses nothing'
unlike "$(cat "$TMP/log")" 'event=alert' '... nor is there an alert'

# ---- a server that takes no null sender

before=$(sent)
mail nonull@example.com good@example.org no@example.org
is "$(sent)" $((before + 2)) 'the null sender is refused'
is "$(last sender)" 'nonull@example.com' '... once more, with an address'
is "$(last accepted)" '["nonull@example.com"]' '... to the sender'
is "$(queued)" '' '... and is gone'
before=$(sent)
mail nothing@example.com good@example.org no@example.org
is "$(sent)" $((before + 1)) 'with the address it is refused, too'
is "$(queued)" '' '... that is all'
is "$(grep -c 'MAIL FROM:<>' "$LOG/nothing.trace")" 1 \
    '... tried once from nobody'
is "$(grep -c 'MAIL FROM:<nothing@example.com>' "$LOG/nothing.trace")" 2 \
    '... and once from the profile, as its message'
is "$(ids failed | tr ' ' '\n' | grep -c '^R')" 2 '... kept in failed'
mail nothing@example.com good@example.org
exits 0 '... and pauses nothing'
unlike "$(cat "$TMP/log")" 'event=alert' '... nor is there an alert'

# ---- too many

setup '' 'reports_per_hour = 1;'
rm -f "$SPOOL/reports"
before=$(sent)
for _ in 1 2 3; do
	mail box@example.com good@example.org no@example.org
done
is "$(sent)" $((before + 4)) 'one report in the hour'
is "$(logged 'reason=queue.reports_per_hour')" 2 '... the others are logged'
at 61
mail box@example.com good@example.org no@example.org
is "$(sent)" $((before + 6)) '... and one in the next'

# ---- delays

setup '' 'warn_after = "30m"; lifetime = "5h"; retry_max = "10m";'
at 100
before=$(sent)
mail box@example.com good@example.org later@example.org no@example.org
is "$(sent)" $((before + 1)) 'one waits: no report yet'
id=$(queued)
for minute in 115 129; do
	at $minute
	once
done
is "$(sent)" $((before + 1)) 'nor before its time'
at 145
once
is "$(sent)" $((before + 2)) 'after half an hour the delay is told'
is "$(last sender)" '' '... from nobody'
like "$(text)" '^Action: delayed$' '... as a delay'
like "$(text)" '^Final-Recipient: rfc822; *later@example.org$' '... of whom'
like "$(text)" '^Will-Retry-Until: ' '... and until when'
unlike "$(text)" 'Action: failed|Final-Recipient:.*(good|no)@' '... of no other'
is "$(queued)" "$id" '... the message waits on'
for minute in 160 200; do
	at $minute
	once
done
is "$(sent)" $((before + 2)) '... it is told once'
for minute in 280 360 440; do
	at $minute
	once
done
is "$(queued)" '' 'when its time is up'
is "$(sent)" $((before + 3)) '... there is one report'
is "$(text | grep -c '^Action: failed')" 2 '... on all whom it has not reached'

finish
