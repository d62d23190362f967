#!/bin/sh
# SPDX-License-Identifier: ISC
# Messages that were resent: what is added, what is left alone, who gets them.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"

export OSMTP_TEST_NOW=1700000000000 OSMTP_TEST_SEED=1
header_setup

# send INPUT OPTION...: head is what arrived of the header, rcpts who gets it.
send() {
	printf %b "$1" >"$TMP/in"
	shift
	run "$sendmail" -i "$@" <"$TMP/in"
	exits 0 "sent: $*"
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml
	head=$(tr -d '\r' <"$eml" | sed '/^$/q')
	rcpts=$(sed -n "s/^$sent [0-9]* C RCPT TO:<\(.*\)>.*/\1/p" \
	    "$LOG/smtp.trace" | paste -s -d ' ' -)
}
# part REGEX: the lines of the header that match.
part() { printf '%s\n' "$head" | grep -E "$1"; }

old='From: Ann <ann@example.org>\nTo: b@example.org
Date: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <1@example.org>
Subject: s\n'
date='Tue, 14 Nov 2023 22:13:20 +0000'

send "Resent-From: me@example.com\nResent-To: r@example.net\n$old\nb\n" -t
is "$rcpts" r@example.net 'Resent-To alone counts'
is "$(part '^(From|To|Date|Message-ID|Subject):')" "$(printf %b "$old")" \
    'the message itself is not touched'
is "$(part '^Resent-Date:')" "Resent-Date: $date" 'Resent-Date is added'
like "$(part '^Resent-M')" \
    '^Resent-Message-ID: <[0-9A-Za-z.]+@host\.example\.com>$' \
    'Resent-Message-ID is added'
is "$(part '^Resent-From:')" 'Resent-From: me@example.com' \
    'Resent-From is there already'
is "$(printf '%s\n' "$head" | sed -n '1s/:.*//p;2s/:.*//p')" \
    "$(printf 'Resent-Date\nResent-Message-ID')" '... in front'

block='Resent-From: me@example.com\nResent-Sender: root\nResent-Date: x
Resent-Message-ID: <2@example.com>\nResent-To: r@example.net\n'
send "$block$old\nb\n" -t
is "$(part ^Resent)" "$(printf %b "$block" |
    sed 's/^\(Resent-Sender: root\)/\1@example.com/')" \
    'what is complete stays; bare names are completed'
send "${old}Resent-From: root (Admin)\nResent-To: r, Q <q>\n\nb\n" -t
is "$(part '^Resent-(From|To)')" "$(printf \
    'Resent-From: root@example.com (Admin)\nResent-To: r@example.com, Q <q@example.com>')" \
    'Resent- fields at the end of the header, bare'
is "$rcpts" 'r@example.com q@example.com' '... and their recipients'

send "Resent-To: r@example.net\n$old\nb\n" -t -f boss@example.com -F 'The Boss'
is "$(part '^Resent-From')" 'Resent-From: The Boss <boss@example.com>' \
    'Resent-From is made, of the sender'
is "$(part '^From')" 'From: Ann <ann@example.org>' '... From stays'

send "Resent-From: me@example.com\nResent-To: r1@example.net
Received: by x; $date\nResent-From: earlier@example.com\nResent-Date: y
Resent-Message-ID: <3@x>\nResent-To: r2@example.net\nResent-Cc: r3@example.net
Resent-Bcc: r4@example.net\n$old\nb\n" -t
is "$rcpts" \
    'r1@example.net r2@example.net r3@example.net r4@example.net' \
    'several blocks: all of their recipients'
is "$(part '^Resent-Date')" "$(printf 'Resent-Date: %s\nResent-Date: y' \
    "$date")" 'the last block gets what it lacks, the earlier nothing'
is "$(part '^Resent-Message' | wc -l | tr -d ' ')" 2 \
    '... and a Message-ID'
unlike "$head" 'r4@' 'Resent-Bcc is not seen'

send "Resent-Bcc: r@example.net\nBcc: q@example.net\n$old\nb\n" -t
is "$rcpts" r@example.net 'Resent-Bcc alone counts'
is "$(part .)" "$(printf %b "$old")" '... and leaves no trace'
send "Resent-To: r@example.net\nBcc: q@example.net\n$old\nb\n" x@example.org
is "$rcpts" x@example.org 'without -t they name nobody'
unlike "$head" 'q@example' '... and Bcc goes'
send "Resent-To: r@example.net\n$old\nb\n" -t x@example.org
is "$rcpts" 'x@example.org r@example.net' 'operands are added'
send "Resent-From: me@example.com\nResent-To: r@example.net\nSubject: s\n\nb\n" \
    -t -f me@example.com
like "$head" '^From: me@example\.com$' 'a missing From is made all the same'
is "$(part '^Date')" "Date: $date" '... and Date'

# ---- a profile that rewrites

send "Resent-From: boss@example.org\nResent-To: r@example.net\n$old\nb\n" \
    -t -a noreply
like "$(part '^From')" '^From: .* on host <noreply@example\.com>$' \
    'rewriting: From is the profile'"'"'s, since servers judge by it'
is "$(part '^Reply-To')" 'Reply-To: Ann <ann@example.org>' \
    '... its author can be answered'
is "$(part '^Resent-From')" 'Resent-From: boss@example.org' \
    '... and who resent it is seen'
is "$(part '^(To|Date|Message-ID|Subject)')" \
    "$(printf %b "$old" | sed 1d)" '... all else is not touched'
send "Resent-To: r@example.net\n$old\nb\n" -t -a noreply
like "$(part '^Resent-From')" \
    '^Resent-From: .* on host <noreply@example\.com>$' \
    '... a Resent-From that is made'

run "$sendmail" -t <<'END'
Resent-To: undisclosed-recipients:;
To: b@example.org

b
END
exits 65 'Resent-To that names nobody'
like "$err" 'recipients: none' '... is told'
check '... and nothing is sent' [ ! -e "$LOG/msg-$((sent + 1)).eml" ]

unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
