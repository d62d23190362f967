#!/bin/sh
# SPDX-License-Identifier: ISC
# sendmail -bs without a queue, and what a message is refused for.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"
# shellcheck source=serve.sh
. "${0%/*}/serve.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING", "8BITMIME", "SIZE"], "on": {
  "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"},
  "rcpt:later@example.org": {"reply": "450 4.2.1 not now"},
  "mail:bad@example.com": {"reply": "553 5.7.1 not you"},
  "final": [null, {"reply": "554 5.6.0 spam"}, {"close": true}]}}}}
END
setup() { # TOP SETTINGS
	conf <<-END
		domain = "example.com";
		log = { to = "@TMP@/log"; };
		$1
		profiles = {
		  box = { kind = "mailbox"; address = "box@example.com"; users = "*";
		    also = [ "bad@example.com" ];
		    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
		    auth = "none"; };
		};
	END
}
# to FROM ADDRESS...: one message from and to these.
to() {
	session="MAIL FROM:<$1>\r\n" && shift
	for a in "$@"; do session="${session}RCPT TO:<$a>\r\n"; done
	session="${session}DATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n"
}
# ends CODE WORDS NAME: so the final dot is answered, and no more is said.
ends() {
	is "$(echo "$codes" | tail -c 9)" " $1 221" "$3"
	like "$out" "^$1 $2" '... in these words'
	is "$err" '' '... and on standard error none'
	exits 0 '... the session goes on to its end'
	check '... nothing is kept' [ ! -e "$HOME/dead.letter" ]
}

# ---- without a queue

setup 'spool = "none";'
to box@example.com a@example.org
serve "$session"
ends 250 '2.0.0 delivered as [0-9a-z]{16}' 'delivered'
is "$(sent)" 1 '... before the answer'
serve "$session"
ends 554 '5.6.0' 'the text is refused'
like "$out" '^554-5.6.0 a@example.org: refused: 554 5.6.0 spam \(FINAL' \
    '... the words of the server'
serve "$session"
ends 451 '4.0.0' 'the link is lost'
like "$out" 'unclear, may have been delivered' '... what that means'
to box@example.com no@example.org
serve "$session"
ends 550 '5.1.1' 'the recipient is refused'
like "$out" '^550-5.1.1 no@example.org: refused: 550 5.1.1 no such user' \
    '... the words of the server'
like "$out" '^550.5.1.1 what to do: ' '... and what to do'
to box@example.com later@example.org
serve "$session"
ends 451 '4.2.1' 'put off'
to bad@example.com a@example.org
serve "$session"
like "$out" '^[45]5[0-9].* 553 5.7.1 not you' 'the sender is refused'
to box@example.com a@example.org no@example.org later@example.org
serve "$session"
ends 554 '5.3.0' 'some have it'
like "$out" '^554-5.3.0 some recipients have it' '... is said'
like "$out" '^554.5.3.0 a@example.org: delivered' '... who has it'
like "$out" '^554.5.3.0 later@example.org: later: 450' '... who has not'
is "$(sent)" 2 '... one copy'
check 'no queue was made' [ ! -e "$SPOOL" ]

# ---- with --now beside a queue

setup ''
to box@example.com a@example.org
serve "$session" --now -v
ends 250 '2.0.0 delivered as' '--now, and -v shows no other dialogue'
unlike "$out" '^[<>]' '... not on our standard output'
check '... no queue was made' [ ! -e "$SPOOL" ]
serve "$session" -a box
ends 250 '2.0.0 queued as' '-a'
serve "$session" -a nobody
ends 451 '4.3.5 .*nobody' '-a with a profile that is none'

# ---- what a message is refused for

setup 'unmatched = "reject";'
to stranger@example.net a@example.org
serve "$session"
ends 550 '5.7.1 .*stranger@example.net' 'a sender who may not'
setup ''
to box@example.com root
serve "$session"
ends 250 '2.0.0 queued' 'a local name is completed'
setup 'unaliased = "reject";'
serve "$session"
ends 550 '5.1.1 .*root' 'a local name that is nobody'
setup 'unaliased = "admin";'
serve "$session"
ends 451 '4.3.5 .*admin' 'a local name, and a setting is missing'
setup 'nonsense = 1;'
serve "$session$session"
ends 451 '4.3.5 .*osmtp.conf:3: nonsense' 'a fault of the configuration'
rm "$HOME/.config/osmtp/osmtp.conf"
serve "$session"
ends 451 '4.3.5 .*there is no configuration' 'no configuration'
setup ''
head=$(awk 'BEGIN { for (i = 0; i < 11000; i++) printf "X%d: y\\r\\n", i }')
serve "${S}$head\r\n.\r\n${S}x: y\r\n\r\n.\r\nQUIT\r\n"
is "$codes" '220 250 250 354 550 250 250 354 250 221' \
    'a header that is too large; the next message'
like "$out" '^550 5.6.0 ' '... is said'
finish
