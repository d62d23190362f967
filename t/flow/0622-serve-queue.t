#!/bin/sh
# SPDX-License-Identifier: ISC
# sendmail -bs and the queue: durable before 250, tried in the background.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"
# shellcheck source=serve.sh
. "${0%/*}/serve.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING", "8BITMIME", "SIZE"], "on": {
  "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"},
  "rcpt:later@example.org": {"reply": "450 4.2.1 not now"}}},
  "slow": {"on": {"greeting": {"hang": true}}}}}
END
setup() { # LISTENER SETTINGS
	conf <<-END
		domain = "example.com";
		log = { to = "@TMP@/log"; };
		${2-}
		profiles = {
		  box = { kind = "mailbox"; address = "box@example.com"; users = "*";
		    server = "smtp://localhost:@PORT:$1@"; tls = { mode = "none"; };
		    auth = "none"; };
		};
	END
}
setup smtp
B="${S}Subject: x\r\n\r\nbody\r\n.\r\n"

# ---- not tried, and tried later

serve "${B}QUIT\r\n" -odq
is "$codes" '220 250 250 354 250 221' 'with -odq'
is "$(count queue) $(sent)" '1 0' '... it only waits'
whole "$OSMTP" run --once
is "$(count queue) $(sent)" '0 1' '... for a run'

serve "${M}RCPT TO:<later@example.org>\r\nDATA\r\nx: y\r\n\r\n.\r\nQUIT\r\n"
is "$codes $err" '220 250 250 354 250 221 ' 'put off'
is "$(count queue)" 1 '... it stays'
run "$OSMTP" queue delete --all
serve "${M}RCPT TO:<no@example.org>\r\nDATA\r\nx: y\r\n\r\n.\r\nQUIT\r\n"
is "$codes $err" '220 250 250 354 250 221 ' 'refused by the server'
is "$(fact "$(newest)" sender) $(fact "$(newest)" accepted)" \
    ' ["box@example.com"]' '... a report comes back'
check '... no dead.letter' [ ! -e "$HOME/dead.letter" ]

# ---- killed between 250 and delivery

cat >"$TMP/kill.py" <<'END'
import os, signal, subprocess, sys
p = subprocess.Popen([sys.argv[1], "-bs", *sys.argv[3:]], close_fds=False,
                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
say = lambda text: (p.stdin.write(text.encode()), p.stdin.flush())
hear = lambda: p.stdout.readline().decode()
print(hear(), end="")
for line in ("MAIL FROM:<box@example.com>", "RCPT TO:<a@example.org>", "DATA"):
    say(line + "\r\n")
    print(hear(), end="")
say("Subject: x\r\n\r\nbody\r\n")
if sys.argv[2] == "after":
    say(".\r\n")
    print(hear(), end="")
p.send_signal(signal.SIGKILL)
p.wait()
END
was=$(sent)
run python3 "$TMP/kill.py" "$SENDMAIL" before -odq
is "$(count queue) $(sent)" "0 $was" 'killed before the final dot: nothing'
run python3 "$TMP/kill.py" "$SENDMAIL" after -odq
like "$out" '250 2.0.0 queued as' 'killed behind 250'
is "$(count queue) $(sent)" "1 $was" '... it is in the queue'
whole "$OSMTP" run --once
is "$(count queue) $(sent)" "0 $((was + 1))" '... and goes out'
whole python3 "$TMP/kill.py" "$SENDMAIL" after
is "$(count queue) $(sent)" "0 $((was + 2))" \
    'the attempt goes on without the session'

# ---- many messages, one child

i=0
while [ $i -lt 120 ]; do
	printf '%b' "$B"
	i=$((i + 1))
done >"$TMP/session"
printf 'QUIT\r\n' >>"$TMP/session"
# children: the processes of -bs.
children() {
	for p in /proc/[0-9]*; do
		case $({ tr '\0' ' ' <"$p/cmdline"; } 2>/dev/null) in
		"$SENDMAIL -bs"*) echo "${p#/proc/}" ;;
		esac
	done
}
setup slow
run "$SENDMAIL" -bs <"$TMP/session"
is "$(grep -c '^250 2.0.0 queued' "$TMP/out")" 120 '120 messages in a session'
is "$(count queue)" 120 '... all are in the queue, while the server is slow'
left=$(children)
is "$(echo "$left" | wc -w | tr -d ' ')" 1 '... and one child is at work'
kill -9 "$left"
while kill -0 "$left" 2>/dev/null; do sleep 0.02; done
setup smtp
was=$(sent)
whole "$OSMTP" run --once
is "$(count queue) $(sent)" "0 $((was + 120))" '... and all go out, once each'
whole "$SENDMAIL" -bs <"$TMP/session"
is "$(count queue) $(sent)" "0 $((was + 240))" '120 more, tried at once'
is "$(grep -o 'rcpts' "$LOG"/msg-*.json | wc -l | tr -d ' ')" "$(sent)" \
    '... each on its own'

# ---- no room, no right

setup smtp 'queue = { min_free = "1024G"; };'
serve "${B}${B}QUIT\r\n"
is "$codes" '220 250 250 354 452 250 250 354 452 221' 'a full disk'
like "$out" '452 4.3.1 .*(room|space|free)' '... why is said'
is "$err$(count queue)" 0 '... and nothing is there'
setup smtp 'queue = { max_message = "1k"; };'
serve "${S}$(head -c 2000 /dev/zero | tr '\0' x)\r\n.\r\n${B}QUIT\r\n"
is "$codes" '220 250 250 354 552 250 250 354 250 221' 'too large'
like "$out" '552 5.3.4 message: larger than 1024 octets' '... why is said'
is "$(count queue)" 0 '... nothing of it is left'
check '... no dead.letter' [ ! -e "$HOME/dead.letter" ]
finish
