#!/bin/sh
# SPDX-License-Identifier: ISC
# NOTIFY=SUCCESS, and a server that loses links after the dot, of messages and
# of reports: each sender hears of a success once, never of one that was not.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING", "8BITMIME", "SIZE"], "on": {
  "final": [{"cut": true}, null, {"reset": true}, {"close": true}, null,
    {"reply": "421 4.3.2 x", "close": true}, {"reply": "250 ok", "close": true},
    null, {"cut": true}, null, {"close": true}, null, null, {"reset": true},
    null, {"reply": "451 4.3.0 x"}],
  "body": [null, null, {"rst_after_dot": true}, null, null,
    {"close_after_bytes": 40}]}}}}
END
conf <<'END'
domain = "example.com";
log = { to = "@TMP@/log"; };
profiles = {
  box = { kind = "mailbox"; address = "box@example.com"; users = "*";
    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
    auth = "none"; };
};
END

i=1
while [ $i -le 12 ]; do
	send -odq -N success,failure -V "id-$i" "u$i@example.org"
	i=$((i + 1))
done
is "$(count queue)" 12 'twelve messages wait'
i=0
while [ $i -lt 40 ] && [ "$(count queue)" != 0 ]; do
	i=$((i + 1))
	at $((i * 45))
	once
done
is "$(count queue) $(count failed) $(count bad)" '0 0 0' 'all is gone at last'
is "$(cat "$LOG"/msg-*.eml | tr -d '\r' |
    sed -n 's/^Original-Envelope-Id: id-//p' | sort -n | tr '\n' ' ')" \
    '1 2 3 4 5 6 7 8 9 10 11 12 ' '... one report on each'
is "$(cat "$LOG"/msg-*.eml | tr -d '\r' | sed -n 's/^Action: //p' | sort |
    uniq -c | tr -s ' ')" ' 12 relayed' '... of a success'
is "$(cat "$LOG"/msg-*.json | grep -o '"u[0-9]*@example.org"' | sort -u |
    wc -l | tr -d ' ')" 12 '... that each of them was'
between 1 30 "$(find "$LOG" -name 'refused-*.eml' | wc -l)" 'links were lost'
finish
