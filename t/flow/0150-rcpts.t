#!/bin/sh
# SPDX-License-Identifier: ISC
# Many recipients, refusals of the envelope, pipelining and its absence, and
# what a server says it can take: each recipient has a verdict of its own.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

# ---- the servers

pipe='"PIPELINING", "SIZE"'
lock='"SIZE"' # one command, one reply
# add NAME STAGES [EHLO]: a profile with an SMTP server of its own, which may
# send a transaction to a thousand recipients.
add() {
	cat >>"$TMP/listeners" <<-END
		"$1": {"ehlo": [${3-$pipe}], "on": {$2}},
	END
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "mailbox"; address = "$1@example.com"; users = "*";
		  server = "smtp://localhost:@PORT:$1@";
		  tls = { mode = "none"; }; auth = "none";
		  limits = { recipients = 1000; };
		};
	END
}
# both NAME STAGES: with pipelining, and as lock-NAME without.
both() {
	add "$1" "$2"
	add "lock-$1" "$2" "$lock"
}
reply() { printf '{"reply": "%s"}' "$1"; }
no=$(reply '550 5.1.1 no such user')
full=$(reply '452 4.5.3 too many recipients')
grey=$(reply '450 4.2.1 grey')

both all ''
both mid "\"rcpt:b@example.org\": $no"
add first "\"rcpt:a@example.org\": $no"
add last "\"rcpt:c@example.org\": $no"
both none "\"rcpt\": $no"
add mixed "\"rcpt\": [$no, $grey, $(reply '553 5.1.3 bad name')]"
add grey "\"rcpt:b@example.org\": $grey"
add moved "\"rcpt:b@example.org\": $(reply '251 2.1.5 moved')"
add cut "\"rcpt\": [$no, null, {\"close\": true}]"
add down "\"rcpt\": [$no, null,
    {\"reply\": \"421 4.3.2 down\", \"close\": true}]"
add lost "\"rcpt:b@example.org\": $no, \"final\": {\"close\": true}"
add spam "\"rcpt:b@example.org\": $no,
    \"final\": $(reply '554 5.7.1 spam')"

add split "\"rcpt\": [null, null, $full]"
both split5 "\"rcpt\": [null, null, $full, $full, $full, null, null, $full]"
add splitno "\"rcpt\": [null, $no, $full]"
add again "\"rcpt\": [null, null, $full, $full]"
add full "\"rcpt\": $full"
add before "\"rcpt\": [$full, null]"
add mail2 "\"rcpt\": [null, null, $full],
    \"mail\": [null, $(reply '451 4.3.2 enough')]"
add bad1 "\"rcpt\": [null, null, $full],
    \"final\": $(reply '554 5.7.1 spam')"
add bad2 "\"rcpt\": [null, null, $full], \"final\": [null, {\"close\": true}]"
add gone "\"rcpt\": [null, null, $full],
    \"final\": {\"reply\": \"250 2.0.0 ok\", \"close\": true}"

both lone "\"rcpt\": $no, \"data\": $(reply '354 go ahead')"
# The fake takes no DATA behind a refused MAIL: all replies come at once.
add void '"mail": {"raw":
    "550 5.7.1 not you\r\n503 1\r\n503 2\r\n503 3\r\n354 go\r\n"}'

# What is told of the three, exit status, class, what the server said.
cat >"$TMP/mail" <<'END'
mail-550 later 78 C 550 5.7.60 not as this sender
mail-553 later 78 C 553 5.7.1 sender not owned
mail-552 refused 69 M 552 5.3.4 too big
mail-501 refused 69 M 501 5.1.7 bad sender syntax
mail-555 refused 69 M 555 5.5.4 what is SIZE
mail-534 refused 69 M 554 5.3.4 too big
mail-567 refused 69 M 550 5.6.7 not ASCII
mail-quota later 75 L 550 5.4.5 daily quota exceeded
mail-451 later 75 L 451 4.3.0 local trouble
lock-mail-550 later 78 C 550 5.7.60 not as this sender
END
cat >"$TMP/data" <<'END'
data-554 refused 69 M 554 5.7.1 no
data-quota later 75 L 550 5.4.5 daily quota exceeded
data-451 later 75 T 451 4.3.0 local trouble
lock-data-554 refused 69 M 554 5.7.1 no
END
for stage in mail data; do
	while read -r name _ _ _ said; do
		case $name in
		lock-*) offer=$lock ;;
		*) offer=$pipe ;;
		esac
		add "$name" "\"$stage\": $(reply "$said")" "$offer"
	done <"$TMP/$stage"
done
add part "\"rcpt:b@example.org\": $no,
    \"data\": $(reply '451 4.3.0 local trouble')"

cat >"$TMP/in" <<'END'
From: Ann <ann@example.com>
To: list@example.org
Date: Mon, 1 Jan 2024 00:00:00 +0000
Message-ID: <1@example.com>
Subject: to many

.dots
..
.

END
printf 'no line end' >>"$TMP/in"
awk '{ printf "%s\r\n", $0 }' "$TMP/in" >"$TMP/want"
size=$(wc -c <"$TMP/want")
add size-fits '' "\"PIPELINING\", \"SIZE $size\""
add size-small '' "\"PIPELINING\", \"SIZE $((size - 1))\""
add size-zero '' '"SIZE 0"'
add size-none '' '"8BITMIME"'
add size-final "\"final\": $(reply '552 5.3.4 too big all the same')"
add eight '' '"PIPELINING", "8BITMIME"'
add utf8 '' '"PIPELINING", "8BITMIME", "SMTPUTF8"'
add ascii '' '"PIPELINING", "8BITMIME"'
add lower '' '"pipelining", "size 99999", "8bitmime"'

add many ''
part=ddddddddddddddddddddddddddddddddddddddddddddddd
domain=$part.$part.$part.$part.example.org
add many-no "\"rcpt:r150@$domain\": $no"
add lock-many "\"rcpt\": [null, $no]" "$lock"
add many-full "\"rcpt\": [$(awk -v full="$full" 'BEGIN {
	for (i = 0; i < 500; i++)
		printf "%s,", (i % 300 < 100 ? "null" : full)
	print "null" }')]"

{ echo '{"listeners": {'; cat "$TMP/listeners"
  echo '"end": {}}}'; } >"$TMP/script"
start_fake "$TMP/script"
{ echo 'hostname = "h.example.com"; received = false; log = { to = "@TMP@/log"; };
	profiles = {'; cat "$TMP/profiles"; echo '};'; } | conf

# ---- sending

messages=0
# send NAME OPTION-OR-RCPT...: $trace and $new are what came of it.
send() {
	name=$1 trace=$LOG/$1.trace new='' arrived=''
	shift
	: >"$TMP/log"
	run "$OSMTP" -i -a "$name" "$@" <"$TMP/in"
	while [ -e "$LOG/msg-$((messages + 1)).json" ]; do
		messages=$((messages + 1))
		new="$new $messages"
		# "a b|c": to a and b, and then to c.
		arrived="$arrived${arrived:+|}$(sed -n \
		    '/"accepted": \[/,/\]/s/^  "\(.*\)@.*/\1/p' \
		    "$LOG/msg-$messages.json" | paste -s -d ' ' -)"
	done
}
# story: "A:RESULT:CLASS:STAGE:CODE ..; A:RESULT ..; CONNECTIONS BREACHES", of
# the log, of what was told, and of the server.
story() {
	awk '
	FILENAME ~ /log$/ && / event=delivery / {
		split("", v)
		for (i = NF; i > 0; i--)
			if (at = index($i, "="))
				v[substr($i, 1, at - 1)] = substr($i, at + 1)
		sub(/@.*/, "", v["to"])
		logged = logged " " v["to"] ":" v["result"] ":" v["class"] \
		    ":" v["stage"] ":" v["code"]
	}
	FILENAME ~ /err$/ && /\([A-Z]+, localhost:[0-9]+\)$/ {
		sub(/@.*/, "", $2)
		sub(/[:,]$/, "", $3)
		told = told " " $2 ":" $3
	}
	FILENAME ~ /trace$/ {
		links += / \* connected/
		breaches += $3 == "!"
	}
	END { print substr(logged, 2) ";" told "; " links + 0, breaches + 0 }
	' "$TMP/log" "$TMP/err" "$trace"
}
# expect NAME STATUS ARRIVED LOGGED: to whom LOGGED names; each is told, unless
# all is well; on one connection, and no rule is broken.
expect() {
	rcpts='' tells=''
	for word in $4; do
		rcpts="$rcpts ${word%%:*}@example.org"
		result=${word#*:}
		tells="$tells ${word%%:*}:${result%%:*}"
	done
	[ "$2" -ne 0 ] || tells=''
	# shellcheck disable=SC2086 # these are words
	send "$1" --now $rcpts
	exits "$2" "$1: exit status"
	is "$arrived" "$3" "$1: whom it went to"
	is "$(story)" "$4;$tells; 1 0" "$1: what became of each"
}
ok=delivered::FINAL:250
bad=refused:M:RCPT:550
spam=refused:M:FINAL:554
later=later:T:RCPT:452

# ---- some are refused

for p in '' lock-; do
	expect ${p}all 0 'a b c' "a:$ok b:$ok c:$ok"
	is "$err" '' "${p}all: silence"
	expect ${p}mid 67 'a c' "a:$ok b:$bad c:$ok"
	like "$err" 'b@example\.org: refused: 550 5\.1\.1 no such user \(RCPT' \
	    "${p}mid: why"
	expect ${p}none 67 '' "a:$bad b:$bad c:$bad"
done
expect lost 67 '' "a:unclear:T:FINAL: b:$bad c:unclear:T:FINAL:"
like "$err" 'c@example\.org: unclear, may have been delivered' \
    'lost: it is said'
expect first 67 'b c' "a:$bad b:$ok c:$ok"
expect last 67 'a b' "a:$ok b:$ok c:$bad"
expect mixed 67 '' "a:$bad b:later:T:RCPT:450 c:refused:M:RCPT:553"
expect grey 75 'a c' "a:$ok b:later:T:RCPT:450 c:$ok"
expect moved 0 'a b c' "a:$ok b:$ok c:$ok"
expect cut 67 '' "a:$bad b:later:T:RCPT: c:later:T:RCPT:"
expect down 67 '' "a:$bad b:later:T:RCPT:421 c:later:T:RCPT:421"
expect spam 67 '' "a:$spam b:$bad c:$spam"

send mid a@example.org b@example.org c@example.org
exits 67 'without --now, and without a queue: the same'
is "$arrived" 'a c' '... to the same'
check '... and nothing is kept' [ ! -e "$HOME/dead.letter" ]

# ---- 452 behind accepted ones: the rest in a transaction of its own

expect split 0 'a b|c' "a:$ok b:$ok c:$ok"
for n in $new; do
	check "split: every octet, $n" cmp "$TMP/want" "$LOG/msg-$n.eml"
done
for p in '' lock-; do
	expect ${p}split5 0 'a b|c d|e' "a:$ok b:$ok c:$ok d:$ok e:$ok"
done
expect mail2 75 'a b' "a:$ok b:$ok c:later:L:MAIL:451"
send gone --now a@example.org b@example.org c@example.org
exits 0 'gone: the server leaves before the rest'
is "$arrived" 'a b|c' '... who get it in a session of their own'
is "$(story)" "a:$ok b:$ok c:$ok;; 2 0" '... and that is no trouble'
expect splitno 67 'a|c' "a:$ok b:$bad c:$ok"
expect again 75 'a b' "a:$ok b:$ok c:$later"
expect full 75 '' "a:$later b:$later c:$later"
expect before 75 b "a:$later b:$ok"
expect bad1 69 '' "a:$spam b:$spam c:$later"
expect bad2 75 'a b' "a:$ok b:$ok c:unclear:T:FINAL:"

# ---- nobody is left, yet the server wants the text

expect lone 67 '' "a:$bad b:$bad c:$bad"
is "$(find "$LOG" -name 'refused-*.raw' -size 3c | wc -l)" 1 \
    'all refused, 354 to DATA: a lone dot'
expect lock-lone 67 '' "a:$bad b:$bad c:$bad"
unlike "$(cat "$trace")" ' C DATA' 'all refused, no PIPELINING: no DATA'
send void --now -v a@example.org b@example.org c@example.org
exits 78 'MAIL refused, 354 to DATA'
o=later:C:MAIL:550
like "$(story)" "^a:$o b:$o c:$o; a:later b:later c:later;" \
    '... MAIL decides for all'
is "$(printf '%s\n' "$out" | sed -n '/^< 354/,$p' | sed -n 2p)" '> .' \
    '... a lone dot'
unlike "$(cat "$trace")" 'Subject|dots' '... and nothing of the text'

# ---- MAIL and DATA refused

for stage in mail data; do
	at=MAIL
	[ "$stage" = mail ] || at=DATA
	while read -r name kind want class said; do
		o=$kind:$class:$at:${said%% *}
		expect "$name" "$want" '' "a:$o b:$o c:$o"
		like "$err" "a@example\.org: $kind: $said \($at, " "$name: why"
	done <"$TMP/$stage"
done
o=later:T:DATA:451
expect part 67 '' "a:$o b:$bad c:$o"
unlike "$(cat "$LOG/lock-mail-550.trace")" ' C (RCPT|DATA)' \
    'MAIL refused, no PIPELINING: no RCPT'

# ---- one write, or one command at a time

is "$(grep -c '^1 2 C ' "$LOG/all.trace")" 5 \
    'PIPELINING: the whole envelope is one write'
is "$(sed -n 's/^1 \([0-9]*\) . body .*/\1/p; s/^1 \([0-9]*\) C QUIT$/\1/p' \
    "$LOG/all.trace" | paste -s -d ' ' -)" '3 3' \
    'PIPELINING: QUIT is in one write with the text'
is "$(grep -c ' C QUIT$' "$LOG/split5.trace")" 1 \
    'PIPELINING: no QUIT where more is to come'
for trace in "$LOG"/lock-*.trace; do
	[ -s "$trace" ] || continue
	is "$(awk '
		$3 == "C" { if (open || $2 == last) print; last = $2 }
		$3 == "C" || / \* body / { open = 1 }
		$3 == "S" { open = 0 }' "$trace")" '' \
	    "${trace##*/}: nothing follows what has no answer"
done

# ---- what the server can take

# params NAME PARAMETERS: of MAIL; the text of $TMP/want, octet for octet.
params() {
	send "$1" --now b@example.org
	exits 0 "$1: delivered"
	is "$(sed -n 's/^.* C MAIL [^>]*>//p' "$trace" | tail -n 1)" \
	    "$2" "$1: parameters of MAIL"
	check "$1: every octet" cmp "$TMP/want" "$LOG/msg-$messages.eml"
	like "$(story)" ' 0$' "$1: no rule is broken"
}
# unfit NAME REGEX RCPT: refused for the server's offer, before MAIL.
unfit() {
	send "$1" --now "$3"
	check "$1: exit status $status" \
	    [ "$status" -eq 65 -o "$status" -eq 67 -o "$status" -eq 69 ]
	like "$err" ": refused: $2" "$1: says why"
	like "$err" 'what to do: ' "$1: what to do"
	unlike "$(cat "$trace")" ' C (MAIL|RCPT|DATA)' "$1: not even tried"
	is "$arrived" '' "$1: nothing is delivered"
}
params size-fits " SIZE=$size"
params size-zero " SIZE=$size"
params size-none ''
params eight ''
params lower " SIZE=$size"
is "$(grep -c '^1 2 C ' "$trace")" 3 'keywords in small letters are understood'
unfit size-small 'the message is larger than the server takes \(SIZE\)' \
    b@example.org
expect size-final 69 '' b:refused:M:FINAL:552

# eight_bit SUBJECT TEXT: this message.
eight_bit() {
	printf '%b\n' 'From: ann@example.com' \
	    'Date: Mon, 1 Jan 2024 00:00:00 +0000' \
	    'Message-ID: <2@example.com>' "Subject: $1" '' "$2"
}
eight_bit subject 'caf\0303\0251' >"$TMP/in"
awk '{ printf "%s\r\n", $0 }' "$TMP/in" >"$TMP/want"
params eight ' BODY=8BITMIME'
# In the header it is encoded, whatever the server takes.
eight_bit 'caf\0303\0251' text >"$TMP/in"
eight_bit '=?UTF-8?Q?caf=C3=A9?=' text | awk '{ printf "%s\r\n", $0 }' \
    >"$TMP/want"
params eight ''

printf 'From: ann@example.com\nSubject: s\n\nascii\n' >"$TMP/in"
who=$(printf 'j\303\266rg@example.org')
send utf8 --now "$who"
exits 0 'an address that is not ASCII, SMTPUTF8 offered'
like "$(cat "$trace")" 'C MAIL .* SMTPUTF8$' '... and asked for'
like "$(cat "$trace")" "C RCPT TO:<$who>" '... as it was given'
like "$(story)" '; 1 0$' '... by the rules'
unfit ascii '.*not ASCII.*SMTPUTF8' "$who"

# ---- three hundred; their names fill many buffers

set --
i=0
while [ $((i += 1)) -le 300 ]; do
	set -- "$@" "r$i@$domain"
done
# names FROM TO
names() {
	awk -v i="$1" -v n="$2" 'BEGIN {
		for (; i <= n; i++) {
			printf "%sr%d", sep, i
			sep = " "
		}
	}'
}
# results: how many were delivered, and how many not, by the log
results() {
	sed -n 's/.* event=delivery result=\([a-z]*\) .*/\1/p' "$TMP/log" |
	    sort | uniq -c | awk '{ print $1, $2 }' | paste -s -d ' ' -
}
send many --now "$@"
exits 0 'many: delivered'
is "$arrived" "$(names 1 300)" 'many: all have it, once'
is "$(results)" '300 delivered' 'many: each is logged'
like "$(story)" '; 1 0$' \
    'many: one connection, no rule is broken'
# 60 KB in groups of 16; how they are received is not ours to say.
check 'many: not one by one' \
    [ "$(awk '$3 == "C" { print $2 }' "$trace" | uniq | wc -l)" -lt 30 ]

send many-no --now "$@"
exits 67 'many, one refused: exit status'
is "$arrived" "$(names 1 149) $(names 151 300)" '... all others have it'
is "$(results)" '299 delivered 1 refused' '... each is logged'
is "$(grep -c ': delivered: ' "$TMP/err") $(grep ': refused: ' "$TMP/err" |
    cut -d @ -f 1)" '299 osmtp-test: r150' '... and told'

send many-full --now "$@"
exits 0 'many, a hundred at a time: delivered'
is "$arrived" "$(names 1 100)|$(names 101 200)|$(names 201 300)" \
    '... all have it, once'
is "$(results)" '300 delivered' '... each is logged'
like "$(story)" '; 1 0$' \
    '... one connection, no rule is broken'
finish
