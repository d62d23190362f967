#!/bin/sh
# SPDX-License-Identifier: ISC
# A message is made fit for the server that gets it: 8-bit text, long lines, NUL
# and parts called binary, with 8BITMIME and without it. Another reader of MIME
# finds the same in it.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"

start_fake - <<'END'
{"listeners": {
  "seven": {"ehlo": ["PIPELINING", "SIZE 100000000"]},
  "small": {"ehlo": ["PIPELINING", "SIZE 500"]},
  "utf8": {"ehlo": ["SMTPUTF8", "SIZE"]},
  "eight": {"ehlo": ["PIPELINING", "8BITMIME", "SIZE"]}}}
END
mailbox() { profile "$1" "$1@example.com" 'kind = "mailbox";' "$1"; }
conf <<END
domain = "example.com";
log = { to = "@TMP@/log"; };
profiles = {
  $(mailbox seven) $(mailbox small) $(mailbox utf8) $(mailbox eight)
};
END
sent=0

# send PROFILE: $TMP/in goes; $eml is what arrived.
send() {
	: >"$TMP/log"
	run "$OSMTP" -i -f "$1@example.com" bob@example.org <"$TMP/in"
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml
	[ -e "$eml" ] || sent=$((sent - 1))
}

# Both messages, as Python's email package reads them.
cat >"$TMP/same.py" <<'END'
import email, re, sys

def leaves(octets):
    out = []
    for part in email.message_from_bytes(octets).walk():
        data = b"" if part.is_multipart() else part.get_payload(decode=True)
        out.append((part.get_content_type(), part.get_filename(),
                    data.rstrip(b"\r\n")))
    return out

given = open(sys.argv[1], "rb").read()
given = re.sub(rb"\r?\n", b"\r\n", given)
got = open(sys.argv[2], "rb").read()
wrong = []
if leaves(given) != leaves(got):
    wrong.append(f"other parts: {leaves(given)!r:.900}\nand: "
                 f"{leaves(got)!r:.900}")
if max(map(len, got.split(b"\r\n"))) > 998:
    wrong.append("a long line")
if re.search(rb"\0|\r(?!\n)|(?<!\r)\n", got):
    wrong.append("not canonical")
if sys.argv[3] == "seven" and re.search(rb"[\x80-\xff]", got):
    wrong.append("8-bit text")
if sys.argv[3] == "eight" and b"binary" in got:
    wrong.append("called binary")
sys.exit("\n".join(wrong) or 0)
END

# fits NAME PROFILE: it arrives, the same to who reads it, and as it was told.
fits() {
	send "$2"
	exits 0 "$1: $2: is sent"
	words=$(python3 "$TMP/same.py" "$TMP/in" "$eml" "$2" 2>&1)
	result $? "$1: $2: the same to a reader" "$words"
	told=$(fact "msg-$sent" params | tr -d '[]",')
	real=$(wc -c <"$eml" | tr -d ' ')
	like " $told " " SIZE=$real " "$1: $2: its size was told"
}
# as_it_was NAME: no octet is another one; Received stands in front.
as_it_was() {
	awk '{ printf "%s\r\n", $0 }' "$TMP/in" >"$TMP/want"
	tail -c "$(wc -c <"$TMP/want")" "$eml" | cmp -s - "$TMP/want"
	result $? "$1: to the octet"
}
# both NAME WHO REASON: by either server; WHO has it changed: seven, or both.
both() {
	fits "$1" seven
	like "$(cat "$TMP/log")" "event=repair for=.*$3" "$1: seven: is logged"
	cp "$eml" "$TMP/seven"
	fits "$1" eight
	if [ "$2" = both ]; then
		like "$(cat "$TMP/log")" 'event=repair' "$1: eight: is logged"
	else
		unlike "$(cat "$TMP/log")" 'event=repair' "$1: eight: as it is"
		as_it_was "$1"
	fi
}

H='From: ann@example.org\nTo: bob@example.org
Date: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <1@example.org>\n'
M="${H}MIME-Version: 1.0\n"
give() { printf %b "$1" >"$TMP/in"; }
repeat() { awk -v n="$1" -v c="$2" 'BEGIN { while (n-- > 0) printf c }'; }

# ---- 8-bit text

give "$H\ncaf\0303\0251 \t\nFrom us\n.\n-- \n"
both 'no MIME' seven 8-bit
like "$(cat "$TMP/seven")" '^Content-Type: text/plain; charset=utf-8.$' \
    'no MIME: a type is added'
like "$(cat "$TMP/seven")" '^MIME-Version: 1.0.$' '... and a version'
like "$(cat "$TMP/seven")" '^caf=C3=A9 =09.$' '... readable'
like "$(cat "$TMP/seven")" '^=46rom us.$' '... no separator of mbox files'
like "$(cat "$TMP/log")" 'event=delivery result=delivered' 'it is delivered'
like "$(fact "msg-$sent" params)" 'BODY=8BITMIME' '8BITMIME is asked for'

give "$H\ncaf\0351\n"
both 'not UTF-8' seven 8-bit
like "$(cat "$TMP/seven")" '^Content-Type: text/plain; charset=unknown-8bit' \
    'not UTF-8: is not called so'

give "${M}Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit\nContent-Length: 5\n\ncaf\0351 = 3\n"
both 'a single part' seven 8-bit
like "$(cat "$TMP/seven")" '^Content-Type: text/plain; charset=iso-8859-1.$' \
    'a single part: its type stays'
unlike "$(cat "$TMP/seven")" '^Content-(Length|.*8bit)' '... its length goes'

give "${H}Content-Type: text/html; charset=utf-8\n\n$(repeat 200 '\320\264 ')\n"
both 'Cyrillic' seven 8-bit
like "$(cat "$TMP/seven")" '^Content-Transfer-Encoding: base64.$' \
    'Cyrillic: in base64'
like "$(cat "$TMP/seven")" '^MIME-Version: 1.0.$' '... with a version'

give "${M}Content-Type: multipart/mixed;\n boundary=\"a b\"
Content-Transfer-Encoding: 8bit\n\nbefore\n--a b\nContent-Type: text/plain
\nascii \n\n--a b\n\ncaf\0303\0251\n--a\n--a bc\n--a b
Content-Type: multipart/alternative; boundary=a\n
--a\nContent-Type: application/octet-stream; name=x
Content-Transfer-Encoding: binary\n\nabc\0377\0376\0375\0374\n--a b  \nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit
\nSubject: inner\n\n\0303\0251 inside\n\n--a b
Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nQUJD\n
--a b--\nbehind\n"
fits 'parts in parts' seven
is "$(grep -ac '^Content-Transfer-Encoding: 8bit' "$eml")" 0 \
    '... none is called 8bit'
is "$(grep -ac '^Content-Transfer-Encoding: quoted-printable' "$eml")" 2 \
    '... those that need it are encoded'
is "$(grep -ac '^Content-Transfer-Encoding: 7bit' "$eml")" 2 \
    '... what is around them is 7bit'
like "$(cat "$eml")" '^ascii .$' '... the others are as they were'

# ---- lines

for n in 999 1000000 10000000; do
	for c in x . 'word '; do
		[ "$n$c" != "10000000word " ] || continue
		{ printf %b "$H\nfirst\n"
		  repeat $((n / ${#c} + 1)) "$c"; echo; } >"$TMP/in"
		if [ "$n" -lt 10000000 ]; then
			both "a line of $n: $c" both long-line
		else
			fits "a line of $n: $c" eight
		fi
	done
done
{ printf %b "$H\n"; repeat 998 x; } >"$TMP/in"
send eight
unlike "$(cat "$TMP/log")" 'event=repair' 'a line of 998 is none'
{ printf %b "$H\n"; repeat 700 '\303\251'; } >"$TMP/in"
both '8-bit text without a line end' both 'long-line'
{ printf %b "${M}Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
  repeat 1000 'QUJD'; echo; } >"$TMP/in"
both 'base64 in one line' both long-line
is "$(awk 'length > 77' "$eml" | wc -l | tr -d ' ')" 0 '... in lines of 76'

# ---- NUL, binary

give "$H\nbefore\0000behind\n"
both 'NUL' both nul
like "$(cat "$eml")" '^before=00behind.$' '... readable around it'
give "$H\nbefore\n\0000.\nMAIL FROM:<x@example.org>\n"
both 'a NUL in front of a dot' both nul
give "${M}Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: binary\n\ncaf\0303\0251\n"
both 'called binary' both 8-bit
like "$(cat "$eml")" '^Content-Transfer-Encoding: 8bit.$' '... is called 8bit'
give "${M}Content-Type: text/plain\nContent-Transfer-Encoding: binary\n\nx\n"
both 'called binary, and ASCII' both binary
like "$(cat "$eml")" '^Content-Transfer-Encoding: 7bit.$' '... is called 7bit'

# ---- what may not be changed

# refused NAME PROFILE WORDS
refused() {
	send "$2"
	check "$1: is refused" [ "$status" -ne 0 ]
	check "$1: nothing is sent" [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	like "$err" "bob@example.org: refused: $3" "$1: is said"
	like "$err" 'what to do: ' "$1: what to do"
}
signed() { # TEXT
	give "${M}Content-Type: multipart/signed; boundary=s\n
--s\nContent-Type: text/plain; charset=utf-8\n\n$1\n
--s\nContent-Type: application/pgp-signature\n\nabc\n--s--\n"
}
signed 'caf\0303\0251'
refused 'a signed part' seven 'a signed part has 8-bit text.*8BITMIME.*encode'
fits 'a signed part' eight
as_it_was 'a signed part'
signed "$(repeat 999 x)"
refused 'a signed long line' eight 'a signed part has a line of more than 998'
signed 'ascii'
fits 'a signed part in ASCII' seven
give "$H\n$(repeat 150 '=\303\251')\n"
refused 'larger once it is encoded' small '.*SIZE'

# ---- SMTPUTF8

give "$H\ncaf\0303\0251\n"
who=$(printf 'j\303\266rg@example.org')
run "$OSMTP" -i -f seven@example.com "$who" <"$TMP/in"
check 'no SMTPUTF8: is refused' [ "$status" -ne 0 ]
like "$err" "refused: .*address $who is not ASCII.*SMTPUTF8" '... is said'
run "$OSMTP" -i -f utf8@example.com "$who" <"$TMP/in"
exits 0 'SMTPUTF8, which takes 8-bit text'
sent=$((sent + 1))
is "$(tail -n 1 "$LOG/msg-$sent.eml" | od -An -tx1 | tr -d ' \n')" \
    636166c3a90d0a '... is not encoded'
unlike "$(fact "msg-$sent" params)" 'BODY' '... nor asked for'

unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
