#!/bin/sh
# SPDX-License-Identifier: ISC
# sendmail -bs: an SMTP server on standard input and output.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"
# shellcheck source=serve.sh
. "${0%/*}/serve.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING", "8BITMIME", "SMTPUTF8",
                                 "SIZE", "DSN"]}}}
END
conf <<-'END'
	domain = "example.com";
	log = { to = "@TMP@/log"; };
	queue = { max_message = "100k"; };
	profiles = {
	  box = { kind = "mailbox"; address = "box@example.com"; users = "*";
	    also = [ "*@example.com" ];
	    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
	    auth = "none"; };
	  sys = { kind = "system"; address = "sys@example.com";
	    rewrite = false;
	    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
	    auth = "none"; };
	};
END

# ---- greeting and commands

serve ''
is "$codes" 220 'a greeting'
exits 0 '... and the end of input is no fault'
like "$out" '^220 test.example.test ESMTP' '... with the name of the host'
serve 'QUIT\r\n'
is "$codes" '220 221' 'QUIT'
exits 0 '... ends with 0'
serve 'FOO\r\nQUIT\r\n'
is "$codes" '220 500 221' 'an unknown command'
exits 0 '... does not change that'
serve 'EHLO [127.0.0.1]\r\nQUIT\r\n'
is "$(printf %s "$out" | tr -d '\r' | sed -n 's/^250[- ]//p' | tr '\n' ,)" \
    'test.example.test,PIPELINING,SIZE 102400,8BITMIME,SMTPUTF8,ENHANCEDSTATUSCODES,DSN,' \
    'what EHLO offers'
serve 'helo x\r\nnoop\r\nrset\r\nvrfy root\r\nhelp\r\nexpn x\r\nauth plain\r\n'
is "$codes" '220 250 250 250 252 214 502 502' 'commands, in small letters'
serve 'DATA\r\nRCPT TO:<a@example.org>\r\nMAIL FROM:<box@example.com>\r\nDATA\r\n'
is "$codes" '220 503 503 250 554' 'what is out of order'
serve "${M}RCPT TO:<x@@y>\r\nRCPT TO:<>\r\nRCPT TO:x y\r\nDATA\r\n"
is "$codes" '220 250 553 553 555 554' 'bad addresses'
serve 'MAIL FROM:<a@@b>\r\nMAIL FROM:\r\nMAIL FROM:<box@example.com\r\n'
is "$codes" '220 553 501 501' 'bad senders'
serve 'MAIL FROM:<box@example.com> SIZE=102401\r\nMAIL FROM:<box@example.com> SIZE=1 BODY=8BITMIME\r\n'
is "$codes" '220 552 250' 'SIZE over the limit is said at once'
like "$out" '^552 5.3.4 ' '... with its status'
is "$(sent)$(queued)" 0 'nothing was sent'

# ---- messages

serve "EHLO x\r\n${S}Subject: hi\r\nBcc: z@example.org\r\n\r\none\r\n..two\r\n.\r\nQUIT\r\n"
is "$codes" '220 250 250 250 354 250 221' 'a whole session in one write'
like "$out" '^250 2.0.0 queued as [0-9a-z]{16}' '... the ID is told'
is "$err" '' '... and nothing on standard error'
is "$(sent)" 1 '... one message'
is "$(fact msg-1 sender) $(fact msg-1 accepted)" \
    'box@example.com ["a@example.org"]' '... from and to whom was said'
is "$(text msg-1)" 'one\n.two\n' '... with its text'
unlike "$(cat "$LOG/msg-1.eml")" 'Bcc|z@example' '... no Bcc'
is "$(queued)" '' '... nothing is left'

serve 'MAIL FROM: <box@example.com>\nRCPT TO:<a@example.org>\nDATA\nSubject: x\n\n..dot\n.\nQUIT\n' \
    -odb -oem -om -i -f other@example.org nobody@example.org
is "$codes" '220 250 250 354 250 221' 'LF, no hello, a blank, and idle options'
is "$(fact msg-2 sender) $(fact msg-2 accepted)" \
    'box@example.com ["a@example.org"]' '... MAIL and RCPT count, they do not'
is "$(text "$(newest)")" '.dot\n' '... nor does -i'

serve "${S}From: box@example.com\r\nTo: b@example.org\r\n\r\nx\r\n.\r\n" -t
is "$(fact msg-3 accepted)" '["a@example.org"]' '-t does not read the header'
serve 'MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<a@EXAMPLE.org>\r\nDATA\r\nx: y\r\n\r\n.\r\n'
is "$(fact msg-4 sender)" '' 'the null sender'
serve 'MAIL FROM:<box>\r\nRCPT TO:<@r.example,@q.example:"a b"@example.org>\r\nDATA\r\nx: y\r\n\r\n.\r\n'
is "$(fact msg-5 sender) $(fact msg-5 accepted)" \
    'box@example.com ["\"a b\"@example.org"]' 'a bare name, a source route'
serve 'MAIL FROM:<box@example.com> SMTPUTF8\r\nRCPT TO:<\0303\0244@example.org>\r\nDATA\r\nx: y\r\n\r\n.\r\n'
is "$(fact msg-6 accepted.0)" 'ä@example.org' 'an address in UTF-8'
serve "${S}x: y\r\n\r\n1\r\n.\r\nRSET\r\n${M}RCPT TO:<b@example.org>\r\nRSET\r\n${M}RCPT TO:<c@example.org>\r\nDATA\r\nx: y\r\n\r\n2\r\n.\r\nQUIT\r\n"
is "$codes" '220 250 250 354 250 250 250 250 250 250 250 354 250 221' \
    'two messages, RSET between and within'
is "$(fact msg-7 accepted) $(fact msg-8 accepted)" \
    '["a@example.org"] ["c@example.org"]' '... each its own'
is "$(sent)" 8 '... and no more'
serve "${S}" -F 'Some Body'
is "$codes" '220 250 250 354' 'no text at all'
exits 66 '... is no end'
serve "${S}Subject: x\r\n\r\nhalf\r\n."
is "$codes" '220 250 250 354' 'an end in mid-text'
exits 66 '... is no end'
is "$(sent)$(queued)" 8 '... and no message'
serve "${S}x: y\r\n\r\n.\r\n${S}Subject: x\r\n\r\nhalf\r\n"
is "$(sent) $(queued)" '9 ' 'the one before it counts'
serve "$S$(printf '%01100d' 0 | sed 's/0/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\\r\\n/g')\r\n.\r\n${S}x: y\r\n\r\n.\r\nQUIT\r\n"
is "$codes" '220 250 250 354 552 250 250 354 250 221' \
    'larger than said; the next is taken'
is "$(sent)" 10 '... that one alone'
serve "${M}DATA\r\nSubject: x\r\n\r\n${S}x: y\r\n\r\n.\r\nQUIT\r\n"
is "$codes" '220 250 554 421' 'a text behind a DATA that was refused'
is "$(sent)$(queued)" 10 '... orders nothing'

# ---- the surroundings

run "$SENDMAIL" -bs --json </dev/null
exits 64 '--json is not for this'
run "$SENDMAIL" -bs --dry-run </dev/null
exits 64 '... nor --dry-run'
run "$SENDMAIL" -bs <&-
exits 66 'a closed standard input'
printf '%b' "${S}x: y\r\n\r\n.\r\n${S}x: y\r\n\r\n.\r\n" >"$TMP/session"
# shellcheck disable=SC2016 # the inner shell has them
whole sh -c '"$1" -bs <"$2" >/dev/full' - "$SENDMAIL" "$TMP/session"
exits 74 'replies that nobody can read'
is "$(sent)$(queued)" 10 '... nothing is taken then'
run "$SENDMAIL" -bs </
exits 66 'a directory for standard input'
mkfifo "$TMP/silence"
exec 7<>"$TMP/silence"
export OSMTP_TEST_PATIENCE=100
run "$SENDMAIL" -bs <"$TMP/silence"
exits 75 'a client that says nothing for too long'
like "$out" '^421 4.4.2 ' '... is told'
exec 7>&-
yes NOOP | head -n 100000 >"$TMP/session"
mkfifo "$TMP/unread"
exec 7<>"$TMP/unread"
# shellcheck disable=SC2016 # the inner shell has them
run timeout 60 sh -c '"$1" -bs <"$2" >"$3"' - "$SENDMAIL" "$TMP/session" \
    "$TMP/unread"
exits 74 'a client that reads nothing'
exec 7>&-
unset OSMTP_TEST_PATIENCE
finish
