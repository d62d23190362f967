#!/bin/sh
# SPDX-License-Identifier: ISC
# Headers that are too much: the right status, a clear line, nothing lost, and
# no time that grows faster than they do.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING", "8BITMIME", "SIZE"]}}}
END
conf <<END
domain = "example.com";
hostname = "host.example.com";
received = false;
log = { to = "@TMP@/log"; };
profiles = { $(profile plain box@example.com 'kind = "system";
    rewrite = false; auto_submitted = false;
    limits = { recipients = 5000; };') };
END
ln -s "$OSMTP" "$TMP/sendmail"
sendmail=$TMP/sendmail dead=$HOME/dead.letter sent=0

# make PROGRAM: $TMP/in is what awk prints.
make() { awk "BEGIN { $1 }" >"$TMP/in"; }
# in_time COMMAND...: run; more than 20 seconds are a failure.
in_time() { run timeout 20 "$@" <"$TMP/in"; }
# refused NAME REGEX: with -t: 65, said in one line, and kept to its last line.
refused() {
	in_time "$sendmail" -t
	exits 65 "$1: refused"
	like "$err" "^sendmail: $2" "$1: said"
	is "$(printf '%s\n' "$err" | grep -cv 'was kept in')" 1 \
	    "$1: in one line"
	is "$(printf '%s' "$err" | awk '{ if (length($0) > n) n = length($0) }
	    END { print n < 1200 }')" 1 "$1: which is not long"
	is "$(tail -n 2 "$dead" | head -n 1)" last "$1: kept to its last line"
	check "$1: nothing is sent" [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	rm -f "$dead"
}
# arrives NAME OPTION...: it is sent; head is what arrived of the header.
arrives() {
	name=$1
	shift
	in_time "$sendmail" "$@"
	exits 0 "$name: sent"
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml
	head=$(tr -d '\r' <"$eml" | sed '/^$/q')
	is "$(awk '{ if (length($0) > n) n = length($0) }
	    END { print n <= 999 }' "$eml")" 1 "$name: no line is too long"
}
rcpts() {
	grep -c "^$sent [0-9]* C RCPT" "$LOG/smtp.trace"
}

# ---- too much

make 'print "To: b@example.org"; for (i = 0; i < 10486; i++) {
    printf "X-%d: ", i; for (j = 0; j < 99; j++) printf "0123456789"
    print "" } print "\nlast"'
refused 'a header of 10 MB' 'message: header: longer than 1048576 octets'
make 'printf "To: b@example.org\nX: "; for (j = 0; j < 1048576; j++)
    printf "0123456789"; print "\n\nlast"'
refused 'a field of 10 MB' 'message: header: longer than 1048576 octets'
make 'print "To: b@example.org"; for (i = 0; i < 1000000; i++) print "X: y"
    print "\nlast"'
refused 'a million fields' 'message: header: more than 10000 fields'
make 'print "To: b@example.org\nX: y"; for (i = 0; i < 1000000; i++) print " z"
    print "\nlast"'
refused 'a million lines of a field' \
    'message: header: longer than 1048576 octets'
make 'printf "To: "; for (i = 0; i < 100; i++) printf "("; printf "x"
    for (i = 0; i < 100; i++) printf ")"; print " b@example.org\n\nlast"'
refused 'deep comments' 'To: address: '
make 'printf "To: "; for (i = 0; i < 500000; i++) printf "("
    print "\n\nlast"'
refused 'half a million open comments' 'To: address: '
make 'printf "To: "; for (i = 0; i < 250000; i++) printf "g:"
    print "\n\nlast"'
refused 'a quarter of a million groups' 'To: address: '
make 'printf "To: "; for (i = 0; i < 300000; i++) printf "\"x"
    print "\n\nlast"'
refused 'quotes' 'To: address: '
make 'printf "To: "; for (i = 0; i < 100000; i++) printf "a "
    print "\n\nlast"'
refused 'a hundred thousand words' 'To: address: .*a name needs an address'
make 'printf "To: b\303@example.org\n\nlast\n"'
refused 'UTF-8 that is cut' 'To: address: .*UTF-8'

# ---- much

make 'printf "To: b@example.org"; for (i = 1; i < 1000; i++)
    printf ", r%d@example.org", i; print "\nSubject: s\n\nb"'
arrives 'a thousand recipients in one line' -t
is "$(rcpts)" 1000 '... get it'
is "$(printf '%s\n' "$head" | tr -d ' \t\n' | grep -o '@example\.org' | wc -l |
    tr -d ' ')" 1000 '... and are in the header'
make 'print "To: b@example.org"; for (i = 1; i < 5000; i++)
    print "Cc: r" i "@example.org"; print "\nb"'
arrives 'five thousand fields of recipients' -t
is "$(rcpts)" 5000 '... get it'
make 'print "To: b@example.org"; for (i = 1; i < 1000; i++)
    print "X-" i ": y"; print "\nb"'
arrives 'a thousand fields' -t
is "$(printf '%s\n' "$head" | grep -c '^X-')" 999 '... arrive'
make 'printf "To: b@example.org\nX-Long: "; for (i = 0; i < 10000; i++)
    printf "word%05d ", i; print "end\nSubject: s\n\nb"'
arrives 'a field of 100,000 octets' -t
is "$(printf '%s\n' "$head" | tr ' ' '\n' | grep -c '^word[0-9]*$')" 10000 \
    '... with each word'
like "$head" '^Subject: s$' '... and no other field suffers'
make 'printf "To: b@example.org\nX-Long: "; for (i = 0; i < 10000; i++)
    printf "0123456789"; print "\nSubject: s\n\nb"'
arrives 'a word of 100,000 octets' -t
is "$(printf '%s\n' "$head" | tr -d ' \t\n' | grep -o 0123456789 | wc -l |
    tr -d ' ')" 10000 \
    '... whole but for the folds'
like "$head" '^Subject: s$' '... and no other field suffers'
make 'printf "To: b@example.org\nSubject: "; for (i = 0; i < 2000; i++)
    printf "\303\244"; print "\n\nb"'
arrives 'a subject of 4,000 octets of UTF-8' -t
is "$(printf '%s' "$head" | LC_ALL=C tr -d '\000-\177' | wc -c | tr -d ' ')" \
    0 '... is encoded'
printf 'To: b@example.org\nSubject: \344\366 \303\n\nb\n' >"$TMP/in"
arrives 'a subject of Latin 1 and half a character' -t
is "$(printf '%s' "$head" | LC_ALL=C tr -d '\000-\177' | wc -c | tr -d ' ')" \
    0 '... is encoded'

unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
