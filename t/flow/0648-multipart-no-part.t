#!/bin/sh
# SPDX-License-Identifier: ISC
# A multipart in which no delimiter comes is text for its readers, and is
# encoded as such where the server is a 7-bit one.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING"]}}}
END
conf <<'END'
domain = "example.com";
profiles = { plain = {
  kind = "system"; address = "box@example.com"; rewrite = false;
  server = "smtp://localhost:@PORT:smtp@";
  tls = { mode = "none"; }; auth = "none";
}; };
END
n=0
# body HEAD TEXT: what Python reads of it, parts one after another.
body() {
	printf '%b\n\n%b' "$1" "$2" >"$TMP/in"
	run "$OSMTP" -i b@example.org <"$TMP/in"
	n=$((n + 1))
	got=$(python3 - "$LOG/msg-$n.eml" <<'END'
import email, sys
with open(sys.argv[1], "rb") as f:
    m = email.message_from_binary_file(f)
for p in m.walk():
    if not p.is_multipart():
        text = p.get_payload(decode=True).replace(b"\r\n", b"\n")
        sys.stdout.buffer.write(p.get_content_type().encode() + b":" + text)
END
	)
}
mixed='MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b'
o=$(printf '\303\266')

body "$mixed" 'ein sch\0303\0266ner Text\n--x\nich\n'
exits 0 'no delimiter: sent'
is "$got" "text/plain:ein sch${o}ner Text
--x
ich" '... its text is read as it was'
body "$mixed\nContent-Transfer-Encoding: 8bit" '\0303\0266\0303\0266\0303\0266\n'
is "$got" "text/plain:$o$o$o" '... labelled 8bit'
body 'Content-Type: message/rfc822' "Subject: i\n$mixed\n\n\0303\0266\n"
is "$got" "text/plain:$o" '... in a message within'
body "$mixed" '--b\nContent-Type: multipart/mixed; boundary=c\n\n\0303\0266\n--b--\n'
is "$got" "text/plain:$o" '... in a multipart'

body "$mixed" '\0303\0266\n--b\n\nx\n--b--\n'
is "$got" 'text/plain:x' 'a preamble is none'
like "$(tr -d '\r' <"$LOG/msg-$n.eml")" '^Content-Type: multipart/mixed' \
    '... the multipart stays'
printf '%b\n\n\303\266\n' "$mixed" | sed s/mixed/signed/ >"$TMP/in"
run "$OSMTP" -i b@example.org <"$TMP/in"
exits 65 'one that is signed is not changed'
unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
