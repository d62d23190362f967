#!/bin/sh
# SPDX-License-Identifier: ISC
# A recipient beyond ASCII among others, where the server does not offer
# SMTPUTF8: he is refused, the others get the message; and told.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {"old": {"ehlo": ["PIPELINING"]},
               "new": {"ehlo": ["8BITMIME", "SMTPUTF8"]}}}
END
profile() {
	echo "$1 = { kind = \"mailbox\"; address = \"$1@example.com\";
	    users = \"*\"; server = \"smtp://localhost:@PORT:$1@\"; ${2-}
	    tls = { mode = \"none\"; }; auth = \"none\"; };"
}
conf <<END
domain = "example.com";
log = { to = "@TMP@/log"; };
profiles = { $(profile old 'limits = { recipients = 1; };') $(profile new) };
END
commands() { sed -n 's/^[0-9]* [0-9]* C \(MAIL\|RCPT\|DATA\)/\1/p' "$LOG/$1.trace"; }

who=$(printf 'j\303\266rg@example.org')
printf 'From: a@example.com\nSubject: s\n\nb\303\266\n' >"$TMP/in"
whole "$SENDMAIL" -i -f old@example.com "$who" b@example.org "k$who" \
    c@example.org <"$TMP/in"
exits 0 'some get it'
is "$(commands old | sed 's/ SIZE.*//')" 'MAIL FROM:<old@example.com>
RCPT TO:<b@example.org>
DATA
MAIL FROM:<old@example.com>
RCPT TO:<c@example.org>
DATA
MAIL FROM:<>
RCPT TO:<old@example.com>
DATA' 'the others, without SMTPUTF8; and a report'
like "$err" "$who: refused: the address $who is not ASCII and the server does" \
    'he is refused, with the reason'
like "$(tr -d '\r' <"$LOG/msg-3.eml")" 'SMTPUTF8' '... which is reported'
is "$(LC_ALL=C tr -d '\0-\177' <"$LOG/msg-1.eml")" '' \
    'the text is encoded for a 7-bit server all the same'
is "$(queued)" '' 'nothing waits'

: >"$LOG/old.trace"
whole "$SENDMAIL" -i -f old@example.com "$who" <"$TMP/in"
exits 67 'he alone: refused'
is "$(commands old)" '' '... not even tried'

printf 'From: a@example.com\nTo: %s\nSubject: s\n\nb\n' "$who" >"$TMP/in"
whole "$SENDMAIL" -i -t -f old@example.com b@example.org <"$TMP/in"
exits 65 'he is in the header, too: refused for all'
is "$(commands old)" '' '... not even tried'

whole "$SENDMAIL" -i -t -f new@example.com b@example.org <"$TMP/in"
exits 0 'where it is offered: sent'
is "$(commands new | sed 's/ SIZE.*SMTPUTF8/ SMTPUTF8/')" \
    "MAIL FROM:<new@example.com> BODY=8BITMIME SMTPUTF8
RCPT TO:<b@example.org>
RCPT TO:<$who>
DATA" '... to both at once'
unlike "$(cat "$LOG/old.trace" "$LOG/new.trace")" '^[0-9]+ [0-9]+ !' \
    'no rule is broken'
finish
