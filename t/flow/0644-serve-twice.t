#!/bin/sh
# SPDX-License-Identifier: ISC
# A recipient who is named twice, by himself and by an alias, with different
# wishes (NOTIFY): he gets one copy, and no report is lost.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"
# shellcheck source=serve.sh
. "${0%/*}/serve.sh"

start_fake - <<'END'
{"listeners": {
  "dsn": {"ehlo": ["PIPELINING", "DSN"]},
  "plain": {"on": {"rcpt:no@example.org": {"reply": "550 5.1.1 none"}}}}}
END
setup() { # LISTENER
	conf <<-END
		domain = "example.com";
		aliases = "$TMP/aliases";
		log = { to = "@TMP@/log"; };
		profiles = {
		  box = { kind = "mailbox"; address = "box@example.com"; users = "*";
		    server = "smtp://localhost:@PORT:$1@"; tls = { mode = "none"; };
		    auth = "none"; };
		};
	END
}
echo 'list: no@example.org' >"$TMP/aliases"
# wishes FIRST SECOND NOTIFY: what a server hears where these are said.
wishes() {
	serve "${M}RCPT TO:<a@example.org>$1\r\nRCPT TO:<\"a\"@EXAMPLE.ORG>$2\r\nDATA\r\nx: y\r\n\r\n.\r\nQUIT\r\n"
	is "$(grep -o ' C RCPT TO:.*' "$LOG/dsn.trace" | tail -n 1 |
	    sed 's/.*org>//; s/ ORCPT.*//')" "$3" \
	    "first${1:- nothing}, then${2:- nothing}:${3:- nothing}"
	sessions=$((sessions + 1))
	is "$(grep -c ' C RCPT TO:' "$LOG/dsn.trace")" "$sessions" '... once'
}
sessions=0
setup dsn
n=' NOTIFY='
wishes "${n}NEVER" '' ''
wishes '' "${n}NEVER" ''
wishes "${n}NEVER" "${n}NEVER" "${n}NEVER"
wishes "${n}NEVER" "${n}FAILURE" "${n}FAILURE"
wishes "${n}SUCCESS" "${n}DELAY" "${n}SUCCESS,DELAY"
wishes "${n}SUCCESS" '' "${n}SUCCESS,FAILURE,DELAY"

# ---- and so does the sender

setup plain
serve "${M}RCPT TO:<list> NOTIFY=NEVER\r\nRCPT TO:<no@example.org>\r\nDATA\r\nx: y\r\n\r\n.\r\nQUIT\r\n"
is "$codes" '220 250 250 250 354 250 221' 'a list without reports, and one of it'
is "$(fact "$(newest)" sender) $(fact "$(newest)" accepted)" \
    ' ["box@example.com"]' '... his failure is reported'
n=$(sent)
serve "${M}RCPT TO:<list> NOTIFY=NEVER\r\nRCPT TO:<no@example.org> NOTIFY=NEVER\r\nDATA\r\nx: y\r\n\r\n.\r\nQUIT\r\n"
is "$(sent)" "$n" '... but not where nobody wants it'
finish
