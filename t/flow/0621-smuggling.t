#!/bin/sh
# SPDX-License-Identifier: ISC
# sendmail -bs: what looks like the end of a text is none.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"
# shellcheck source=serve.sh
. "${0%/*}/serve.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING", "8BITMIME", "SIZE"]}}}
END
conf <<-'END'
	domain = "example.com";
	log = { to = "@TMP@/log"; };
	profiles = {
	  box = { kind = "mailbox"; address = "box@example.com"; users = "*";
	    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
	    auth = "none"; };
	};
END

# What a smuggler writes behind the end that he hopes for, in lines that end
# with $1: a second message.
evil() {
	printf '%s' "MAIL FROM:<box@example.com>$1RCPT TO:<evil@example.org>$1DATA$1Subject: second$1$1stolen$1"
}

# stands NAME: there is one message more, to whom it was for, with all of the
# text in it; or the session was refused and nothing was sent.
before=0
stands() {
	if [ "$(sent)" -eq "$before" ] && [ -z "$(queued)" ] &&
	    printf '%s' "$codes" | grep -q ' [45][0-9][0-9] '; then
		is yes yes "$1: refused"
		return
	fi
	is "$(sent)" $((before + 1)) "$1: one message"
	before=$(sent)
	is "$(fact "$(newest)" accepted)" '["a@example.org"]' '... for one'
	like "$(cat "$LOG/$(newest).eml")" 'MAIL FROM:<box@example.com>' \
	    '... the commands are text'
	like "$(cat "$LOG/$(newest).eml")" stolen '... to the end'
	# On the wire, a dot alone in a line stands at the very end.
	is "$(python3 -c '
import re, sys
raw = open(sys.argv[1], "rb").read()
print(len(re.findall(rb"(?:\r|\n)\.(?=\r|\n)", raw)),
      re.search(rb"[^\r]\n|\r[^\n]|\0", raw) is None)' \
	    "$LOG/$(newest).raw")" '1 True' '... and the wire is clean'
}

for look in 'LF.LF \n.\n' 'LF.CRLF \n.\r\n' 'CRLF.LF \r\n.\n' 'CR.CR \r.\r' \
    'LF.CR \n.\r' 'CR.LF \r.\n' 'CR.CRLF \r.\r\n' 'CRLF.CR \r\n.\r' \
    'CRCRLF.CRCRLF \r\r\n.\r\r\n' 'CRLF.CRCRLF \r\n.\r\r\n' \
    'LF-NUL-.LF \n\0000.\n' 'CRLF.NUL-CRLF \r\n.\0000\r\n'; do
	for name in CRLF LF; do
		end='\n'
		[ $name = LF ] || end='\r\n'
		serve "EHLO x\r\n${S}Subject: first\r\n\r\ntext${look#* }$(evil "$end")\r\n.\r\nQUIT\r\n"
		stands "${look%% *} in a session of CRLF, commands with $name"
	done
done

# In a session of LF the end is LF.LF; all else is none.
L='MAIL FROM:<box@example.com>\nRCPT TO:<a@example.org>\nDATA\n'
for look in 'LF.CRLF \n.\r\n' 'CRLF.CRLF \r\n.\r\n' 'CR.CR \r.\r' \
    'LF.CR \n.\r' 'CR.LF \r.\n' 'CRCRLF.CRCRLF \r\r\n.\r\r\n' \
    'LF-NUL-.LF \n\0000.\n'; do
	serve "EHLO x\n${L}Subject: first\n\ntext${look#* }$(evil '\n')\n.\nQUIT\n"
	stands "${look%% *} in a session of LF"
done

# The line that says DATA decides, not those before it.
serve "EHLO x\nMAIL FROM:<box@example.com>\nRCPT TO:<a@example.org>\nDATA\r\nSubject: first\r\n\r\ntext\n.\n$(evil '\n')\r\n.\r\nQUIT\r\n"
stands 'commands with LF, DATA with CRLF'

# Byte for byte where lines end with LF or CRLF.
serve "${S}Subject: x\r\n\r\na\n..\n.b\n\r\n..\r\n...\r\n\r\n.\r\n"
before=$((before + 1))
is "$(sent) $(text "$(newest)")" "$before "'a\n..\n.b\n\n.\n..\n\n' \
    'only dots behind CRLF are doubled ones'

# What is written without waiting, and refused.
serve "EHLO x\r\n${M}RCPT TO:<no one@@>\r\nDATA\r\nSubject: first\r\n\r\ntext\r\n$(evil '\r\n').\r\nQUIT\r\n"
is "$(sent)$(queued)" "$before" 'a text whose recipient was refused'
is "$codes" '220 250 250 553 554 421' '... is not read as commands'
exits 0 '... the session ends'
finish
