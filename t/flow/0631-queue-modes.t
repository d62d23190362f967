#!/bin/sh
# SPDX-License-Identifier: ISC
# mailq and -q, as scripts use them that were written for other mailers.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"on": {
    "rcpt:later@example.org": {"reply": "450 4.2.1 not now"},
    "rcpt:later@example.net": {"reply": "450 4.2.2 full"},
    "rcpt:once@example.org": [{"reply": "451 4.3.0 not now"}]}},
  "down": {"on": {"greeting": [{"reply": "421 4.3.2 not now"}]}}}}
END
profile() { # NAME LISTENER
	cat <<-END
		$1 = { kind = "mailbox"; address = "$1@example.com"; users = "*";
		  server = "smtp://localhost:@PORT:$2@"; tls = { mode = "none"; };
		  auth = "none"; };
	END
}
conf <<-END
	domain = "example.com";
	log = { to = "@TMP@/log"; };
	profiles = { $(profile box smtp) $(profile shop smtp) $(profile down down) };
END
ln -s "$OSMTP" "$TMP/mailq"
ln -s "$OSMTP" "$TMP/mailq.osmtp"
mailq=$TMP/mailq

# ---- the list, which scripts take apart

whole "$mailq"
exits 0 'an empty queue'
is "$out" 'Mail queue is empty' '... is said to be so'
is "$err" '' '... on standard output'
run "$SENDMAIL" -bP
is "$out" 0 '... -bP counts it'

send later@example.org later@example.net 'bob@example.org'
first=$(queued)
OSMTP_TEST_NOW=$((OSMTP_TEST_NOW + 1000)) # IDs sort by time
whole "$SENDMAIL" -i -odq -f shop@example.com ann@example.org <"$TMP/in"
second=$(queued | tr ' ' '\n' | grep -v "$first")
OSMTP_TEST_NOW=$((OSMTP_TEST_NOW + 1000))
whole "$SENDMAIL" -i -odq -f '<>' -a box cora@example.org <"$TMP/in"
third=$(queued | tr ' ' '\n' | grep -v "$first\|$second")
run "$OSMTP" queue hold "$third"
for command in "$mailq" "$mailq -v" "$SENDMAIL -bp" "$SENDMAIL -v -bp" \
    "$TMP/mailq.osmtp" "$OSMTP -bp" "$OSMTP queue" "$OSMTP queue list" \
    "$mailq -Ac" "$mailq -OQueueDirectory=/nowhere" "$TMP/mailq -bp"; do
	# shellcheck disable=SC2086 # words
	run $command
	exits 0 "${command#"$TMP/"}"
	is "$(printf '%s\n' "$out" | sed -n 1p)" \
	    '-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------' \
	    '... begins as that of Postfix'
	is "$(printf '%s\n' "$out" | tail -n 1)" '-- 1 Kbytes in 3 Requests.' \
	    '... and ends so'
done
# The pipe out of the manual of postsuper(1): a paragraph for each message.
cat >"$TMP/awk" <<'END'
BEGIN { RS = "" } { print $1, $7, $8, $9, $10 }
END
is "$("$mailq" | tail -n +2 | grep -v '^ *(' | awk -f "$TMP/awk" | grep -v '^--' |
    sed 's/ *$//')" "$first box@example.com later@example.org later@example.net
$second shop@example.com ann@example.org
$third! MAILER-DAEMON cora@example.org" 'a script that knows Postfix reads it'
run "$mailq"
like "$out" "^$first  *[0-9]+ (Mon|Tue|Wed|Thu|Fri|Sat|Sun) Nov 1[45] [0-9:]{8}  box@" \
    'ID, size, time, sender'
like "$out" '^\(later: 450 4.2.1 not now \(RCPT, localhost:[0-9]+\)\)$' \
    'a reason'
like "$out" '^\(held, profile box\)$' 'what is held'
unlike "$out" 'bob@example.org' 'who has it is not listed'
TZ=Asia/Tokyo LC_ALL=tr_TR.UTF-8 run "$mailq"
like "$out" ' Nov 15 07:13:20 ' 'times are local ones, names of months are not'
run "$SENDMAIL" -bP
is "$out" 3 '-bP'
run "$SENDMAIL" -bp --json
is "$(printf '%s\n' "$out" | grep -c '"place":')" 3 '-bp --json'
run "$mailq" -qRann@
like "$out" "^$second " 'mailq -qR lists what is selected'
unlike "$out" "^$first " '... alone'

# A reader that has gone is no reason to wait.
# shellcheck disable=SC2016
run sh -c 'mkfifo "$1" && exec 3<>"$1" 4>"$1" 3<&-
    shift
    exec "$@" >&4 4>&-' - "$TMP/gone" timeout 20 "$mailq"
[ "$status" -ne 124 ]
result $? 'mailq whose reader is gone ends' "status $status"
# shellcheck disable=SC2016
run sh -c '"$@" >&-' - timeout 20 "$mailq"
[ "$status" -ne 124 ]
result $? '... and with its output closed' "status $status"

# ---- some of the queue is run

attempts() { n=$(state "$1" attempts); echo "${n:-0}"; }
tried() { echo "$(attempts "$first") $(attempts "$second") $(attempts "$third")"; }
is "$(tried)" '1 0 0' 'one was tried'
before=$(sent)
for what in -qInowhere -qRnobody@ -qSnobody@ '-qI zzz'; do
	# shellcheck disable=SC2086 # words
	whole "$SENDMAIL" $what
	exits 0 "$what"
	is "$(tried)" '1 0 0' '... tries nothing'
done
whole "$SENDMAIL" -qI"$first"
is "$(tried)" '2 0 0' '-qI tries that one, though it is not due'
whole "$SENDMAIL" -qI "$first"
is "$(tried)" '3 0 0' '-qI with its text in the next word'
whole "$SENDMAIL" -qRLATER@
is "$(tried)" '4 0 0' '-qR looks at recipients'
whole "$SENDMAIL" -qRbob@
is "$(tried)" '4 0 0' '... who have not got it yet'
whole "$SENDMAIL" -qSbox@
is "$(tried)" '5 0 0' '-qS looks at the sender'
whole "$SENDMAIL" '-q!Sshop@' -v
is "$(tried)" '6 0 0' 'a negation is of the others'
like "$out" '^1 tried, ' '... -v tells how many'
is "$(sent)" "$before" 'nothing else went out'
whole "$SENDMAIL" '-q!I'"$first"
is "$(queued)" "$first $third" '-q!I sends the others'
is "$(sent)" $((before + 1)) '... once'
is "$(tried)" '6 0 0' '... but not what is held'
for words in -q -qf -q15m -qp15m; do
	whole "$SENDMAIL" $words
	exits 0 "$words"
done
is "$(tried)" '10 0 0' 'each was one run over all'
# shellcheck disable=SC2016
run sh -c '"$@" <&- >&- 2>&-' - timeout 60 "$SENDMAIL" -q
exits 0 '-q with all descriptors closed'
whole "$mailq" -q
exits 0 'mailq -q is a run'
is "$out" '' '... not a list'
run "$OSMTP" queue delete --all

# ---- the relay was down a second ago

whole "$SENDMAIL" -i -f down@example.com ann@example.org <"$TMP/in"
exits 0 'the relay is down: the message is safe'
is "$(count queue)" 1 '... and waits'
before=$(sent)
whole "$SENDMAIL" -q
is "$(queued)" '' 'then it is up, and -q does not wait'
is "$(sent)" $((before + 1)) '... it is sent, once'
send once@example.org
whole "$SENDMAIL" -q
is "$(queued)" '' 'nor for a recipient who was put off'

# ---- another configuration, and none

run "$OSMTP" -bp -C "$TMP/nothing"
exits 78 'a configuration that is not there'
mv "$HOME/.config/osmtp/osmtp.conf" "$TMP/aside"
for mode in -bp -bP -q; do
	run timeout 20 "$SENDMAIL" $mode
	[ "$status" -ne 124 ]
	result $? "$mode without any configuration ends" "status $status" "$err"
done
finish
