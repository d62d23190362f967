#!/bin/sh
# SPDX-License-Identifier: ISC
# What a message, a file or a child could hold up or fill without an end.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
QUEUE=yes

start_fake - <<'END'
{"listeners": {
  "smtp": {"on": {"rcpt:bad@example.org": {"reply": "550 5.1.1 no"}}},
  "tls": {"tls": "starttls"},
  "token": {"type": "token", "responses": [{"delay": 4,
      "json": {"error": "invalid_client"}, "status": 401}]}}}
END
{
	cat <<-'END'
		log = { to = "@TMP@/log"; }; default = "plain"; profiles = {
		plain = {
		  kind = "system"; address = "plain@example.com"; auth = "none";
		  rewrite = false;
		  server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
		};
		slow = {
		  kind = "system"; address = "slow@example.com";
		  server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
		  timeouts = { token = "10s"; foreground = "1s"; };
		  oauth = { client_id = "app"; client_secret = "x1y2z3";
		    token_url = "https://localhost:@PORT:token@/token";
		    ca_file = "@CERTS@/ca.pem"; };
		};
	END
	for name in noise half key empty; do
		cat <<-END
			$name = {
			  kind = "system"; address = "$name@example.com";
			  server = "smtp://localhost:@PORT:tls@"; auth = "none";
			  tls = { ca_file = "@TMP@/$name.pem"; };
			};
		END
	done
	echo '};'
} | conf
sendmail=$TMP/sendmail
ln -s "$OSMTP" "$sendmail"
dead=$HOME/dead.letter
printf 'Subject: x\n\nhello\n' >"$TMP/in"

# hold FILE: lock it until its end of the FIFO FILE.held is closed.
cat >"$TMP/hold" <<'END'
import fcntl, sys
with open(sys.argv[1], "a") as f:
    fcntl.flock(f, fcntl.LOCK_EX)
    open(sys.argv[1] + ".locked", "w").close()
    sys.stdin.read()
END
# lock FILE: hold it until descriptor 7 is closed.
lock() {
	mkfifo "$1.life"
	python3 "$TMP/hold" "$1" <"$1.life" 7>&- 8>&- 9>&- &
	holder=$!
	exec 7>"$1.life"
	until [ -e "$1.locked" ]; do
		kill -0 "$holder" || exit 1
		sleep 0.02
	done
}
unlock() {
	exec 7>&-
	wait "$holder"
}
# takes LEAST MOST NAME: the seconds since $began
takes() {
	took=$(($(date +%s) - began))
	[ "$took" -ge "$1" ] && [ "$took" -le "$2" ]
	result $? "$3" "it took $took s, not $1 to $2"
}

# ---- a lock that is not given up: goes on while the other tests run

mkdir "$TMP/held"
echo older >"$TMP/held/dead.letter"
mkfifo "$TMP/held.life"
python3 "$TMP/hold" "$TMP/held/dead.letter" <"$TMP/held.life" 9>&- &
held=$!
exec 8>"$TMP/held.life"
until [ -e "$TMP/held/dead.letter.locked" ]; do sleep 0.02; done
began=$(date +%s)
{
	OSMTP_TEST_HOME=$TMP/held XDG_CONFIG_HOME=$HOME/.config \
	    timeout 14 "$sendmail" bad@example.org <"$TMP/in" \
	    >"$TMP/held.err" 2>&1
	held_status=$?
	takes 9 13 'a lock that is not given up: waited for, not for ever' \
	    >"$TMP/held.result"
	exit "$held_status"
} 8>&- 9>&- &
waiting=$!

# ---- a header without an end

# header OCTETS: fields, no blank line
header() { yes 'A: b' | head -c "$1"; }
echo older >"$dead"
chmod 600 "$dead"
header 60000000 >"$TMP/long"
run "$sendmail" bad@example.org <"$TMP/long"
exits 65 'a header of 60 MB'
like "$err" 'text of the message is gone: .*longer than 52428800 octets' \
    '... the text is gone, and it says so'
is "$(cat "$dead")" older '... dead.letter does not grow'
header 5000000 >"$TMP/long"
run "$sendmail" bad@example.org <"$TMP/long"
exits 65 'a header of 5 MB'
like "$err" "kept in $dead" '... is kept'
is "$(grep -c '^A: b$' "$dead")" 1000000 '... as a whole'
rm "$dead" "$TMP/long"

# ---- locks

: >"$dead"
ln "$dead" "$TMP/second"
lock "$dead"
began=$(date +%s)
run timeout 5 "$sendmail" bad@example.org <"$TMP/in"
takes 0 3 'a locked file with two names is not waited for'
exits 67 '... the status is the delivery'"'"'s'
like "$err" "message is gone: .*$dead: not a plain file" '... said'
check '... nothing is written' [ ! -s "$dead" ]
rm "$TMP/second"
"$sendmail" bad@example.org <"$TMP/in" >"$TMP/short.err" 2>&1 7>&- 8>&- 9>&- &
pid=$!
sleep 0.5 # most likely it waits by now; if not, it needs no waiting
check 'a locked file is waited for' kill -0 "$pid"
unlock
wait "$pid"
is $? 67 '... until it is free'
like "$(cat "$TMP/short.err")" "kept in $dead" '... and the text is kept'
like "$(cat "$dead")" '^hello$' '... there'
rm "$dead"

# ---- who reads what a command says does not wait for its child

began=$(date +%s)
"$OSMTP" --now -a slow b@example.org <"$TMP/in" 2>&1 8>&- 9>&- |
    cat >"$TMP/slow.err"
takes 0 2 'a slow token: the pipe is closed as the command ends'
like "$(cat "$TMP/slow.err")" 'timeouts.foreground' '... because of foreground'

# ---- a name without an end

for n in 10 1000 4000 30000; do
	name=$(python3 -c 'print("\u00e9" * int(__import__("sys").argv[1]))' "$n")
	for more in '' ', "x" (y)'; do
		run "$OSMTP" --dry-run -F "$name$more" b@example.org <"$TMP/in"
		case $status in
		0)
			from=$(printf '%s\n' "$out" | awk '
				/^[^ \t]/ { on = /^From:/ } on { printf "%s", $0 }')
			like "$from" '^From: .*<[^ <>@]+@[^ <>@]+>$' \
			    "-F with $n letters${more:+, quoted}: an address" ;;
		*)
			exits 65 "-F with $n letters${more:+, quoted}: refused"
			unlike "$out" '^From: ' '... and nothing shown' ;;
		esac
	done
done

# ---- CA files that never will be of use

printf '%s\n' '-----BEGIN CERTIFICATE-----' MIIB \
    '-----END CERTIFICATE-----' >"$TMP/noise.pem"
head -n 5 "$FAKE_CERTS/ca.pem" >"$TMP/half.pem"
sed 's/CERTIFICATE/PRIVATE KEY/' "$FAKE_CERTS/ca.pem" >"$TMP/key.pem"
: >"$TMP/empty.pem"
for name in noise half key empty; do
	: >"$TMP/log"
	run "$OSMTP" --now -a "$name" b@example.org <"$TMP/in"
	exits 78 "a damaged CA file ($name)"
	like "$err" "CA ?(file|of the file):? $TMP/$name.pem" '... is named'
	like "$(cat "$TMP/log")" 'event=delivery .*class=C' '... class C'
done

# ---- the lock from above

wait "$waiting"
code=$?
check 'a lock that is not given up is waited for, but not for ever' \
    grep '^ok' "$TMP/held.result"
is "$code" 67 '... the status is the delivery'"'"'s'
like "$(cat "$TMP/held.err")" 'text of the message is gone: .*dead\.letter' \
    '... said'
is "$(cat "$TMP/held/dead.letter")" older '... nothing is written'
exec 8>&-
wait "$held"
finish
