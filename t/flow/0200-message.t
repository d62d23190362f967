#!/bin/sh
# SPDX-License-Identifier: ISC
# What arrives of a message, octet by octet.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
QUEUE=yes

export OSMTP_TEST_NOW=1700000000000 OSMTP_TEST_SEED=1
start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
conf <<'END'
domain = "example.com";
hostname = "host.example.com";
received = false;
log = { to = "@TMP@/log"; };
queue = { max_message = "6M"; };
profiles = {
  plain = {
    kind = "system";
    address = "box@example.com";
    rewrite = false;
    auto_submitted = false;
    server = "smtp://localhost:@PORT:smtp@";
    tls = { mode = "none"; };
    auth = "none";
  };
};
END
ln -s "$OSMTP" "$TMP/sendmail"
sendmail=$TMP/sendmail
dead=$HOME/dead.letter
sent=0

# A header to which nothing needs to be added, and the same as it arrives.
H='From: a@example.org\nTo: b@example.org\nDate: Mon, 1 Jan 2024 00:00:00 +0000
Message-ID: <1@example.org>\n'

# text WHAT: with the escapes of %b; line ends are LF. wire WHAT: CRLF.
text() { printf %b "$1"; }
wire() { printf %b "$1" | awk '{ printf "%s\r\n", $0 }'; }

# next: what the run should have sent is $eml, and on the wire $raw.
next() {
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml raw=$LOG/msg-$sent.raw
	[ "$status" -eq 0 ] && [ -e "$eml" ] &&
	    [ ! -e "$LOG/msg-$((sent + 1)).eml" ] && return
	[ -e "$eml" ] || sent=$((sent - 1))
	return 1
}
arrived() {
	next
	result $? "$1: is sent" "status $status" "$err"
}
# same NAME WANT: the run sent one message more, which is wire WANT.
same() {
	if next && wire "$2" | cmp -s - "$eml"; then
		result 0 "$1"
	else
		result 1 "$1" "status $status" "$err" "$(od -c <"$eml")"
	fi
}
# takes NAME INPUT WANT [OPTION...]: INPUT arrives as WANT.
takes() {
	name=$1 want=$3
	text "$2" >"$TMP/in"
	shift 3
	run "$sendmail" "$@" b@example.org <"$TMP/in"
	same "$name" "$want"
}
# refuses STATUS NAME INPUT [OPTION...]: nothing is sent; told is $err.
refuses() {
	want=$1 name=$2
	text "$3" >"$TMP/in"
	shift 3
	run "$sendmail" "$@" <"$TMP/in"
	exits "$want" "$name: status $want"
	check "$name: nothing is sent" [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
}
# kept NAME REGEX: it went to dead.letter, which is then removed.
kept() {
	like "$err" 'the message was kept in .*/dead\.letter' "$1: is kept"
	like "$(cat "$dead")" "$2" "$1: ... whole"
	rm -f "$dead"
}
# said VERB: the addresses of MAIL or RCPT that the last message had.
said() {
	sed -n "s/^$sent [0-9]* C $1 [A-Z]*:<\(.*\)>.*/\1/p" \
	    "$LOG/smtp.trace" | paste -s -d ' ' -
}
repeat() { awk -v n="$1" -v c="$2" 'BEGIN { while (n-- > 0) printf c }'; }

# ---- added fields

takes 'nothing to add' "${H}\nbody\n" "${H}\nbody\n"

run "$sendmail" -f a@example.org b@example.org <<'END'
Subject: x

body
END
arrived 'bare'
head=$(tr -d '\r' <"$eml" | sed '/^$/q')
is "$(printf '%s\n' "$head" | grep -c .)" 4 'Date, Message-ID, From are added'
like "$head" '^Date: Tue, 14 Nov 2023 22:13:20 \+0000$' 'Date'
like "$head" '^Message-ID: <[0-9A-Za-z.]+@host\.example\.com>$' 'Message-ID'
like "$head" '^From: a@example\.org$' 'From, of the sender that was given'
unlike "$head" '^(To|Cc|Apparently-To):' 'no recipient is revealed'
is "$(said MAIL)" a@example.org 'the envelope'

run env TZ=Asia/Kathmandu LC_ALL=de_DE.UTF-8 "$sendmail" b@example.org \
    </dev/null
arrived 'in another zone'
like "$(tr -d '\r' <"$eml")" \
    '^Date: (Wed, 15 Nov 2023 03:58:20 \+0545|Tue, 14 Nov 2023 22:13:20 \+0000)$' \
    'Date is right in any zone'
me=$(id -un 2>/dev/null) || me=uid$(id -u)
like "$(cat "$eml")" "^From: .*$me@example\\.com" 'From, of the caller'
is "$(said MAIL)" "$me@example.com" 'the envelope is the caller'
unset OSMTP_TEST_NOW OSMTP_TEST_SEED

# ---- Bcc and other fields that go

clean='From: a@example.org\nTo: b@example.org\nSubject: s
Date: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <1@example.org>\n\nbody\n'
with_bcc() { # NAME BCC-FIELD: before the first, in the middle, at the end
	takes "$1, first" "$2$clean" "$clean"
	takes "$1, middle" "${clean%%Subject*}$2Subject${clean#*Subject}" \
	    "$clean"
	takes "$1, last" "${clean%\\n\\n*}\n$2\nbody\n" "$clean"
}
with_bcc Bcc 'Bcc: hidden@example.net\n'
with_bcc 'BCC, blank before the colon, folded' \
    'BCC : hidden@example.net,\n\thidden2@example.net\n ,hidden3@example.net\n'
takes 'two Bcc, one empty' "bcc:\nBcc:hidden@example.net\n$clean" "$clean"
takes 'Resent-Bcc, Return-Path' \
    "Return-Path: <x@example.net>\nResent-Bcc: hidden@example.net\n$clean" \
    "$clean"
is "$(said RCPT)" b@example.org \
    'without -t a field names nobody'

run "$sendmail" -t <<'END'
To: b@example.org
bcc : hidden@example.net,
	hidden2@example.net
Subject: x

body
END
arrived 'Bcc with -t'
is "$(said RCPT)" 'b@example.org hidden@example.net hidden2@example.net' \
    'Bcc with -t: gets it'
unlike "$(cat "$eml")" hidden 'Bcc with -t: ... unseen'

# ---- line ends

crlf=$(printf %s "$clean" | sed 's/$/\\r/; s/\\n/\\r\\n/g; $s/\\r$//')
takes 'CRLF input' "$crlf" "$clean"
takes 'CRLF header, LF body' "$(printf %s "$crlf" | sed 's/body\\r/body/')" \
    "$clean"
takes 'LF header, CRLF body' "$(printf %s "$clean" | sed 's/body/body\\r/')" \
    "$clean"
takes 'mixed body' "${H}\na\r\nb\nc\r\n\r\n\nd" "${H}\na\nb\nc\n\n\nd\n"
takes 'last line without an end' "${H}\nbody" "${H}\nbody\n"
takes 'bare CR in the body' "${H}\na\rb\r\rc\r" "${H}\na\nb\n\nc\n"
takes 'CR CR LF' "${H}\na\r\r\nb\n" "${H}\na\n\nb\n"
takes 'bare CR in the header' \
    "Subject: a\rBcc: hidden@example.net\n$H\nx\n" \
    "Subject: a Bcc: hidden@example.net\n$H\nx\n"
is "$(said RCPT)" b@example.org '... is no new field'

# ---- where the header ends

takes 'no body, blank line' "$H\n" "$H\n"
takes 'no body, no blank line' "$H" "$H\n"
takes 'no body, no end of the last field' "${H}Subject: x" "${H}Subject: x\n\n"
takes 'two blank lines' "$H\n\nbody\n" "$H\n\nbody\n"
takes 'a line that is no field' "${H}no field\nX: y\n" "${H}\nno field\nX: y\n"
takes 'a blank in the name' "${H}Note well: x\n" "${H}\nNote well: x\n"
takes 'no name' "${H}: x\n" "${H}\n: x\n"
takes 'an 8-bit name' "${H}Gr\0303\0266\0303\0237e: x\n" \
    "${H}\nGr\0303\0266\0303\0237e: x\n"
takes 'an mbox line' "From x Mon Jan  1 00:00:00 2024\n$H\nFrom y\n" \
    "$H\nFrom y\n"
takes 'fields are kept' \
    "${H}X-A: 1\nX-A:2\nX-B :  3 \nX-C:\nReceived: x\n\t(y)\n z\n\nb\n" \
    "${H}X-A: 1\nX-A:2\nX-B:  3 \nX-C:\nReceived: x\n\t(y)\n z\n\nb\n"

# ends NAME INPUT BODY: a message without a header has this body.
ends() {
	text "$2" >"$TMP/in"
	run "$sendmail" b@example.org <"$TMP/in"
	wire "$3" >"$TMP/want"
	next && sed '1,/^.$/d' "$eml" | cmp -s - "$TMP/want"
	result $? "$1" "$err" "$(cat "$eml")"
}
ends 'no header' 'hello world\nX: y\n' 'hello world\nX: y\n'
ends 'a blank first line' '\nSubject: x\n\nbody\n' 'Subject: x\n\nbody\n'
ends 'an indented first line' ' Subject: x\n\nbody\n' ' Subject: x\n\nbody\n'
ends 'one octet' 'x' 'x\n'
ends 'empty input' '' ''

# ---- the lone dot

for o in -i -oi; do
	takes "lone dot, $o" "$H\na\n.\nb\n" "$H\na\n.\nb\n" "$o"
done
takes 'first line, -i' "$H\n.\nb\n" "$H\n.\nb\n" -i
takes 'right after the header, -i' "$H.\nb\n" "$H\n.\nb\n" -i
takes 'last without end, -i' "$H\na\n." "$H\na\n.\n" -i
takes 'CRLF, -i' "$H\na\r\n.\r\nb\r\n" "$H\na\n.\nb\n" -i
takes 'lone dot' "$H\na\n.\nb\n" "$H\na\n"
takes 'CRLF' "$H\na\r\n.\r\nb\r\n" "$H\na\n"
takes 'first line' "$H\n.\nb\n" "$H\n"
takes 'right after the header' "$H.\nb\n" "$H\n"
takes 'last without end' "$H\na\n." "$H\na\n"
takes 'last with CR' "$H\na\n.\r" "$H\na\n.\n"
for o in -i -oem; do
	takes "other dots, $o" "$H\n..\n...\n.x\n. \nx.\n .\n.\rb\n" \
	    "$H\n..\n...\n.x\n. \nx.\n .\n.\nb\n" "$o"
done
wire '...\n....\n..x\n.. \nx.\n .\n..\nb\n' >"$TMP/want"
sed '1,/^.$/d' "$raw" | sed '$d' >"$TMP/body"
check 'leading dots are stuffed' cmp "$TMP/body" "$TMP/want"

# Every offset to the edges of a buffer.
awk 'BEGIN { for (i = 0; i < 1500; i++) {
	for (j = 0; j < i % 7; j++) printf "x"; print "\n.\n..\n.x" } }' \
    >"$TMP/dots"
{ text "$H\n"; cat "$TMP/dots"; } >"$TMP/in"
run "$sendmail" -i b@example.org <"$TMP/in"
arrived 'many dots'
awk '{ printf "%s\r\n", $0 }' "$TMP/in" >"$TMP/want"
check 'many dots: the same' cmp "$eml" "$TMP/want"
is "$(sed '1,/^.$/d' "$raw" | grep -c '^\.')" \
    "$(($(grep -c '^\.' "$TMP/dots") + 1))" 'many dots: all are there'
is "$(sed '1,/^.$/d' "$raw" | grep '^\.' | grep -cv '^\.\.')" 1 \
    'many dots: stuffed, but for the end'

# What a lax server could take for the end of data.
for end in '\n.\n' '\n.\r\n' '\r\n.\n' '\r.\r' '\n.\r' '\r.\n' \
    '\r\r\n.\r\r\n'; do
	text "$H\na${end}MAIL FROM:<evil@example.net>${end}" >"$TMP/in"
	run "$sendmail" -i b@example.org <"$TMP/in"
	next && grep -q '^MAIL FROM:<evil@example.net>' "$eml"
	result $? "$(printf %s "$end" | sed 's|[\]|%|g'): text like the rest"
done

# ---- what could not go out as it is

x998=$(repeat 998 x)
takes 'a line of 998' "$H\n$x998\n.$(repeat 997 y)\n" \
    "$H\n$x998\n.$(repeat 997 y)\n"
takes 'a field of 998' "Subject: $(repeat 989 x)\n$H\n" \
    "Subject: $(repeat 989 x)\n$H\n"
# mended NAME INPUT REGEX [OPTION...]: INPUT arrives with a line like that, and
# none that is too long; 0615-repair tells more.
mended() {
	name=$1 want=$3
	text "$2" >"$TMP/in"
	shift 3
	run "$sendmail" "$@" b@example.org <"$TMP/in"
	arrived "$name"
	like "$(tr -d '\r' <"$eml")" "$want" "$name: as what"
	is "$(awk 'length > 999' "$eml" | wc -l | tr -d ' ')" 0 \
	    "$name: no line is too long"
}
mended 'a line of 999' "$H\nok\n${x998}x\nlast\n" '^x{75}=$'
takes 'a field of 999 is folded' "Subject: $(repeat 990 x)\n$H\nlast\n" \
    "Subject:\n $(repeat 990 x)\n$H\nlast\n"
mended 'NUL in the body' "$H\na\0000b\nlast\n" '^a=00b$'
takes 'NUL in the header is dropped' "Subject: a\0000b\n$H\nlast\n" \
    "Subject: ab\n$H\nlast\n"
mended 'a NUL that hides a dot' "$H\na\n\0000.\nMAIL\n" '^=00\.$' -i

long=$(repeat 100000 y)
text "X-Long: $long\n$H\nlast\n" >"$TMP/in"
run "$sendmail" b@example.org <"$TMP/in"
arrived 'a field of 100 kB'
is "$(grep -o y "$eml" | wc -l | tr -d ' ')" 100000 'a field of 100 kB: whole'
is "$(tr -d '\r' <"$eml" | awk 'length($0) > 998' | wc -l | tr -d ' ')" 0 \
    'a field of 100 kB: in short lines'
{
	text "$H"
	awk 'BEGIN { for (i = 0; i < 15000; i++) {
		printf "X-%d: ", i; for (j = 0; j < 90; j++) printf "z"
		print "" } }'
	text '\nlast\n'
} >"$TMP/in"
run "$sendmail" b@example.org <"$TMP/in"
exits 65 'a header of 1.5 MB: status 65'
like "$err" 'header: ' 'a header of 1.5 MB: named'
kept 'a header of 1.5 MB' '^last$'
{
	text "$H"
	awk 'BEGIN { for (i = 0; i < 1000; i++) print "X-" i ": " i }'
	text '\nbody\n'
} >"$TMP/in"
run "$sendmail" b@example.org <"$TMP/in"
arrived '1,000 fields'
is "$(grep -c '^X-' "$eml")" 1000 '1,000 fields arrive'

# ---- size

line=$(repeat 79 m)
{
	text "$H\n"
	awk -v l="$line" 'BEGIN { for (i = 0; i < 65536; i++) print l }'
} >"$TMP/in"
run "$sendmail" b@example.org <"$TMP/in"
arrived '5 MB'
awk '{ printf "%s\r\n", $0 }' "$TMP/in" >"$TMP/want"
check '5 MB: the same' cmp "$eml" "$TMP/want"
cat "$TMP/in" "$TMP/in" >"$TMP/in2"
run "$sendmail" b@example.org <"$TMP/in2"
exits 65 'over max_message: status 65'
like "$err" 'larger than 6291456 octets' 'over max_message: named'
like "$err" 'kept in|is gone' 'over max_message: where the text is'
check 'over max_message: nothing is sent' [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
rm -f "$TMP/in" "$TMP/in2" "$TMP/want" "$dead"

# ---- no input

refuses 65 'empty input with -t' '' -t
refuses 65 'nobody with -t' 'Subject: x\n\nTo: b@example.org\n' -t
kept 'nobody with -t' '^To: b@example.org$'
refuses 65 'an indented header with -t' ' To: b@example.org\n\nbody\n' -t
kept 'an indented header with -t' '^ To: b@example.org$'
run "$sendmail" b@example.org <&-
exits 66 'closed input'
run "$sendmail" -t <&-
exits 66 'closed input with -t'
run "$sendmail" b@example.org <"$TMP"
exits 66 'a directory'
like "$err" 'directory' 'a directory: said'
run "$sendmail" b@example.org 0>"$TMP/write-only"
exits 66 'input that can only be written'

# A read error behind some text is no end. (A socket is reset by closing its
# other side where something came in that nobody read.)
cat >"$TMP/broken" <<'END'
import socket, subprocess, sys
ours, theirs = socket.socketpair()
theirs.sendall(b"unread")
ours.sendall(sys.argv[1].encode())
ours.close()
sys.exit(subprocess.run(sys.argv[2:], stdin=theirs).returncode)
END
for text in 'Subject: ha' 'Subject: x

half a bo'; do
	run python3 "$TMP/broken" "$text" "$sendmail" b@example.org
	exits 66 'a read error: status 66'
	like "$err" 'reset' 'a read error: said'
	check 'a read error: nothing is sent' \
	    [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
done

unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
is "$(grep -l '"\(bare\|nul\)": true' "$LOG"/*.json)" '' 'no bare CR, LF, NUL'
finish
