#!/bin/sh
# SPDX-License-Identifier: ISC
# DSN (RFC 3461) of a client of sendmail -bs: its words go on as they are, each
# for its recipient; bad ones are refused, and nothing is carried over.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"ehlo": ["PIPELINING", "8BITMIME", "DSN", "ENHANCEDSTATUSCODES"]},
  "plain": {}}}
END
setup() { # LISTENER
	conf <<-END
		domain = "example.com";
		unaliased = "domain";
		log = { to = "@TMP@/log"; };
		profiles = { box = { kind = "mailbox"; address = "box@example.com";
		  server = "smtp://localhost:@PORT:$1@"; tls = { mode = "none"; };
		  auth = "none"; }; };
	END
}
setup smtp
# talk LINES..: a session; each message is "Subject: x".
talk() {
	printf '%s\r\n' 'EHLO client.example' "$@" QUIT >"$TMP/talk"
	whole "$SENDMAIL" -bs <"$TMP/talk"
	out=$(printf %s "$out" | tr -d '\r')
}
wire() {
	sed -n 's/^[0-9]* [0-9]* C \(MAIL\|RCPT\)/\1/p' "$LOG/smtp.trace" |
	    tail -n "$((1 + ${1:-1}))" | sed 's/ SIZE=[0-9]*//'
}

talk 'MAIL FROM:<box@example.com> RET=HDRS ENVID=QQ+2B1' \
    'RCPT TO:<ann@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c.example' \
    'RCPT TO:<bob@example.org>' \
    'RCPT TO:<root> NOTIFY=NEVER' \
    'RCPT TO:<ann@example.org> NOTIFY=NEVER' \
    DATA 'Subject: x' '' y .
like "$out" '^250.DSN$' 'DSN is offered'
is "$(wire 3)" 'MAIL FROM:<box@example.com> RET=HDRS ENVID=QQ+2B1
RCPT TO:<ann@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c.example
RCPT TO:<bob@example.org>
RCPT TO:<root@example.com> NOTIFY=NEVER ORCPT=rfc822;root@example.com' \
    'each has what was said of him, and the first word counts'

n=$(sent)
talk 'MAIL FROM:<box@example.com> RET=FULL ENVID=one' \
    'RCPT TO:<ann@example.org> NOTIFY=FAILURE' DATA 'Subject: x' '' y . \
    'MAIL FROM:<box@example.com>' \
    'RCPT TO:<ann@example.org>' DATA 'Subject: x' '' y .
is "$(sent)" $((n + 2)) 'two messages'
is "$(wire)" 'MAIL FROM:<box@example.com>
RCPT TO:<ann@example.org>' '... nothing is carried over'

n=$(sent)
for word in RET=BOTH ENVID= ENVID=a=b ENVID=a+b; do
	talk "MAIL FROM:<box@example.com> $word" 'RCPT TO:<ann@example.org>' \
	    DATA 'Subject: x' '' y .
	like "$out" '^501 ' "MAIL with $word is refused"
done
for word in NOTIFY= NOTIFY=NEVER,SUCCESS NOTIFY=ALWAYS ORCPT=ann \
    'ORCPT=rfc822;a=b'; do
	talk 'MAIL FROM:<box@example.com>' "RCPT TO:<ann@example.org> $word" \
	    DATA 'Subject: x' '' y .
	like "$out" '^501 ' "RCPT with $word is refused"
done
is "$(sent)" "$n" '... and nothing is sent'

# ---- the server does not offer it

setup plain
n=$(sent)
talk 'MAIL FROM:<box@example.com> ENVID=QQ+2B1' \
    'RCPT TO:<ann@example.org> NOTIFY=SUCCESS ORCPT=rfc822;a+2Bb@c.example' \
    'RCPT TO:<bob@example.org> NOTIFY=FAILURE' DATA 'Subject: x' '' y .
is "$(sent)" $((n + 2)) 'relayed, and a report'
text=$(tr -d '\r' <"$LOG/msg-$(sent).eml")
like "$text" '^Original-Envelope-Id: QQ\+1$' '... its ENVID'
like "$text" '^Original-Recipient: rfc822; a\+b@c.example$' '... its ORCPT'
is "$(printf '%s\n' "$text" | grep -c '^Action: relayed$')" 1 \
    '... on the one who was asked for'
unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
