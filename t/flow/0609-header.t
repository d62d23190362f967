#!/bin/sh
# SPDX-License-Identifier: ISC
# Where the header ends, and what of it arrives; the lone dot, with -t.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"

header_setup
H='From: a@example.org\nDate: Mon, 1 Jan 2024 00:00:00 +0000
Message-ID: <1@example.org>\n'

# t NAME INPUT RCPTS [OPTION...]: with -t it goes to these; head, body.
t() {
	name=$1 want=$3
	printf %b "$2" >"$TMP/in"
	shift 3
	run "$sendmail" -t "$@" <"$TMP/in"
	exits 0 "$name: sent"
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml
	head=$(tr -d '\r' <"$eml" | sed '/^$/q')
	body=$(tr -d '\r' <"$eml" | sed '1,/^$/d')
	is "$(sed -n "s/^$sent [0-9]* C RCPT TO:<\(.*\)>.*/\1/p" \
	    "$LOG/smtp.trace" | paste -s -d ' ' -)" "$want" "$name: to whom"
}
# refused NAME INPUT REGEX LAST: 65, said, and kept to its last line.
refused() {
	printf %b "$2" >"$TMP/in"
	run "$sendmail" -t <"$TMP/in"
	exits 65 "$1: refused"
	like "$err" "^sendmail: $3" "$1: said"
	like "$err" 'the message was kept in .*dead\.letter' "$1: kept"
	is "$(tail -n 2 "$HOME/dead.letter" | head -n 1)" "$4" "$1: ... whole"
	check "$1: nothing is sent" [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	rm -f "$HOME/dead.letter"
}
has() { like "$head" "$1" "$name: has $1"; }
hasnt() { unlike "$head" "$1" "$name: has no $1"; }

# ---- where it begins and ends

t 'mbox' "From root Mon Nov 24 14:11:00 2025\nTo: b@example.org\n$H\nb\n" \
    b@example.org
unlike "$(cat "$eml")" '^From root' 'mbox: its line is dropped'
t 'quoted mbox' ">From root Mon Nov 24 14:11:00 2025\nTo: b@example.org\n$H\nb\n" \
    b@example.org
unlike "$(cat "$eml")" '^>From root' 'quoted mbox: its line is dropped'
t 'mbox, CRLF' 'From root x\r\nTo: b@example.org\r\n\r\nFrom y\r\n' \
    b@example.org
is "$body" 'From y' 'mbox, CRLF: one in the body stays'
t 'no field' 'To: b@example.org\nhello: there\nyes, hello\nCc: x@example.net\n' \
    b@example.org
is "$body" "$(printf 'yes, hello\nCc: x@example.net')" \
    'no field: it is the first line of the body'
for line in 'Note well: Cc' ': Cc' 'Gr\0303\0266\0303\0237e: x'; do
	t "$line" "To: b@example.org\n$line\nCc: x@example.net\n" b@example.org
	is "$body" "$(printf %b "$line\nCc: x@example.net")" "$line: is body"
done
t 'blanks before the colon' \
    "to : b@example.org\nCC\t: c@example.org\nbcc \t :d@example.org
X-Y  : z\n\nb\n" 'b@example.org c@example.org d@example.org'
has '^to: b@' && has '^CC: c@' && has '^X-Y: z$' && hasnt '^bcc'
t 'a line of blanks' 'To: b@example.org,\n  \t \n c@example.org\nX: y\n\nb\n' \
    'b@example.org c@example.org'
has '^X: y$'
is "$body" b 'a line of blanks: the body is whole'
unlike "$(tr -d '\r' <"$eml" | sed -n '1,/^X:/p')" '^[[:blank:]]*$' \
    'a line of blanks: it is none on the wire'
t 'no body' 'To: b@example.org' b@example.org
is "$body" '' 'no body'
t 'the last field counts' 'Subject: x\nTo: b@example.org\n' b@example.org
t 'mixed line ends' 'To: b@example.org,\r\n c@example.org\nSubject: x\r\n\r\nb\nc\r\n' \
    'b@example.org c@example.org'
unlike "$(sed 's/\r$//' "$eml")" "$(printf '\r')" 'mixed: no CR stays'
t 'two blank lines' 'To: b@example.org\n\n\nb\n' b@example.org
is "$(tr -d '\r' <"$eml" | sed '1,/^$/d' | sed -n 1p)" '' \
    'two blank lines: one is the body'"'"'s'

# ---- what stays

t 'order and number' "X-B: 1\nx-a:2\nX-B:  3 \nTo: b@example.org\nX-Empty:
Received: by x; y\nX-Empty:\nReceived: by z; y\nReply-To: r (R), Q <q>\n$H\nb\n" \
    b@example.org
is "$head" "$(printf %b "X-B: 1\nx-a:2\nX-B:  3 \nTo: b@example.org\nX-Empty:
Received: by x; y\nX-Empty:\nReceived: by z; y
Reply-To: r@example.com (R), Q <q@example.com>\n$H")" 'order, number, value'
t 'duplicates' "To: b@example.org\nTo: c@example.org\nDate: x\nDate: y
Subject: s\nSubject: t\n\nb\n" 'b@example.org c@example.org'
is "$(printf '%s\n' "$head" | grep -c '^\(To\|Date\|Subject\):')" 6 \
    'duplicates stay, and none is added'
t 'groups' "To: Team: b@example.org, \"C, D\" <c>;\nCc: \"Q: r\": d@example.org;
Bcc: Hidden: e@example.org;\n\nb\n" \
    'b@example.org c@example.com d@example.org e@example.org'
has '^To: Team: b@example\.org, "C, D" <c@example\.com>;$'
hasnt 'Hidden|e@example'
for nobody in 'undisclosed-recipients:;' 'Undisclosed recipients: ;'; do
	t "$nobody" "To: $nobody\nBcc: b@example.org\n\nb\n" b@example.org
	has "^To: $nobody\$"
	hasnt 'b@example'
	refused "$nobody alone" "To: $nobody\nSubject: s\n\nlast\n" \
	    'recipients: none' last
done
t 'only Bcc' 'BCC: b@example.org,\n\tc@example.org\nSubject: s\n\nb\n' \
    'b@example.org c@example.org'
hasnt 'Bcc|BCC|b@example|c@example|To:'
t 'Bcc everywhere' "bcc: b@example.org\nSubject: s\nBcc:c@example.org
Return-Path: <x@example.net>\nRETURN-PATH: y\nBCC : d@example.org\n\nb\n" \
    'b@example.org c@example.org d@example.org'
hasnt '[Bb][Cc][Cc]|return|RETURN|Return|[bcd]@example\.org'
t 'bare CR' 'To: b@example.org\nSubject: a\rBcc: evil@example.net\rX: y\n\nb\n' \
    b@example.org
has '^Subject: a Bcc: evil@example\.net X: y$'
t 'NUL' 'To: b@example.org\nSubject: a\0000\0000b\n \0000c\n\nb\n' b@example.org
is "$(printf '%s\n' "$head" | grep -A 1 '^Subject')" \
    "$(printf 'Subject: ab\n c')" 'NUL: is dropped'

# ---- the lone dot

# dot NAME INPUT BODY: without -i; with it the dot is text.
dot() {
	t "$1" "$2" b@example.org
	is "$body" "$(printf %b "$3")" "$1: ends it"
	t "$1, -i" "$2" b@example.org -i
	like "$body" '^\.$' "$1, -i: is text"
}
dot 'a dot' 'To: b@example.org\n\na\n.\nb\n' a
dot 'a dot, CRLF' 'To: b@example.org\r\n\r\na\r\n.\r\nb\r\n' a
dot 'the first line' 'To: b@example.org\n\n.\nb\n' ''
dot 'behind the header' 'To: b@example.org\n.\nb\n' ''
dot 'the last octet' 'To: b@example.org\n\na\n.' a

# It is not waited for what comes behind a dot.
mkfifo "$TMP/open"
"$sendmail" -t <"$TMP/open" 2>"$TMP/err" &
pid=$!
exec 3>"$TMP/open"
printf 'To: b@example.org\n\na\n.\n' >&3
wait "$pid"
status=$? err=$(cat "$TMP/err") out=''
exec 3>&-
exits 0 'a dot at a terminal: end of file is not waited for'
sent=$((sent + 1))

# ---- nobody to send it to

refused 'indented' ' To: b@example.org\n Subject: s\n\nlast\n' \
    'recipients: none' last
refused 'a blank line first' '\nTo: b@example.org\nlast\n' 'recipients: none' \
    last
refused 'From alone' "From: a@example.org\nReply-To: b@example.org
Sender: c@example.org\nReturn-Receipt-To: d@example.org\n\nlast\n" \
    'recipients: none' last
refused 'a bad address' 'To: b@example.org, Jane Roe\n\nlast\n' \
    'To: address: Jane Roe: a name needs an address' last
refused 'two at signs' 'Cc: x@@example.org\n\nlast\n' 'Cc: address: .*@@' last
run "$sendmail" -t </dev/null
exits 65 'empty input'

unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
unlike "$(cat "$LOG/smtp.trace")" 'evil' 'no attack reached the envelope'
finish
