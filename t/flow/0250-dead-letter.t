#!/bin/sh
# SPDX-License-Identifier: ISC
# What could not be sent is appended to dead.letter, whole, or said to be gone.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
QUEUE=yes

export OSMTP_TEST_NOW=1700000000000
start_fake - <<'END'
{"listeners": {
  "smtp": {"on": {"rcpt:bad@example.org": {"reply": "550 5.1.1 no"},
                  "rcpt:full@example.org": {"reply": "550 5.2.1 no"},
                  "rcpt:later@example.org": {"reply": "450 4.2.1 no"}}}}}
END
conf <<'END'
domain = "example.com";
received = false;
log = { to = "@TMP@/log"; };
profiles = {
  box = {
    kind = "mailbox"; address = "box@example.com"; users = "*";
    also = "none@example.com";
    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
    auth = "none";
  };
};
END
sendmail=$TMP/sendmail
ln -s "$OSMTP" "$sendmail"
dead=$HOME/dead.letter
cat >"$TMP/in" <<'END'
From: box@example.com
To: bad@example.org
Date: Mon, 1 Jan 2024 00:00:00 +0000
Message-ID: <1@example.org>

From here on
>From there
 From x
first From y
.dot
last
END

# mode FILE: its permissions, in octal.
mode() { python3 -c 'import os, sys
print("%o" % (os.stat(sys.argv[1]).st_mode & 0o7777))' "$1"; }

# ---- form

run "$sendmail" -i bad@example.org <"$TMP/in"
exits 67 'refused'
is "$(printf '%s\n' "$err" | tail -n 1)" \
    "sendmail: the message was kept in $dead" 'said'
{
	echo 'From box@example.com Tue Nov 14 22:13:20 2023'
	echo 'X-Undelivered-To: bad@example.org'
	sed '/^$/,$s/^From />&/' "$TMP/in"
	echo
} >"$TMP/want"
cmp "$dead" "$TMP/want" >"$TMP/cmp" 2>&1
result $? 'the mbox form' "$(cat "$TMP/cmp")" "$(cat "$dead")"
is "$(mode "$dead")" 600 'mode 0600'
like "$(cat "$TMP/log")" "event=dead-letter path=$dead" 'logged'

chmod 644 "$dead"
run "$sendmail" -i bad@example.org <"$TMP/in"
cat "$TMP/want" "$TMP/want" >"$TMP/twice"
check 'a second one is appended' cmp "$dead" "$TMP/twice"
is "$(mode "$dead")" 600 '... and the mode is set right'

# The file may end in the middle of a line that somebody else has left.
printf 'notes\nno end' >"$dead"
run "$sendmail" -i bad@example.org <"$TMP/in"
is "$(head -n 2 "$dead")" 'notes
no end' 'what was there stays'
is "$(grep -c '^From ' "$dead")" 1 '... and the separator begins a line'
rm "$dead"

printf 'From: box@example.com\r\n\r\na\r\n\r\nFrom x\r\nno end' >"$TMP/crlf"
run "$sendmail" -i bad@example.org <"$TMP/crlf"
is "$(tr -d '\r' <"$dead" | tail -n 5)" 'a

>From x
no end' 'CRLF input: quoted, and the last line has an end'
is "$(tr -cd '\r' <"$dead" | wc -c)" 0 '... and no CR'
rm "$dead"

# ---- who is named

run "$sendmail" -i good@example.org bad@example.org later@example.org <"$TMP/in"
exits 0 'some refused, some put off: it is safe'
is "$(grep -c '^sendmail: [a-z]*@example.org: ' "$TMP/err")" 3 \
    'a line for each recipient'
check '... and in no dead.letter' [ ! -e "$dead" ]
run "$sendmail" -i full@example.org bad@example.org <"$TMP/in"
exits 67 'all refused'
is "$(sed -n '/^X-Und/,/^From:/p' "$dead")" \
    'X-Undelivered-To: full@example.org,
 bad@example.org
From: box@example.com' 'those that did not get it are named'
rm "$dead"
run "$sendmail" -i -f none@example.com bad@example.org <"$TMP/in"
like "$(cat "$dead")" '^From none@example.com ' 'the sender in the separator'
rm "$dead"
run "$sendmail" -i -f '<>' bad@example.org <"$TMP/in"
like "$(cat "$dead")" '^From MAILER-DAEMON ' '... and for the null sender'
rm "$dead"
run "$sendmail" -t <<'END'
To: bad@example.org
Bcc: full@example.org

b
END
like "$(cat "$dead")" '^ full@example.org$' 'a Bcc recipient is named'
unlike "$(cat "$dead")" '^Bcc' '... but Bcc is gone'
rm "$dead"

# A recipient that is none must not be able to forge a message.
run "$sendmail" 'x@example.org
From evil@example.net Tue Nov 14 22:13:20 2023
X-Evil: 1' <"$TMP/in"
exits 65 'a recipient with line ends'
like "$err" 'kept in' '... the text is kept'
is "$(grep -c '^From ' "$dead")" 1 '... as one message'
unlike "$(cat "$dead")" '^X-Evil' '... without a field that nobody wrote'
is "$(grep -c . "$TMP/err")" 2 '... and said in one line'
rm -f "$dead"

# ---- never

for o in --now --dry-run; do
	run "$sendmail" $o -i bad@example.org <"$TMP/in"
	check "not with $o" [ ! -e "$dead" ]
	run "$sendmail" $o 'a@@b' <"$TMP/in"
	exits 65 "$o, no address"
	check "... not kept either" [ ! -e "$dead" ]
done
run "$sendmail" -i -Z bad@example.org <"$TMP/in"
check 'not after a usage error' [ ! -e "$dead" ]
run "$sendmail" -i good@example.org <"$TMP/in"
exits 0 'sent'
check '... and not kept' [ ! -e "$dead" ]

# ---- many at once

awk 'BEGIN { for (i = 0; i < 3000; i++) print "From line " i " of the text" }' \
    >"$TMP/body"
pids=''
for i in 0 1 2 3 4 5 6 7 8 9; do
	{
		printf 'From: box@example.com\nSubject: number %s\n\n' "$i"
		cat "$TMP/body"
		echo "end $i"
	} |
	    "$sendmail" -i bad@example.org >/dev/null 2>&1 9>&- &
	pids="$pids $!"
done
codes=''
for pid in $pids; do
	wait "$pid"
	codes="$codes $?"
done
is "$codes" ' 67 67 67 67 67 67 67 67 67 67' 'ten at once: all are refused'
is "$(awk '/^From / { n++; at = 0; number = "" } { at++ }
	/^Subject: number/ { number = $3 }
	/^>From line/ { if ($3 != lines[n]++) bad++ }
	/^end/ { if ($2 == number && lines[n] == 3000) whole++ }
	END { print n + 0, whole + 0, bad + 0 }' "$dead")" '10 10 0' \
    'ten at once: each is whole'
rm "$dead"

# ---- what must not be written to, or cannot

# gone NAME REGEX: the text is gone, and it says why.
gone() {
	exits 67 "$1: the status is the delivery's"
	like "$err" "^sendmail: the text of the message is gone: .*$2" "$1: said"
}
echo precious >"$TMP/precious"
ln -s "$TMP/precious" "$dead"
run "$sendmail" -i bad@example.org <"$TMP/in"
gone 'a link' "$dead"
is "$(cat "$TMP/precious")" precious 'a link: not followed'
rm "$dead"
ln -s "$TMP/nothing" "$dead"
run "$sendmail" -i bad@example.org <"$TMP/in"
gone 'a dangling link' "$dead"
check 'a dangling link: nothing is made' [ ! -e "$TMP/nothing" ]
rm "$dead"
ln "$TMP/precious" "$dead"
run "$sendmail" -i bad@example.org <"$TMP/in"
gone 'a second name of a file' "$dead: "
is "$(cat "$TMP/precious")" precious 'a second name of a file: not written'
rm "$dead"
mkfifo "$dead"
run "$sendmail" -i bad@example.org <"$TMP/in"
gone 'a FIFO' "$dead"
exec 8<>"$dead" # a reader
run "$sendmail" -i bad@example.org <"$TMP/in"
gone 'a FIFO with a reader' "$dead"
echo mark >&8
IFS= read -r line <&8
exec 8>&-
is "$line" mark 'a FIFO with a reader: nothing is written'
rm "$dead"
mkdir "$dead"
run "$sendmail" -i bad@example.org <"$TMP/in"
gone 'a directory' "$dead"
rmdir "$dead"

run env OSMTP_TEST_HOME="$TMP/nowhere" "$sendmail" -i bad@example.org \
    <"$TMP/in"
gone 'no such home' "$TMP/nowhere/dead.letter: No such file"
run env OSMTP_TEST_HOME= "$sendmail" -i bad@example.org <"$TMP/in"
gone 'no home' 'no home directory'
if [ "$(id -u)" -ne 0 ]; then
	chmod 500 "$HOME"
	run "$sendmail" -i bad@example.org <"$TMP/in"
	gone 'a home that cannot be written' "$dead: Permission denied"
	chmod 700 "$HOME"
	: >"$dead" && chmod 400 "$dead"
	run "$sendmail" -i bad@example.org <"$TMP/in"
	gone 'a file that cannot be written' "$dead: Permission denied"
	rm -f "$dead"
fi
HOME_OF_ENV=$TMP/env
mkdir -p "$HOME_OF_ENV"
run env HOME="$HOME_OF_ENV" XDG_CONFIG_HOME="$HOME/.config" \
    "$sendmail" -i bad@example.org <"$TMP/in"
exits 67 'HOME set to another place'
check '... the home of the password database counts' [ -e "$dead" ]
check '... not HOME' [ ! -e "$HOME_OF_ENV/dead.letter" ]
rm -f "$dead"

# A full disk: the limit lets the message's own file pass, but not this one.
# (The unit of ulimit differs between shells, so it is set by python.)
cat >"$TMP/limited" <<'END'
import os, resource, sys
n = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (n, n))
os.execv(sys.argv[2], sys.argv[2:])
END
{ cat "$TMP/in" "$TMP/body"; } >"$TMP/big"
awk 'BEGIN { for (i = 0; i < 20000; i++) print "older text" }' >"$dead"
cp "$dead" "$TMP/older"
run python3 "$TMP/limited" 250000 "$sendmail" -i bad@example.org <"$TMP/big"
gone 'a full disk' "$dead: File too large"
check 'a full disk: no half of it is left' cmp "$dead" "$TMP/older"

finish
