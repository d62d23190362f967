#!/bin/sh
# SPDX-License-Identifier: ISC
# What is to be repaired is kept as it was given, and repaired when it is sent:
# later, by another server, and in the report that quotes it.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"ehlo": ["PIPELINING", "SIZE"], "on": {
    "rcpt:later@example.org": [{"reply": "450 4.2.1 not now"}],
    "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"}}}}}
END
conf <<'END'
domain = "example.com";
log = { to = "@TMP@/log"; };
profiles = { box = { kind = "mailbox"; address = "box@example.com"; users = "*";
  server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
  auth = "none"; limits = { recipients = 2; }; }; };
END
# Leaves of the message that came last, decoded, a line each.
leaves() {
	python3 - "$LOG/msg-$(sent).eml" <<'END'
import email, sys
octets = open(sys.argv[1], "rb").read()
assert not any(o > 127 or o == 0 for o in octets), "8-bit"
assert max(map(len, octets.split(b"\r\n"))) <= 998, "long"
for p in email.message_from_bytes(octets).walk():
    if not p.is_multipart():
        print(p.get_content_type(), len(p.get_payload()),
              ascii(p.get_payload(decode=True))[:60])
END
}

# ---- kept, and sent later

printf 'Subject: x\n\ncaf\303\251\n%01000d\n\000\n' 0 >"$TMP/in"
send later@example.org
exits 0 'put off'
is "$(count queue)" 1 '... is kept'
file=$(find "$SPOOL/queue" -type f ! -name '*.state')
like "$(tail -c 64 "$file")" '^osmtp-end [0-9a-f]* [0-9a-f]* R ' \
    '... its trailer says that it needs repair'
like "$(tr -d '\000' <"$file" | LC_ALL=C.UTF-8 cat)" 'caf' '... as it was given'
at 60
once
is "$(count queue)" 0 'is sent later'
like "$(leaves)" "^text/plain [0-9]* b'caf.xc3.xa9" '... repaired'
is "$(leaves | wc -l | tr -d ' ')" 1 '... in 7-bit text'

# ---- two transactions, one plan

: >"$TMP/log"
send a@example.org b@example.org c@example.org
exits 0 'three, two at a time'
is "$(logged event=repair)" 1 '... one plan'
is "$(sent)" 3 '... two transactions'
cmp -s "$LOG/msg-2.eml" "$LOG/msg-3.eml"
result $? '... the same text'

# ---- a report quotes it

send a@example.org no@example.org
is "$(sent)" 5 'refused: a report goes out'
is "$(fact msg-5 sender)" '' '... to the sender, from nobody'
like "$(leaves | tail -n 1)" "^text/plain [0-9]* b'caf.xc3.xa9" \
    '... with the text, repaired'
like "$(tr -d '\r' <"$LOG/msg-5.eml")" '^Content-Type: message/rfc822$' \
    '... as a message'
unlike "$(tr -d '\r' <"$LOG/msg-5.eml")" \
    '^Content-Transfer-Encoding: (8bit|binary)' '... none is called 8bit'
is "$(leaves | grep -c '')" 4 '... all its parts can be read'
is "$(count queue)" 0 '... all is done'

# ---- a file that is damaged is not sent to its end, repaired or not

at 120
printf 'Subject: y\n\ncaf\303\251 and more\n' >"$TMP/in"
send -odq later@example.org
file=$(find "$SPOOL/queue" -type f ! -name '*.state')
python3 - "$file" <<'END'
import sys
octets = open(sys.argv[1], "rb").read()
with open(sys.argv[1], "r+b") as f:
    f.seek(octets.index(b"and more"))
    f.write(b"AND")
END
n=$(sent)
once
is "$(sent)" "$n" 'a damaged file is not sent'
is "$(count bad)" 1 '... and is set aside'

unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
