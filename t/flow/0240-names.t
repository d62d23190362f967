#!/bin/sh
# SPDX-License-Identifier: ISC
# Program names, words and options.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
conf <<'END'
domain = "example.com";
log = { to = "@TMP@/log"; };
profiles = {
  plain = {
    kind = "system"; address = "plain@example.com"; rewrite = false;
    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
    auth = "none";
  };
  other = {
    kind = "system"; address = "other@example.com"; rewrite = false;
    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
    auth = "none";
  };
};
default = "plain";
END
cp "$HOME/.config/osmtp/osmtp.conf" "$TMP/other.conf"
cd "$TMP" || exit 1
mkdir lib
for name in sendmail mailq newaliases sendmail.osmtp lib/sendmail osmtp; do
	ln -s "$OSMTP" "$name"
done
sendmail=./sendmail
dead=$HOME/dead.letter
me=$(id -un 2>/dev/null) || me=uid$(id -u)
printf 'Subject: hello\n\nfirst\n.\nlast\n' >"$TMP/in"
sent=0

# said VERB: the addresses of MAIL or RCPT that the last message had.
said() {
	sed -n "s/^$sent [0-9]* C $1 [A-Z]*:<\\(.*\\)>.*/\\1/p" \
	    "$LOG/smtp.trace" | paste -s -d ' ' -
}
# goes RCPTS COMMAND...: one message goes to these, and nothing is said.
goes() {
	want=$1
	shift
	run "$@" <"$TMP/in"
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml
	got=$(said RCPT)
	[ "$status $err" = '0 ' ] && [ -e "$eml" ] && [ "$got" = "$want" ] &&
	    [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	result $? "goes: $*" "status $status; to $got" "$out" "$err"
	[ -e "$eml" ] || sent=$((sent - 1))
}
dot_ends() { unlike "$(cat "$eml")" last '... a lone dot ends it'; }
dot_stays() { like "$(cat "$eml")" last '... a lone dot stays'; }

# refuses STATUS REGEX COMMAND...: at once: nothing is read, sent or kept.
refuses() {
	code=$1 want=$2
	shift 2
	{
		"$@" >"$TMP/out" 2>"$TMP/err"
		status=$?
		cat >"$TMP/left"
	} <"$TMP/in"
	[ "$status" -eq "$code" ] && grep -Eq -e "$want" "$TMP/err" &&
	    cmp -s "$TMP/in" "$TMP/left" && [ ! -e "$dead" ] &&
	    [ ! -s "$TMP/out" ] && [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	result $? "refused: $*" "status $status" \
	    "$(cat "$TMP/err" "$TMP/out")" "left: $(cat "$TMP/left")"
	rm -f "$dead"
}

# ---- names

run ./mailq
exits 0 mailq
is "$out$err" 'Mail queue is empty' '... says that it is empty'
run ./mailq -v
exits 0 'mailq -v'
run ./osmtp queue
is "$out" 'Mail queue is empty' 'osmtp queue'
for options in -bp '-bp -v'; do
	# shellcheck disable=SC2086 # words
	run "$sendmail" $options
	is "$out" 'Mail queue is empty' "sendmail $options"
done
run ./newaliases
exits 0 newaliases
is "$out$err" '' '... has nothing to say'
run "$sendmail" -bi
exits 0 'sendmail -bi'
goes b@example.org ./lib/sendmail b@example.org
goes b@example.org ./sendmail.osmtp b@example.org
goes b@example.org ./osmtp -i b@example.org
goes b@example.org ./osmtp send b@example.org
goes send@example.com "$sendmail" send
refuses 64 '^usage: osmtp ' ./osmtp
refuses 64 'osmtp: sned: .*did you mean send' ./osmtp sned b@example.org
refuses 64 'osmtp: b@example.org: no such command' ./osmtp b@example.org
for word in help --help; do
	run ./osmtp $word
	exits 0 "osmtp $word"
	like "$out" '^ *osmtp explain ' '... has a line for each command'
	is "$err" '' '... on standard output'
done
for word in version --version; do
	run ./osmtp $word
	exits 0 "osmtp $word"
	like "$out" '^osmtp [0-9]+\.[0-9]+' '... is a number'
done

# ---- usage

for o in -Z -y --nonsense --json=x -bX -bd -bt; do
	refuses 64 "^sendmail: option $o?" "$sendmail" "$o" b@example.org
done
refuses 64 '^sendmail: option -Z: unknown' "$sendmail" -iZ b@example.org
for o in -f -F -r -a -b -e -o -C -B -if; do
	refuses 64 '^sendmail: option -.: a value is missing' "$sendmail" "$o"
done
refuses 64 'no recipient' "$sendmail"
refuses 64 'no recipient' "$sendmail" -i
refuses 64 'no recipient' "$sendmail" --
refuses 64 'no recipient' "$sendmail" -f a@example.org -F Name
refuses 64 'no recipient' ./osmtp send
refuses 64 'option -C: given twice' "$sendmail" -C x -C y b@example.org
is "$(grep -c . "$TMP/err")" 1 'an error is one line'

# ---- order

goes 'b@example.org -f@example.com' "$sendmail" b@example.org -f
goes 'b@example.org -i@example.com' "$sendmail" b@example.org -i
dot_ends
goes '-i@example.com b@example.org' "$sendmail" -- -i b@example.org
dot_ends
goes '-x@example.org' "$sendmail" -i -- -x@example.org
goes '-oQ/tmp@example.com -X/tmp/x@example.com' "$sendmail" -- \
    -oQ/tmp -X/tmp/x
goes 'b@example.org --@example.com' "$sendmail" b@example.org --
goes -@example.com "$sendmail" -
goes b@example.org env POSIXLY_CORRECT=1 "$sendmail" -i b@example.org
goes 'b@example.org c@example.org' "$sendmail" '' b@example.org '' \
    c@example.org
goes 'b@example.org c@example.org d@example.org' "$sendmail" \
    'b@example.org, Cy <c@example.org>' '"d"@example.org' b@example.org

# ---- options

goes b@example.org "$sendmail" b@example.org
dot_ends
for o in -i -oi -oitrue -im -mi -bm\ -i -iv -oem\ -oi; do
	# shellcheck disable=SC2086 # words
	goes b@example.org "$sendmail" $o b@example.org
	dot_stays
done
goes b@example.org "$sendmail" -bm -m -om -oem -oep -oeq -oew -oee -em -ep -eq \
    -ew -ee -odi -odb -o7 -oA/etc/aliases -oQ/nowhere -B8BITMIME -B 8BITMIME \
    -B7BIT -mB 7BIT b@example.org
dot_ends
is "$out" '' 'nothing is said'
goes b@example.org "$sendmail" -v b@example.org
like "$out" '^> RCPT TO:<b@example.org>' '-v shows what is said'
like "$out" '^< 250 ' '... and what is answered'

for o in '-f x@example.net' -fx@example.net '-r x@example.net' \
    -rx@example.net '-f y@example.net -f x@example.net' \
    '-if x@example.net' -mifx@example.net '-f <x@example.net>'; do
	# shellcheck disable=SC2086 # words
	goes b@example.org "$sendmail" $o b@example.org
	is "$(said MAIL)" x@example.net '... from the sender'
done
goes b@example.org "$sendmail" -f 'Foo Bar <x@example.net>' b@example.org
is "$(said MAIL)" x@example.net '... from the sender'
goes b@example.org "$sendmail" -f '"a b"@example.net' b@example.org
is "$(said MAIL)" '"a b"@example.net' '... with its quotes'
for o in '-f<>' '-f <>'; do
	# shellcheck disable=SC2086 # words
	goes b@example.org "$sendmail" $o b@example.org
	is "$(said MAIL)" '' '... from nobody'
done
goes b@example.org "$sendmail" b@example.org
is "$(said MAIL)" "$me@example.com" 'without -f: from the caller'
for o in '-F Name' -FName '-FOther -F Name'; do
	# shellcheck disable=SC2086 # words
	goes b@example.org "$sendmail" $o -f x@example.net b@example.org
	like "$(cat "$eml")" '^From: Name <x@example.net>' '... by its name'
done
goes b@example.org "$sendmail" -a other -f x b@example.org
goes b@example.org "$sendmail" -aother b@example.org
like "$(tail -n 1 "$TMP/log")" 'profile=other ' '-a: the profile'
goes b@example.org ./osmtp -C "$TMP/other.conf" b@example.org
goes b@example.org ./osmtp "-C$TMP/other.conf" b@example.org
goes b@example.org "$sendmail" --now b@example.org
run "$sendmail" --dry-run b@example.org <"$TMP/in"
like "$out" '^recipient: <b@example.org>' '--dry-run'

printf 'To: t@example.org\nCc: Team: c@example.org;\n\nfirst\n.\nlast\n' \
    >"$TMP/in"
for o in -t -tm '-oem -t' '-t -oem'; do
	# shellcheck disable=SC2086 # words
	goes 't@example.org c@example.org' "$sendmail" $o
	dot_ends
done
for o in -ti -it '-t -i' '-i -t' '-t -oi' '-FCronDaemon -i -odi -oem -oi -t'; do
	# shellcheck disable=SC2086 # words
	goes 't@example.org c@example.org' "$sendmail" $o
	dot_stays
done
goes 't@example.org c@example.org' "$sendmail" -tif x@example.net
is "$(said MAIL)" x@example.net '... from the sender'
goes 'o@example.org t@example.org c@example.org' "$sendmail" -t o@example.org
goes o@example.org "$sendmail" o@example.org

unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
check 'nothing is kept' [ ! -e "$dead" ]
finish
