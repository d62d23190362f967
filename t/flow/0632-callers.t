#!/bin/sh
# SPDX-License-Identifier: ISC
# What callers leave a program in: descriptors, signals, limits, environment;
# with the queue. Result and queue agree, always: 0 and there, or not.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"on": {
  "rcpt:later@example.org": {"reply": "450 4.2.1 not now"}}}}}
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
dead=$HOME/dead.letter
printf 'Subject: hello\n\nfirst\nlast\n' >"$TMP/in"

# goes NAME COMMAND..: 0, one message more, whole, and none waits.
goes() {
	name=$1 before=$(sent)
	shift
	whole "$@" <"$TMP/in"
	[ "$status" -eq 0 ] && [ "$(sent)" -eq $((before + 1)) ] &&
	    [ -z "$(queued)" ] && tr -d '\r' <"$LOG/msg-$(sent).eml" |
	    sed '1,/^$/d' | diff "$TMP/body" - >&2
	result $? "$name" "status $status" "$out" "$err"
}
# left: what there is of messages in the spool, finished or not.
left() {
	find "$SPOOL/new" "$SPOOL/queue" "$SPOOL/failed" "$SPOOL/bad" -type f
}
# nothing NAME: not sent, not kept anywhere.
nothing() {
	[ "$(sent)" -eq "$before" ] && [ -z "$(left)" ] && [ ! -e "$dead" ]
	result $? "$1: nothing is sent or kept" "$(sent) sent, $before before" \
	    "$(left)" "$(ls "$HOME")"
}
printf 'first\nlast\n' >"$TMP/body"
goes 'as ever' "$SENDMAIL" -i -f box@example.com bob@example.org

# ---- descriptors, in all combinations

# Each of 0, 1 and 2 is closed, or not, or leads to where it is of no use.
for in in '' '<&-' '</dev/null'; do
	for out in '' '>&-' '>/dev/full'; do
		for err in '' '2>&-' '2>/dev/full'; do
			echo "exec \"\$@\" $in $out $err"
		done
	done
done >"$TMP/combinations"
while read -r line; do
	before=$(sent)
	whole sh -c "$line" - "$SENDMAIL" -iv -f box@example.com \
	    bob@example.org <"$TMP/in"
	case $line in
	*'<&-'*)
		[ "$status" -eq 66 ]
		result $? "66: ${line#*@\" }" "status $status"
		nothing '... and'
		;;
	*'</dev/null'*)
		[ "$status" -eq 0 ] && [ "$(sent)" -eq $((before + 1)) ]
		result $? "an empty message: ${line#*@\" }" "status $status"
		;;
	*)
		[ "$status" -eq 0 ] && [ "$(sent)" -eq $((before + 1)) ] &&
		    tr -d '\r' <"$LOG/msg-$(sent).eml" | sed '1,/^$/d' |
		    diff "$TMP/body" - >&2
		result $? "it arrives: ${line#*@\" }" "status $status"
		;;
	esac
	is "$(find "$SPOOL" -path '*/bad/*' -type f)" '' '... no file took it'
	# -t with nothing to read
	case $line in
	*'<&-'* | *'</dev/null'*)
		before=$(sent)
		whole sh -c "$line" - "$SENDMAIL" -t
		[ "$status" -ne 0 ]
		result $? '... with -t it is refused' "status $status"
		rm -f "$dead"
		nothing '... and'
		;;
	esac
done <"$TMP/combinations"

# ---- input that can't be read

before=$(sent)
# shellcheck disable=SC2016
{
	whole "$SENDMAIL" -i -f box@example.com bob@example.org <"$TMP"
	exits 66 'a directory'
	nothing '... and'
	whole sh -c 'exec "$@" 0>"$0"' "$TMP/only-written" \
	    "$SENDMAIL" -i -f box@example.com bob@example.org
	exits 66 'write-only'
	nothing '... and'
	whole sh -c 'exec "$@" 0>"$0"' "$TMP/only-written" "$SENDMAIL" -t
	exits 66 'write-only, with -t'
	nothing '... and'
}
# An error in the middle is no end: a terminal that hangs up, half a message in.
cat >"$TMP/hang-up" <<'END'
import os, pty, signal, subprocess, sys, time, tty
master, slave = pty.openpty()
tty.setraw(slave)
run = subprocess.Popen(sys.argv[1:], stdin=slave, stderr=subprocess.PIPE,
                       start_new_session=True)
os.write(master, b"Subject: half\n\nhalf of it\n")
time.sleep(0.3)
os.close(slave)
os.close(master)
print(run.wait(20))
END
run python3 "$TMP/hang-up" "$SENDMAIL" -i -f box@example.com bob@example.org
is "$out" 66 'a terminal that hangs up is no end of file'
nothing '... and'

# ---- signals

# Sent while input is read, with the dispositions that callers leave.
cat >"$TMP/signals" <<'END'
import os, signal, subprocess, sys, time
names = "SIGTERM", "SIGINT", "SIGHUP"
def start(ignored):
    def set_up():
        for name in names:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        for name in ignored:
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    return subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE,
                            preexec_fn=set_up)
for name in names:
    for text in b"Subj", b"Subject: x\n", b"Subject: x\n\nhalf\n" * 20000:
        run = start([])
        run.stdin.write(text)
        run.stdin.flush()
        time.sleep(0.05)
        run.send_signal(getattr(signal, name))
        time.sleep(0.05)
        try:
            run.stdin.close()
        except BrokenPipeError:
            pass
        if run.wait(20) == 0:
            print(name, "went on")
run = start(["SIGHUP", "SIGPIPE", "SIGCHLD", "SIGALRM", "SIGXFSZ"])
run.stdin.write(b"Subject: hello\n\nfirst\n")
run.stdin.flush()
run.send_signal(signal.SIGHUP)
run.stdin.write(b"last\n")
run.stdin.close()
print("ignored", run.wait(20))
END
before=$(sent)
run python3 "$TMP/signals" "$SENDMAIL" -i -f box@example.com bob@example.org
is "$out" 'ignored 0' 'a signal ends it, unless the caller ignores it'
is "$(sent)" $((before + 1)) '... that one is sent, and no other'
before=$(sent)
nothing 'those that were ended'

# After the commit a signal changes nothing: it waits for the server then.
whole "$SENDMAIL" -i -f box@example.com later@example.org <"$TMP/in"
is "$(count queue)" 1 'what is committed is there'
"$OSMTP" queue delete --all

# ---- limits

{ cat "$TMP/in"; awk 'BEGIN { while (n++ < 9000) print "more text" }'; } \
    >"$TMP/big"
cat >"$TMP/limited" <<'END'
{ (ulimit -f "$1"; shift; exec "$@") 2>&1; echo "status $?"; } | cat
END
before=$(sent)
for limit in 0 1 40 100; do
	whole sh "$TMP/limited" $limit "$SENDMAIL" -i -f box@example.com \
	    bob@example.org <"$TMP/big"
	like "$out" '^status 7[345]$' "files of $limit blocks: it is refused"
	rm -f "$dead"
	nothing '... and'
done

# ---- the environment

ln -s "$OSMTP" "$TMP/osmtp"
conf=$HOME/.config/osmtp/osmtp.conf
bare="env -i OSMTP_TEST_HOME=$HOME OSMTP_TEST_ETC=$OSMTP_TEST_ETC"
# shellcheck disable=SC2086,SC2016 # words
{
	goes 'no environment' $bare "$SENDMAIL" -i -f box@example.com b@example.org
	goes 'IFS, POSIXLY_CORRECT, LC_ALL' env IFS=./@ POSIXLY_CORRECT=1 \
	    LC_ALL=xx_XX.UTF-8 LANG=C.UTF-8 CDPATH=/ ENV=/nowhere \
	    BASH_ENV=/nowhere PATH= MALLOC_CHECK_=3 MALLOC_PERTURB_=85 \
	    "$SENDMAIL" -i -f box@example.com b@example.org
	goes 'a PATH of nothing, with -t and options behind it' \
	    env -u PATH POSIXLY_CORRECT=1 "$SENDMAIL" -f box@example.com -i \
	    b@example.org
	goes 'umask 000' sh -c 'umask 000; exec "$@"' - \
	    "$SENDMAIL" -i -f box@example.com b@example.org
	is "$(find "$SPOOL" ! -type l -perm /077)" '' \
	    '... the queue is closed to others'
	goes 'umask 777' sh -c 'umask 777; exec "$@"' - \
	    "$SENDMAIL" -i -f box@example.com b@example.org
	mkdir "$TMP/gone"
	goes 'a folder that was deleted' \
	    sh -c 'cd "$1" && rmdir "$1" && shift && exec "$@"' - \
	    "$TMP/gone" "$SENDMAIL" -i -f box@example.com b@example.org
	for home in /nowhere relative '' /etc/passwd; do
		run env HOME="$home" "$TMP/osmtp" -C "$conf" --now -i \
		    -f box@example.com b@example.org <"$TMP/in"
		exits 0 "HOME=$home"
	done
}
if [ "$(id -u)" -eq 0 ]; then
	mkdir "$TMP/foreign" && chown 65534 "$TMP/foreign" &&
	    cp -R "$HOME/.config" "$TMP/foreign" &&
	    chown -R 65534 "$TMP/foreign/.config"
	run env HOME="$TMP/foreign" "$TMP/osmtp" -C "$conf" --now -i \
	    -f box@example.com b@example.org <"$TMP/in"
	exits 0 "HOME of somebody else"
fi

# ---- forty at once

before=$(sent)
pids='' codes=''
i=0
while [ $i -lt 40 ]; do
	printf 'Subject: number %s\n\nbody\n' $i | "$SENDMAIL" -i \
	    -f box@example.com bob@example.org >/dev/null 2>>"$TMP/errors" \
	    9>&- 8>&- &
	pids="$pids $!" i=$((i + 1))
done
for pid in $pids; do
	wait "$pid"
	codes="$codes$?"
done
is "$codes" "$(printf '%040d' 0)" 'forty at once: 0'
whole "$SENDMAIL" -q
is "$(queued)" '' '... none is left'
is "$(sent)" $((before + 40)) '... forty arrive'
is "$(cat "$LOG"/msg-*.eml | grep '^Subject: number' | sort | uniq -d)" '' \
    '... each once'

# ---- the exit status is that of sysexits

printf 'Subject: x\n To: indented@example.org\n\nbody\n' >"$TMP/indented"
printf ' To: indented@example.org\n\nbody\n' >"$TMP/first"
printf 'To: nobody:;\n\nbody\n' >"$TMP/group"
for case in "64 " "64 -f box@example.com" "65 -t in" "65 -t indented" \
    "65 -t first" "65 -t group" "65 b@@example.org in" \
    "78 -a nobody b@example.org in" "77 -f zoe@example.net b@example.org in"; do
	before=$(sent) code=${case%% *} words=${case#* } input=/dev/null
	case $words in
	*' in' | *' indented' | *' first' | *' group')
		input=$TMP/${words##* } words=${words% *}
		;;
	esac
	# shellcheck disable=SC2086 # words
	whole "$SENDMAIL" $words <"$input"
	exits "$code" "$code: sendmail $words <${input##*/}"
	is "$out" '' '... nothing on standard output'
	like "$err" '^sendmail: ' '... the name first'
	rm -f "$dead"
	nothing '... and'
done
finish
