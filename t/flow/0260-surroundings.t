#!/bin/sh
# SPDX-License-Identifier: ISC
# Whatever process, shell or daemon the caller is: whole, once, or not at all.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {},
  "sub": {"tls": "starttls", "require_auth": true, "accept_issued": true,
          "auth": {"XOAUTH2": []}},
  "token": {"type": "token", "responses": [
     {"json": {"access_token": "$token", "expires_in": 3600}}]}}}
END
conf <<'END'
domain = "example.com";
admin = "ops@example.com";
log = { to = "@TMP@/log"; };
default = "plain";
profiles = {
  plain = {
    kind = "system"; address = "plain@example.com";
    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
    auth = "none"; timeouts = { foreground = "900ms"; };
  };
  oauth = {
    kind = "system"; address = "oauth@example.com";
    server = "smtp://localhost:@PORT:sub@";
    tls = { ca_file = "@CERTS@/ca.pem"; };
    oauth = { client_id = "id"; client_secret = "secret"; scope = "mail";
              token_url = "https://localhost:@PORT:token@/token";
              ca_file = "@CERTS@/ca.pem"; };
  };
};
END
conf=$HOME/.config/osmtp/osmtp.conf
state=$HOME/.local/state
sendmail=$TMP/sendmail
ln -s "$OSMTP" "$sendmail"
dead=$HOME/dead.letter
printf 'Subject: hello\n\nfirst\nlast\n' >"$TMP/in"
sent=0

# goes NAME COMMAND...: exits 0, and one message more arrives, whole.
goes() {
	name=$1
	shift
	run "$@" <"$TMP/in"
	arrived "$name" "$status"
}
arrived() { # NAME STATUS
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml
	[ "$2" -eq 0 ] && [ "$(tr -d '\r' <"$eml" | sed '1,/^$/d')" = 'first
last' ] && [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	result $? "$1" "status $2" "$out" "$err" "$(cat "$eml")"
	[ -e "$eml" ] || sent=$((sent - 1))
}
nothing() { check "$1: nothing is sent" [ ! -e "$LOG/msg-$((sent + 1)).eml" ]; }
# forget: no token, no state.
forget() { rm -rf "$state"; }

# ---- descriptors. $@ of these shells is the command.
# shellcheck disable=SC2016
{
	goes 'output closed' sh -c 'exec "$@" >&-' - "$sendmail" -i b@example.org
	is "$err" '' '... is nothing to speak of'
	goes 'errors closed' sh -c 'exec "$@" 2>&-' - "$sendmail" -i b@example.org
	goes 'both closed, -v' sh -c 'exec "$@" >&- 2>&-' - \
	    "$sendmail" -iv b@example.org
	goes 'both closed, with a token to get' sh -c 'exec "$@" >&- 2>&-' - \
	    "$sendmail" -i -a oauth b@example.org
	forget
	run sh -c 'exec "$@" 0<&- >&- 2>&-' - "$sendmail" -i b@example.org
	exits 66 'all closed'
	nothing 'all closed'
	run sh -c 'exec "$@" 2>&-' - "$sendmail" 'a@@b' <"$TMP/in"
	exits 65 'errors closed, an error: the status tells'
	rm -f "$dead"
	if [ -e /dev/full ]; then
		goes 'output full, -v' sh -c 'exec "$@" >/dev/full' - \
		    "$sendmail" -iv b@example.org
		run sh -c 'exec "$@" 2>/dev/full' - "$sendmail" 'a@@b' \
		    <"$TMP/in"
		exits 65 'errors full, an error: the status tells'
		rm -f "$dead"
	fi
	goes 'output without a reader, -v' sh -c '
		mkfifo "$1" && exec 3<>"$1" 4>"$1" 3<&-
		shift
		exec "$@" >&4 2>&4 4>&-' - "$TMP/no-reader" \
	    "$sendmail" -iv b@example.org
}

# ---- environment

bare="env -i OSMTP_TEST_HOME=$HOME"
# shellcheck disable=SC2086 # words
{
	goes 'no environment' $bare "$OSMTP" -C "$conf" -i b@example.org
	goes 'no environment, with a token to get' \
	    $bare "$OSMTP" -C "$conf" -i -a oauth b@example.org
	forget
	goes 'HOME relative' $bare HOME=home "$OSMTP" -C "$conf" -i b@example.org
	goes 'HOME empty' $bare HOME= "$OSMTP" -C "$conf" -i b@example.org
	goes 'HOME not there' $bare HOME=/nowhere "$OSMTP" -C "$conf" -i \
	    b@example.org
	goes 'HOME unset: that of the password database' \
	    $bare "$sendmail" -i b@example.org
}
goes 'an odd environment' env LC_ALL=tr_TR.UTF-8 LANG=nonsense TZ=:no/where \
    IFS=io MALLOC_CHECK_=3 POSIXLY_CORRECT=1 USER=evil LOGNAME=evil \
    EMAIL=evil@example.net MAIL=evil MAILHOST=evil MAILUSER=evil \
    "$sendmail" -i b@example.org
unlike "$(cat "$eml")" evil '... sets no sender'
mkdir "$TMP/gone"
# shellcheck disable=SC2016
goes 'a working directory that was removed' \
    sh -c 'cd "$1" && rmdir "$1" && shift && exec "$@"' - "$TMP/gone" \
    "$sendmail" -i -a oauth b@example.org
forget

# ---- umask, signals, limits

# open_modes FOLDER: what others may look into.
open_modes() { find "$1" ! -type l -perm /077; }
# shellcheck disable=SC2016
for mask in 000 777; do
	rm -f "$TMP/log"
	for time in first second; do
		goes "umask $mask, the $time time" \
		    sh -c 'umask $0 && exec "$@"' $mask \
		    "$sendmail" -i -a oauth b@example.org
		is "$err" '' '... and nothing to complain of'
	done
	is "$(open_modes "$state")" '' "umask $mask: the state is closed to others"
	check "umask $mask: the token is kept" \
	    [ -r "$state/osmtp/tokens/oauth.blob" ]
	is "$(grep -c 'event=delivery' "$TMP/log")" 2 "umask $mask: both are logged"
	run sh -c 'umask $0 && exec "$@"' $mask "$sendmail" 'a@@b' <"$TMP/in"
	check "umask $mask: the dead letter can be read" grep -q '^last$' "$dead"
	is "$(open_modes "$dead")" '' '... by nobody else'
	chmod -R u+rwX "$state" "$TMP/log" 2>/dev/null
	rm -f "$dead"
	forget
done

# shellcheck disable=SC2016
{
	goes 'SIGPIPE and SIGCHLD ignored' sh -c 'trap "" PIPE CHLD; exec "$@"' \
	    - "$sendmail" -i -a oauth b@example.org
	forget
	goes 'ten descriptors' sh -c 'ulimit -n 10 && exec "$@"' \
	    - "$sendmail" -i b@example.org
	goes 'sixteen descriptors, with a token to get' \
	    sh -c 'ulimit -n 16 && exec "$@"' \
	    - "$sendmail" -i -a oauth b@example.org
	forget
	# What is said goes through cat, which has no limit.
	cat >"$TMP/limited" <<'END'
{ (ulimit -f "$1"; shift; exec "$@") 2>&1; echo "status $?"; } | cat
END
	{ cat "$TMP/in"; awk 'BEGIN { while (n++ < 9000) print "more text" }'; } \
	    >"$TMP/big"
	for limit in 0 40; do
		run sh "$TMP/limited" $limit "$sendmail" -i b@example.org \
		    <"$TMP/big"
		like "$out" '^status 7[34]$' "files of $limit blocks: 73 or 74"
		like "$out" 'sendmail: .*: File too large' '... and said'
		nothing "files of $limit blocks"
		check '... no half of it is left' [ ! -s "$dead" ]
		rm -f "$dead"
	done
}

# Signals while the input is read. The text is longer than a pipe holds, so
# that it is being read when all of it is written.
cat >"$TMP/signals" <<'END'
import signal, subprocess, sys
for n in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
    run = subprocess.Popen(
        sys.argv[1:], stdin=subprocess.PIPE,
        preexec_fn=lambda: [signal.signal(s, signal.SIG_DFL) for s in
                            (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)])
    run.stdin.write(b"Subject: half\n\n" + b"half of it\n" * 20000)
    run.stdin.flush()
    run.send_signal(n)
    run.stdin.close()
    print(n.name, "ended" if run.wait(10) != 0 else "went on")
END
run python3 "$TMP/signals" "$sendmail" -i b@example.org
is "$out" 'SIGTERM ended
SIGINT ended
SIGHUP ended' 'a signal ends it'
nothing 'a signal while input is read'
check '... and nothing is kept' [ ! -e "$dead" ]

# ---- input that takes its time

mkfifo "$TMP/pipe"
"$sendmail" -i b@example.org <"$TMP/pipe" >/dev/null 2>"$TMP/err" 9>&- &
pid=$!
exec 7>"$TMP/pipe"
connections=$(grep -c connected "$LOG/smtp.trace")
printf 'Subject: hello\n\nfirst\nla' >&7
sleep 1.2 # longer than timeouts.foreground
is "$(grep -c connected "$LOG/smtp.trace")" "$connections" \
    'a slow writer holds no server'
printf 'st\n' >&7
exec 7>&-
wait "$pid"
arrived 'a slow writer is waited for' $?

"$sendmail" b@example.org <"$TMP/pipe" >/dev/null 2>"$TMP/err" 9>&- &
pid=$!
exec 7>"$TMP/pipe"
printf 'Subject: hello\n\nfirst\nlast\n.\n' >&7
wait "$pid" # the pipe is still open
arrived 'a lone dot does not wait for the end' $?
exec 7>&-

# ---- many at once

pids=''
for i in 0 1 2 3 4 5 6 7 8 9 a b c d e f g h i j; do
	printf 'Subject: number %s\n\nbody\n' $i |
	    "$sendmail" -i -a oauth b@example.org >/dev/null 2>>"$TMP/errors" \
		9>&- &
	pids="$pids $!"
done
codes=''
for pid in $pids; do
	wait "$pid"
	codes="$codes$?"
done
is "$codes" 00000000000000000000 'twenty at once: all are sent'
is "$(cat "$LOG"/msg-*.eml | grep '^Subject: number' | sort -u | wc -l)" 20 \
    'twenty at once: each'
is "$(cat "$LOG"/msg-*.eml | grep -c '^Subject: number')" 20 \
    'twenty at once: once'
is "$(cat "$LOG"/msg-*.eml | grep '^Message-ID' | sort | uniq -d)" '' \
    'twenty at once: no ID is there twice'
is "$(cat "$TMP/errors")" '' 'twenty at once: nothing to say'
sent=$((sent + 20))

# ---- operands and senders that would say more

evil='evil@example.net'
nl='
'
cr=$(printf '\r')
# attack OPTION...: 65, one line on standard error, and nothing is sent.
attack() {
	run "$sendmail" "$@" <"$TMP/in"
	[ "$status" -eq 65 ] && [ ! -e "$LOG/msg-$((sent + 1)).eml" ] &&
	    [ "$(printf '%s\n' "$err" | grep -cv 'kept in')" -eq 1 ]
	result $? "refused: $(printf %s "$*" | tr '\n\r' '||')" \
	    "status $status" "$err"
	rm -f "$dead"
}
for text in "b@example.org${nl}RCPT TO:<$evil>" \
    "b@example.org$cr${nl}RCPT TO:<$evil>" "b@example.org${cr}DATA" \
    "b@example.org${nl}" "b${nl}x@example.org" "b@example.org>${cr}x" \
    'b@example.org> NOTIFY=NEVER X=<' 'b@example.org> SIZE=1' \
    '<b@example.org' 'b@example.org>' '<<b@example.org>>' 'b@@example.org' \
    "$(printf 'b@exam\001ple.org')" "$(printf 'b\177@example.org')" \
    'b@example.org SIZE=1'; do
	case $text in
	*"$nl") ;; # an end of line at the end is just blank
	*) attack -i -- "$text" ;;
	esac
	attack -i -f "$text" good@example.org
done
run "$sendmail" -i -- "-b@example.org" 'b%00@example.org' <"$TMP/in"
exits 0 'a dash, and what only looks like NUL'
sent=$((sent + 1))
for text in "|touch $TMP/owned" "\`touch $TMP/owned\`" "$TMP/owned" \
    ":include:$TMP/in" "\$(touch $TMP/owned)"; do
	run "$sendmail" --now -i "$text" <"$TMP/in"
	[ "$status" -ne 0 ] || sent=$((sent + 1))
done
check 'nothing is run or written' [ ! -e "$TMP/owned" ]
printf 'To: b@example.org\r\nX: a\rBcc: %s\r\n\r\nbody\n' "$evil" >"$TMP/in"
run "$sendmail" -t -i <"$TMP/in"
exits 0 'a bare CR in front of a field'
sent=$((sent + 1))
printf 'To: "x\ny"@example.org\n\nb\n' >"$TMP/in"
attack -t
printf 'To: x\0y@example.org\n\nb\n' >"$TMP/in"
run "$sendmail" -t <"$TMP/in"
exits 0 'a NUL in an address is dropped'
sent=$((sent + 1))
like "$(cat "$LOG"/*.trace)" 'C RCPT TO:<xy@example\.org>' '... on the wire too'

unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule is broken'
unlike "$(cat "$LOG"/*.trace)" "C .*$evil" 'no attack reached the wire'
# ---- input that can't be read

for o in --now -oi; do
	run "$sendmail" "$o" b@example.org <"$TMP"
	exits 66 "input is a directory ($o)"
	[ "$o" = --now ] && gone=0 || gone=1
	is "$(grep -c 'text of the message is gone' "$TMP/err")" "$gone" \
	    '... and whether the text is gone is said to whom it matters'
done

finish
