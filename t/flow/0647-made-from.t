#!/bin/sh
# SPDX-License-Identifier: ISC
# Lines of a From that is made, whatever the length of name and address; and
# control characters in a header, which stay.
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
header() {
	n=$((n + 1))
	tr -d '\r' <"$LOG/msg-$n.eml" | sed '/^$/q'
}

printf 'Subject: s\n\nb\n' >"$TMP/in"
name='' n_names=0 long='' wrong=''
address=a-long-name-of-some-forty-octets-or-more@sub.domain.example.com
while [ "$n_names" -lt 80 ]; do
	n_names=$((n_names + 1)) name="$name$(printf '\303\266')"
	[ $((n_names % 5)) -eq 0 ] || continue
	for who in u@example.com "$address"; do
		run "$OSMTP" -i -f "$who" -F "$name" b@example.org <"$TMP/in"
		[ "$status" -eq 0 ] || wrong="$wrong $n_names:$status"
		header >"$TMP/head"
		long=$long$(grep -E '^.{77}' "$TMP/head" | grep '=?')
		got=$(python3 - "$TMP/head" <<'END'
import email, email.header, email.utils, sys
with open(sys.argv[1], "rb") as f:
    m = email.message_from_binary_file(f)
(name, address), = email.utils.getaddresses([m["From"]])
name = email.header.make_header(email.header.decode_header(name))
sys.stdout.buffer.write(f"{name}|{address}".encode())
END
		)
		[ "$got" = "$name|$who" ] || wrong="$wrong $n_names:$got"
	done
done
is "$long" '' 'no line with an encoded word has more than 76 octets'
is "$wrong" '' 'each is that name and that address'

printf 'Subject: a\033[1mb\177c\004d\032e\014f\nX-Y: \303\266 \033 z\n\nb\n' \
    >"$TMP/in"
run "$OSMTP" -i b@example.org <"$TMP/in"
exits 0 'control characters in the header: sent'
header >"$TMP/head"
like "$(cat "$TMP/head")" "^Subject: $(printf 'a\033\\[1mb\177c\004d\032e\014f')\$" \
    '... as they were'
like "$(cat "$TMP/head")" "^X-Y: =\?UTF-8\?.*\?= $(printf '\033') z\$" \
    '... beside 8-bit text, too'
unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
