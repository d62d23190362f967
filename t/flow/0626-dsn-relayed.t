#!/bin/sh
# SPDX-License-Identifier: ISC
# DSN (RFC 3461) where the server does not offer it: no parameter, and the duty
# to tell is ours: of a success, of a failure, of a delay, or of nothing.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"on": {
    "rcpt:later@example.org": {"reply": "450 4.2.1 not now"},
    "rcpt:once@example.org": [{"reply": "450 4.2.1 not now"}, null],
    "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"}}},
  "nonull": {"on": {"mail:": {"reply": "451 4.3.0 not now"}}}}}
END
printf 'staff: ann@example.org, bob@example.org\n' >"$TMP/aliases"
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
		unaliased = "domain";
		aliases = "@TMP@/aliases";
		log = { to = "@TMP@/log"; };
		$1
		queue = { $2 };
		profiles = {
		  $(profile box mailbox smtp) $(profile cron system smtp)
		  $(profile nonull mailbox nonull)
		};
	END
}
setup '' ''
# text: the message that came last; last KEY: a fact of it.
text() { tr -d '\r' <"$LOG/msg-$(sent).eml"; }
last() { fact "msg-$(sent)" "$1"; }

# ---- a success

send -N success -R full -V 'QQ+1' ann@example.org
exits 0 'relayed'
is "$(sent)" 2 '... and a report'
unlike "$(grep ' C ' "$LOG/smtp.trace")" 'NOTIFY|ORCPT|RET=|ENVID' \
    '... no parameter that was not offered'
is "$(last sender)" '' '... from nobody'
is "$(last accepted)" '["box@example.com"]' '... to the sender'
like "$(text)" '^Subject: Mail that was handed on: ann@example.org$' '... what'
like "$(text)" '^Original-Envelope-Id: QQ\+1$' '... ENVID, decoded'
like "$(text)" '^Original-Recipient: rfc822; ann@example.org$' '... ORCPT'
like "$(text)" '^Action: relayed$' '... Action'
like "$(text)" '^Status: 2\.' '... Status'
like "$(text)" '^Auto-Submitted: auto-replied$' '... no robot answers it'
like "$(text)" '^Content-Type: text/rfc822-headers$' '... the header, FULL or not'
unlike "$(text)" '^body$' '... and no more'
python3 - "$LOG/msg-$(sent).eml" <<'END'
import email, email.policy, sys
with open(sys.argv[1], "rb") as f:
    m = email.message_from_binary_file(f, policy=email.policy.default)
types = [p.get_content_type() for p in m.iter_parts()]
assert types == ["text/plain", "message/delivery-status",
                 "text/rfc822-headers"], types
assert m["From"].addresses[0].addr_spec == "box@example.com", m["From"]
assert not m.defects, m.defects
END
result $? '... in the form of RFC 3464'
is "$(queued)$(ids failed)" '' '... and nothing is left'
is "$(logged 'event=report result=queued as=S')" 1 '... logged'

n=$(sent)
send -N success,failure,delay staff carol@example.org
is "$(sent)" $((n + 2)) 'three at once: one report'
is "$(text | grep -c '^Action: relayed$')" 3 '... on all'
is "$(text | grep -c '^Original-Recipient: rfc822; staff@example.com$')" 2 \
    '... under the name that was given'

n=$(sent)
send ann@example.org
send -N failure,delay ann@example.org
send -N never ann@example.org
is "$(sent)" $((n + 3)) 'none that was not asked for'

# ---- one is late: one report, when all is known

n=$(sent)
send -N success ann@example.org once@example.org
is "$(sent)" $((n + 1)) 'one is put off: nothing is told yet'
id=$(queued)
like "$(state "$id" result)" '^1 relayed - FINAL 250' '... but noted'
at 5
once
is "$(sent)" $((n + 3)) 'both are there: one report'
is "$(text | grep -c '^Action: relayed$')" 2 '... on both'
is "$(queued)" '' '... and nothing is left'

n=$(sent)
send -N success,failure ann@example.org no@example.org
is "$(sent)" $((n + 3)) 'one relayed, one refused: two reports'
is "$(cat "$LOG/msg-$((n + 2)).eml" "$LOG/msg-$((n + 3)).eml" |
    tr -d '\r' | grep '^Action' | sort | tr '\n' ' ')" \
    'Action: failed Action: relayed ' '... one of each'
is "$(count failed)" 1 '... and it is in failed'

# ---- a failure that nobody wants to hear of

rm -r "$SPOOL/failed"
n=$(sent)
send -N never ann@example.org no@example.org
like "$err" 'no@example.org: refused' '-N never: the caller hears of a refusal'
is "$(sent)" $((n + 1)) '... but there is no report'
is "$(count failed)" 1 '... the message is in failed'
like "$(cat "$TMP/log")" 'event=report result=none reason="not wanted .NOTIFY.' \
    '... and the log says so'
send -N success,delay -odq no@example.org
once
is "$(sent)" $((n + 1)) '-N success,delay: no report on a failure'
send -N failure -R hdrs -odq no@example.org
once
like "$(text)" '^Action: failed$' '-N failure: a report'
unlike "$(text)" '^body$' '... with -R hdrs of the header alone'
send -N failure -R full -odq no@example.org
once
like "$(text)" '^body$' '... with -R full whole'

# ---- a delay

rm -r "$SPOOL"
send later@example.org
send -N never later@example.org
send -N failure,success later@example.org
send -N delay later@example.org
n=$(sent)
for minutes in 70 140 210 280 350; do
	at $minutes
	once
done
is "$(sent)" $((n + 2)) 'delays: two warnings'
is "$(logged 'event=report result=queued as=D')" 2 \
    '... where nothing was said, and where delay was'
at 0

# ---- never an answer to these

rm -r "$SPOOL"
n=$(sent)
whole "$SENDMAIL" -i -f '<>' -a box -N success ann@example.org <"$TMP/in"
is "$(sent)" $((n + 1)) 'the null sender hears nothing'
setup 'admin = "ops@example.com";' ''
whole "$SENDMAIL" -i -a cron -f cron-also@example.com -N success \
    ann@example.org <"$TMP/in"
is "$(last accepted)" '["cron-also@example.com"]' \
    'of a success hears who asked, not the administrator'
setup '' 'reports_per_hour = 1;'
rm -f "$SPOOL/reports"
n=$(sent)
send -N success ann@example.org
send -N success ann@example.org
is "$(sent)" $((n + 3)) 'reports_per_hour counts'
like "$(cat "$TMP/log")" 'event=report result=none reason=queue.reports_per' \
    '... and is logged'

# ---- no queue: the command tells, by lines and status

setup '' ''
n=$(sent)
whole "$SENDMAIL" --now -v -i -f box@example.com -N success ann@example.org \
    <"$TMP/in"
exits 0 '--now'
like "$out" '250 2.0.0 accepted' '... it is said'
is "$(sent)" $((n + 1)) '... there is no report'
setup 'spool = "none";' ''
send -N success ann@example.org
is "$(sent)" $((n + 2)) 'spool = "none": no report'
unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
