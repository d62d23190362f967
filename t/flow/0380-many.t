#!/bin/sh
# SPDX-License-Identifier: ISC
# Many messages, several commands and runs at once on one spool: each message
# once, nobody waits for another's server, a process that dies leaves no claim.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {},
  "slow": {"on": {"final": {"delay": 0.03, "reply": "250 2.0.0 taken"}}},
  "hung": {"on": {"greeting": {"hang": true}}},
  "late": {"on": {"final": [{"delay": 1, "reply": "250 2.0.0 taken"}]}},
  "stuck": {"on": {"final": [null, null, null, {"hang": true}]}}}}
END
profile() { # NAME
	cat <<-END
		$1 = { kind = "mailbox"; address = "$1@example.com"; users = "*";
		  server = "smtp://localhost:@PORT:$1@"; tls = { mode = "none"; };
		  auth = "none"; timeouts = { reply = "2s"; }; };
	END
}
conf <<-END
	domain = "example.com";
	log = { to = "@TMP@/log"; };
	profiles = { $(profile smtp) $(profile slow) $(profile hung)
	  $(profile stuck) $(profile late) };
END
mail() { # PROFILE SUBJECT OPTIONS..
	from=$1 subject=$2
	shift 2
	printf 'Subject: %s\n\nbody\n' "$subject" |
	    "$SENDMAIL" -i -f "$from@example.com" "$@" bob@example.org
}
# copies: how many the server has of each, "COPIES*MESSAGES".
copies() { # PREFIX
	cat "$LOG"/msg-*.eml | tr -d '\r' | sed -n "s/^Subject: $1/&/p" |
	    sort | uniq -c | awk '{ print $1 }' | sort -n | uniq -c |
	    awk '{ printf "%s%s*%s", s, $2, $1; s = " " }'
}
# wait_until COMMAND..: wait until it is so.
wait_until() {
	for _ in $(seq 500); do
		"$@" && return
		sleep 0.02
	done
	result 1 "waited in vain: $*"
}
# The calls to the server that hangs; what waits.
# shellcheck disable=SC2317 # wait_until calls them
hung() { [ "$(connections hung)" -ge "$1" ]; }
# shellcheck disable=SC2317
late_has_data() { grep -q " C DATA" "$LOG/late.trace"; }
# shellcheck disable=SC2317
waiting() { [ "$(count queue)" -eq "$1" ]; }

# ---- many on one session, oldest first

for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	at "$i"
	mail smtp "one $i" -odq
done
at 30
once
like "$out" '^20 tried, 20 done' 'twenty in one run'
is "$(connections smtp)" 1 '... on one connection'
is "$(copies one)" '1*20' '... one copy each'
is "$(for i in $(seq 20); do sed -n 's/^Subject: one \([0-9]*\).*/\1/p' \
    "$LOG/msg-$i.eml"; done | tr '\n' ' ')" \
    '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 ' '... oldest first'
is "$(queued)" '' '... and none is left'
once
like "$out" '^0 tried' '... nor is one found again'

# ---- one that hangs holds nobody up

mail hung 'hung 1' -odq
mail hung 'hung 2' -odq
mail smtp 'beside 1' -odq
once
like "$out" '2 tried, 1 done, 1 waiting, 0 returned, 1 of paused' \
    'a server that hangs'
is "$(copies beside)" '1*1' '... does not keep another'
is "$(grep -n 'event=delivery .*profile=\(smtp\|hung\)' "$TMP/log" | tail -n 2 |
    sed 's/.*profile=\([a-z]*\).*/\1/' | tr '\n' ' ')" 'smtp hung ' \
    '... from going first'

# A run that takes long is no reason to wait, for a command or a second run.
at 200
"$OSMTP" run --once >/dev/null 2>&1 9>&- &
pid=$!
wait_until hung 2
mail smtp 'beside 2'
is "$?" 0 'a command during a run'
is "$(copies beside)" '1*2' '... delivers its own'
mail smtp 'beside 3' -odq
once
exits 0 'a second run'
kill -0 "$pid"
result $? '... ends first'
like "$out" '^0 tried' '... and leaves the rest'
wait "$pid"
is "$(connections hung)" 2 '... none of which was called twice'
once
is "$(copies beside)" '1*3' 'the next run takes it'
run "$OSMTP" queue delete --all

# ---- commands and runs at once

for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	mail slow "crowd $i" -odq
done
pids=''
for i in 13 14 15 16 17 18; do
	mail slow "crowd $i" >/dev/null 2>>"$TMP/said" 9>&- &
	pids="$pids $!"
done
for i in 1 2 3; do
	"$OSMTP" run --once >/dev/null 2>>"$TMP/said" 9>&- &
	pids="$pids $!"
done
codes=''
for pid in $pids; do
	wait "$pid"
	codes="$codes $?"
done
is "$codes" ' 0 0 0 0 0 0 0 0 0' 'six commands and three runs at once'
is "$(cat "$TMP/said")" '' '... without a word'
wait_until waiting 0
is "$(copies crowd)" '1*18' '... one copy of each message'
is "$(queued)" '' '... and none is left'
is "$(count failed)$(count bad)" 00 '... anywhere'

# ---- a run that dies

for i in 1 2 3 4 5 6; do
	mail stuck "dead $i" -odq
done
"$OSMTP" run --once >/dev/null 2>&1 9>&- &
pid=$!
wait_until waiting 3
kill -KILL "$pid"
wait "$pid" 2>/dev/null
is "$(copies dead)" '1*3' 'a run that is killed at its fourth message'
is "$(count queue)" 3 '... has recorded three'
once
like "$out" '^3 tried, 3 done' '... and the next one finds three'
is "$(copies dead)" '1*6' '... one copy each'

# ---- a run that is asked to end

for i in 1 2 3; do
	mail late "asked $i" -odq
done
"$OSMTP" run --once >/dev/null 2>&1 9>&- &
pid=$!
wait_until late_has_data
kill -TERM "$pid"
wait "$pid"
is "$?" 0 'a run that gets SIGTERM behind DATA ends well'
is "$(copies asked)" '1*1' '... with the message in hand'
is "$(count queue)" 2 '... and begins no other'

# ---- all at once, due or not

before=$(connections late)
whole "$OSMTP" queue retry --all
exits 0 'retry --all'
is "$(copies asked)" '1*3' '... one copy each'
is "$(($(connections late) - before))" 1 '... on one connection'
is "$(queued)" '' '... and none is left'

finish
