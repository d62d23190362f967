#!/bin/sh
# SPDX-License-Identifier: ISC
# Every option of sendmail, Postfix and Exim: taken as they mean it, taken and
# of no effect, or refused before the message is read.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"

box_setup
cd "$TMP" || exit 1
cat >in <<'END'
From: ann@example.com
To: bob@example.org
Subject: hello
Date: Sat, 28 Nov 2026 12:00:00 +0000
Message-ID: <1@example.com>
MIME-Version: 1.0
Auto-Submitted: no

first
last
END
sed 's/$/\r/' in >crlf
sent=0

# goes WANT ARGUMENTS...: exits 0, without a word, and bob (or WANT) alone gets
# one message, as it was but for what stands on top of it.
goes() {
	want=$1
	shift
	run "$sendmail" "$@" <in
	sent=$((sent + 1))
	[ "$status" -eq 0 ] && [ -z "$out$err" ] &&
	    [ "$(fact msg-$sent accepted)" = "[\"$want\"]" ] &&
	    grep -v '^Received: \|^	' "$LOG/msg-$sent.eml" >got
	cmp -s crlf got
	result $? "goes: $*" "status $status" "$out$err" "$(cat got)"
	[ -e "$LOG/msg-$sent.eml" ] || sent=$((sent - 1))
}
# refuses STATUS REGEX ARGUMENTS...: nothing is sent or kept, nothing is read.
refuses() {
	code=$1 want=$2
	shift 2
	{
		"$sendmail" "$@" >out 2>err
		status=$?
		cat >left
	} <in
	[ "$status" -eq "$code" ] && grep -Eq -e "$want" err &&
	    [ "$(grep -c . err)" -eq 1 ] && cmp -s in left &&
	    [ ! -e "$dead" ] && [ ! -s out ] &&
	    [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	result $? "refused: $*" "status $status" "$(cat err out)"
	rm -f "$dead"
}

# ---- taken as they are meant

for words in -bm '-b m' -i -oi -oitrue '-o i' -OIgnoreDots=true \
    '-O IgnoreDots=true' -im '-im -oem' -n -in '-Btype' '-B 8BITMIME' \
    -odi -odf -odb -ODeliveryMode=i '-O DeliveryMode=b' -ODeliveryMode=queue \
    -odq -odd '-N never' '-Nsuccess,FAILURE,delay' '-R full' -Rhdrs \
    '-V id-1' -Vid '-L tag' -Ltag '-a box' -abox '-F Name' -FName --; do
	# shellcheck disable=SC2086 # words
	goes bob@example.org $words bob@example.org
done
for words in -t -ti -it -tim '-t -i' '-ti -oem'; do
	# shellcheck disable=SC2086 # words
	goes bob@example.org $words
done
goes bob@example.org -tif ann@example.com
goes bob@example.org -ifann@example.com bob@example.org
is "$(fact msg-$sent sender)" ann@example.com '... from that sender'
for sender in '<>' ''; do
	goes bob@example.org -i -f "$sender" bob@example.org
	is "$(fact msg-$sent sender)" '' '... from the null sender'
done
goes bob@example.org -f one@example.com -r two@example.com bob@example.org
is "$(fact msg-$sent sender)" two@example.com '... from the last one'
goes bob@example.org -i '' bob@example.org ''
POSIXLY_CORRECT=1 goes bob@example.org -i bob@example.org
run "$sendmail" -iv bob@example.org <in
sent=$((sent + 1))
like "$out" '^> MAIL FROM:<' '-v shows how it goes'
is "$err" '' '... on standard output alone'

# ---- taken and of no effect

for words in -oem -oep -oeq -oew -oee -em -ep -eq -ew -ee '-e m' -m -om -U -G \
    -Ac -Am '-A c' -h5 '-h 5' -oA/etc/aliases '-oA /x' -o7 -o8 -oo -os -oT3d \
    -oL9 -oQ/nowhere -oMrSMTP -OLogLevel=9 '-O LogLevel=9' \
    -OQueueDirectory=/nowhere -OErrorMode=m '-O x' -X/nowhere/x '-X t' -d \
    -d0.1 -d99.100 '-p SMTP' -pSMTP:host -s -c -x -T -ba; do
	case $words in
	'-oA /x') continue ;; # there the second word is an address
	esac
	# shellcheck disable=SC2086 # words
	goes bob@example.org $words bob@example.org
done
goes bob@example.org -X "$TMP/traffic" -OQueueDirectory="$TMP" bob@example.org
goes bob@example.org -X"$TMP/traffic" -oQ"$TMP" -d9 bob@example.org
check 'no file of the traffic' [ ! -e "$TMP/traffic" ]
goes bob@example.org -L "tag
Bcc: eve@example.net$(printf '\001')" bob@example.org
like "$(tail -n 1 "$TMP/log")" 'label="tagBcc: eve@example.net"' \
    'a label is in the log, without control characters'
unlike "$(grep -n . "$TMP/log" | sed "$(grep -c . "$TMP/log")d")" 'tagBcc' \
    '... of that message alone'
is "$(grep -c 'label=tag ' "$TMP/log")" 2 '... as the others were'

# ---- what stands behind the options is no option

for word in -X/f -C/f -Oa=b -bp -t --json; do
	run "$sendmail" --now -i -- "$word" <in
	result "$status" "a recipient behind --: $word" "$err"
	sent=$((sent + 1))
	is "$(fact msg-$sent accepted)" "[\"$word@example.com\"]" '... as such'
done
run "$sendmail" -i bob@example.org -odq --dry-run <in
exits 0 'options behind an operand are recipients'
sent=$((sent + 1))
is "$(fact msg-$sent accepted)" \
    '["bob@example.org", "-odq@example.com", "--dry-run@example.com"]' \
    '... all of them'

# ---- refused, before the message is read

for letter in a A b B C e F f h L N o O p r R V X; do
	refuses 64 "^sendmail: option -$letter: a value is missing; usage: " \
	    -$letter
done
refuses 64 'option -f: a value is missing' -tif
refuses 64 'option -qI|option -q: a value is missing' -qI
for letter in g H j J k K l P u w W y Y z Z E 0 1 9 = %; do
	refuses 64 "^sendmail: option -$letter: unknown; usage: sendmail " \
	    "-$letter" bob@example.org
done
for word in --help --version --nonsense --json=x --now=yes; do
	refuses 64 "^sendmail: option $word: unknown; usage: " "$word" b@example.org
done
for mode in z c f x mx pv 1 -; do
	refuses 64 "^sendmail: option -b$mode: unknown mode; usage: " \
	    "-b$mode" bob@example.org
done
for mode in d D l; do
	refuses 64 "^sendmail: option -b$mode: .*osmtp run" "-b$mode"
done
refuses 64 'option -bt: .*osmtp explain' -bt
refuses 64 'option -be: .*osmtp explain' -be bob@example.org
refuses 64 'option -bS: .*-bs' -bS
refuses 64 'option -D: ' -D "$TMP/x" bob@example.org
refuses 64 'option -M: .*osmtp queue' -Mrm 1
refuses 64 'option -S: .*-qS' -S x
refuses 64 'option -Q: .*osmtp queue' -Q
for word in never,delay often 'success failure' '' ','; do
	refuses 64 'option -N: ' -N "$word" bob@example.org
done
refuses 64 'option -R: ' -R some bob@example.org
for word in 'id SIZE=1' "$(printf 'a\nRCPT TO:<eve@example.net>')" \
    "$(printf 'a\rb')" "$(printf '\303\251')" ''; do
	refuses 64 'option -V: ' -V "$word" bob@example.org
done
refuses 64 'option -odx: unknown delivery' -odx bob@example.org
refuses 64 'option -ODeliveryMode=z: unknown' -ODeliveryMode=z bob@example.org
refuses 64 'no recipient' -i
refuses 64 'no recipient' -f ann@example.com
refuses 64 'option -bv: ' -bv

# ---- modes that read nothing

# asks ARGUMENTS...: as run, and nothing is read, nothing sent.
asks() {
	{
		run "$sendmail" "$@"
		cat >left
	} <in
	cmp -s in left && [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	result $? "reads and sends nothing: $*"
}
for mode in -bh -bH; do
	asks $mode
	exits 0 "$mode is of no effect"
	is "$out$err" '' '... and says nothing'
done
asks -bP
exits 0 -bP
is "$out" 0 '... counts what waits'
asks -bp -v
is "$out" 'Mail queue is empty' '-bp -v'
asks -q
exits 0 '-q with an empty queue'
asks -q15m
exits 0 '-q with an interval is one run'
asks -qf bob@example.org
exits 0 '-qf'
is "$out$err" '' '... and says nothing'
asks -I
exits 0 -I

asks -bv bob@example.org root '"a b"@example.org, Ann <ann@example.net>'
exits 0 '-bv'
like "$out" '^profile: box \(system, .*\)$' '... has the profile'
like "$out" '^envelope sender: <.*@example.com>$' '... the sender'
like "$out" '^recipient: bob@example.org -> <bob@example.org>$' \
    '... each recipient'
like "$out" '^recipient: root -> <root@example.com>$' '... where it would go'
like "$out" '^recipient: "a b"@example.org -> <"a b"@example.org>$' '... quoted'
like "$out" '^recipient: ann@example.net ->' '... and those of a list'
is "$(printf '%s\n' "$out" | grep -c '^profile:')" 1 '... the profile once'
explained=$(printf '%s\n' "$out" | grep -v '^recipient: ')
run "$OSMTP" explain
is "$(printf '%s\n' "$out" | grep -v '^From: \|^Auto-Sub')" "$explained" \
    '... in the words of osmtp explain'
asks -bv -f ann@example.com bob@example.org
like "$out" '^envelope sender: <ann@example.com>$' '-bv for another sender'
asks -bv 'b@@example.org' bob@example.org
exits 65 '-bv with a bad address'
like "$err" '^sendmail: recipient: .*b@@example.org: ' '... which is named'
like "$out" '^recipient: bob@example.org ->' '... and the others are looked at'
asks -bv "bob@example.org
eve@example.net"
exits 65 '-bv with a line end in an address'
asks -bv '' ' '
exits 64 '-bv with nothing in its addresses'
asks -bv -a nobody bob@example.org
exits 78 '-bv with a profile that is not there'
sed 's/domain/unaliased = "reject"; domain/' "$HOME/.config/osmtp/osmtp.conf" \
    >reject && chmod 600 reject && cat reject >"$HOME/.config/osmtp/osmtp.conf"
asks -bv bob@example.org nobody-here
exits 67 '-bv with a local name that has no alias'
like "$err" 'nobody-here: ' '... which is named'

unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
