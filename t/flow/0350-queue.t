#!/bin/sh
# SPDX-License-Identifier: ISC
# The life of a message in the queue: tried, put off, tried again, its end.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"on": {
    "rcpt:later@example.org": {"reply": "450 4.2.1 not now"},
    "rcpt:twice@example.org": [{"reply": "450 4.2.1 no"},
                               {"reply": "450 4.2.1 no"}],
    "rcpt:once@example.org": [{"reply": "451 4.3.0 not now"}],
    "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"}}},
  "lost": {"on": {"final": [{"close": true}]}}}}
END
profile() { # NAME LISTENER
	cat <<-END
		$1 = { kind = "mailbox"; address = "$1@example.com"; users = "*";
		  server = "smtp://localhost:@PORT:$2@"; tls = { mode = "none"; };
		  auth = "none"; };
	END
}
setup() { # QUEUE SETTINGS
	conf <<-END
		domain = "example.com";
		received = false;
		log = { to = "@TMP@/log"; };
		queue = { $1 };
		profiles = { $(profile box smtp) $(profile lost lost) };
	END
}
setup 'lifetime = "1h"; warn_after = "0";'

# ---- at once

send good@example.org
exits 0 'delivered at once'
is "$out$err" '' '... without a word'
is "$(queued)" '' '... and nothing is left'
is "$(sent)" 1 '... one copy'

# ---- put off, and tried again

send good@example.org twice@example.org
exits 0 'one of two is put off: it is safe'
like "$err" 'twice@example.org: later: 450 4.2.1 no' '... why is said'
like "$err" 'queued as' '... and that it is in the queue'
id=$(queued)
like "$id" '^[0-9a-hjkmnp-tv-z]{16}$' '... under its ID'
like "$err" "queued as $id" '... which is told'
between 48 72 "$(wait_seconds "$id")" '... for a minute, about'
is "$(sent)" 2 '... the other has it'

run "$OSMTP" queue list
like "$out" "^$id  *135 ... ... [ 0-9][0-9] ..:..:..  box@example.com\$" \
    'it is listed'
like "$out" '^\(waiting, next try .*, profile box\)$' '... with its state'
like "$out" '^\(later: 450 4.2.1 no \(RCPT, .*\)\)$' '... and the reason'
like "$out" '^ {41}twice@example.org$' '... for whom'
unlike "$out" 'good@example.org' '... and not who has it'

once
is "$out" \
    '0 tried, 0 done, 1 waiting, 0 returned, 0 of paused profiles, 0 busy, 0 damaged' \
    'not before its time'
at 2
once
like "$out" '^1 tried, 0 done, 1 waiting' 'then it is'
between 96 144 "$(wait_seconds "$id")" '... and waits twice as long'
at 3
once
like "$out" '^0 tried' '... not a minute less'
at 5
once
like "$out" '^1 tried, 1 done' '... until it is taken'
is "$(queued)" '' '... and gone'
is "$(sent)" 3 '... with one copy more'
is "$(fact msg-3 accepted)" '["twice@example.org"]' '... for the one alone'
cmp "$LOG/msg-2.eml" "$LOG/msg-3.eml"
result $? '... with the same octets'
is "$(logged 'event=settle result=waits attempts=2 next=')" 1 \
    '... all in the log'

# ---- older mail is the next command's work, too

at 10
send once@example.org
is "$(sent)" 3 'another one waits'
at 20
send good@example.org
is "$(queued)" '' 'a later command takes it along'
is "$(sent)" 5 '... behind its own'
is "$(fact msg-4 accepted)" '["good@example.org"]' '... which goes first'

# ---- only queued

send -odq good@example.org
exits 0 '-odq'
is "$(sent)" 5 '... sends nothing'
is "$(count queue)" 1 '... keeps it'
once
is "$(sent)" 6 '... for the next run'

# ---- the verbs

send later@example.org
id=$(queued)
run "$OSMTP" queue hold "$id"
exits 0 'hold'
at 30
once
like "$out" '^0 tried, 0 done, 1 waiting' 'what is held is not tried'
whole "$SENDMAIL" -q
is "$(state "$id" attempts)" 1 '... not by -q either'
run "$OSMTP" queue release "$id"
once
is "$(state "$id" attempts)" 2 'what is released is'
once
is "$(state "$id" attempts)" 2 '... once'
whole "$SENDMAIL" -q
is "$(state "$id" attempts)" 3 '-q does not wait'
run "$OSMTP" queue retry "$id"
is "$(state "$id" attempts)" 4 'nor does retry'
run "$OSMTP" queue show "$id"
like "$out" '^attempts: 4' 'show'
run "$OSMTP" queue list --json
is "$(printf '%s\n' "$out" | python3 -c 'import json, sys
j = json.loads(sys.stdin.read())
print(j["id"], j["state"], j["attempts"])')" "$id waiting 4" 'list --json'
run "$OSMTP" queue delete "$id"
exits 0 'delete'
is "$(queued)" '' '... and it is gone'

# ---- unclear: not before 15 minutes, the same again

at 100
whole "$SENDMAIL" -i -f lost@example.com good@example.org <"$TMP/in"
exits 0 'the link is lost behind the dot'
like "$err" 'unclear' '... it is said to be unclear'
id=$(queued)
between 900 900 "$(wait_seconds "$id")" '... and waits for 15 minutes'
before=$(sent)
at 114
once
whole "$SENDMAIL" -q
is "$(sent)" "$before" '... whoever asks'
at 115
once
is "$(sent)" $((before + 1)) '... then it goes out again'
is "$(queued)" '' '... and is gone'
first=$(find "$LOG" -name 'refused-*.eml' -o -name 'partial-*.eml')
cmp "$first" "$LOG/msg-$((before + 1)).eml"
result $? '... the same octets, Message-ID and all'

# ---- its time is up: four attempts, and an hour for which it could have gone

at 200
send later@example.org
id=$(queued)
for minute in 220 240 260; do
	at $minute
	once
done
is "$(state "$id" attempts)" 4 'four attempts'
is "$(state "$id" able)" 2700000 '... of three times 15 minutes'
at 280
before=$(sent)
once
like "$out" '1 returned' '... after an hour it is returned'
is "$(ids failed)" "$id" '... and kept in failed'
is "$(queued)" '' '... its report is sent'
is "$(sent)" $((before + 1)) '... once'
is "$(fact "msg-$((before + 1))" sender)" '' '... by the null sender'
like "$(cat "$LOG/msg-$((before + 1)).eml")" 'Action: failed' '... as a failure'

# It can be tried again from there.
whole "$OSMTP" queue retry "$id"
is "$(queued)" "$id" 'retry takes it back into the queue'
is "$(state "$id" attempts)" 1 '... and begins anew'
run "$OSMTP" queue delete "$id"

# ---- a clock that is ten years wrong, either way, expires nothing

setup 'lifetime = "1h"; warn_after = "1m";'
year=525600
at 300
send good@example.org no@example.org
is "$(count failed)" 1 'one was returned'
send later@example.org
id=$(queued)
before=$(sent)
for when in $((300 + 10 * year)) 302 $((300 - 10 * year)) 304; do
	at $when
	once
done
is "$(queued)" "$id" 'a clock that jumps returns nothing'
is "$(count failed)" 1 '... nor does it purge anything'
is "$(state "$id" attempts)" 5 '... nor is it stuck'
run "$OSMTP" queue delete "$id"
at 400

# ---- damage

send later@example.org
id=$(queued)
file=$(find "$SPOOL/queue" -name "$id")
printf 'not a state\n' >"$file.state"
at 401
before=$(sent)
once
is "$(state "$id" attempts)" 1 'without its state it is tried, from the start'
run "$OSMTP" queue show "$id"
like "$out" 'may have got it' '... and shown so'
python3 - "$file" <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    text = f.read()
    f.seek(text.rindex(b"body"))
    f.write(b"BODY")
END
run "$OSMTP" queue delete "$id"

send -odq good@example.org
id=$(queued)
file=$(find "$SPOOL/queue" -name "$id")
python3 - "$file" <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    text = f.read()
    f.seek(text.rindex(b"body"))
    f.write(b"BODY")
END
once
is "$(sent)" "$before" 'what was altered is not sent to its end'
is "$(ids bad)" "$id" '... but set aside'
is "$(logged "id=$id event=settle result=damaged")" 1 '... and logged'
send -odq good@example.org
id2=$(queued)
file=$(find "$SPOOL/queue" -name "$id2")
printf '' >"$file"
once
like "$(ids bad)" "$id2" 'an empty file is set aside, too'
send good@example.org
exits 0 'the others go on'
is "$(sent)" $((before + 1)) '... as ever'

# ---- no attempt while its result could not be recorded

if [ "$(id -u)" -ne 0 ]; then
	send -odq good@example.org
	before=$(sent)
	find "$SPOOL" -type d -exec chmod 500 {} +
	find "$SPOOL" -type f -exec chmod 400 {} +
	once
	[ "$status" -ne 0 ]
	result $? 'a spool that cannot be written is an error'
	is "$(sent)" "$before" '... and nothing is sent'
	find "$SPOOL" -type d -exec chmod 700 {} +
	find "$SPOOL" -type f -exec chmod 600 {} +
	once
	is "$(sent)" $((before + 1)) '... mended: it goes'
fi

finish
