# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # status, out, err, SPOOL are for the tests
# queue: what tests of the queue share. They tell the time themselves.
QUEUE=yes
SPOOL=$HOME/.local/state/osmtp/spool
SENDMAIL=$TMP/sendmail
ln -s "$OSMTP" "$SENDMAIL"
printf 'Subject: test\n\nbody\n' >"$TMP/in"

# at MINUTES: what the clock shows from now on.
at() { export OSMTP_TEST_NOW=$((1700000000000 + $1 * 60000)); }
at 0

# whole COMMAND...: as run, and wait for what goes on in the background: it
# holds descriptor 8, whose other end is read here.
whole() {
	status=$({
		"$@" >"$TMP/out" 2>"$TMP/err" 9>&-
		echo $?
	} 8>&1)
	out=$(cat "$TMP/out") err=$(cat "$TMP/err")
}
# send ARGUMENTS...: a message from box@example.com.
send() { whole "$SENDMAIL" -i -f box@example.com "$@" <"$TMP/in"; }
once() { whole "$OSMTP" run --once -v; }

# ids PLACE: the messages there; queued: those in the queue.
ids() {
	find "$SPOOL/$1" -type f ! -name '*.state' 2>/dev/null |
	    sed 's|.*/||' | sort | tr '\n' ' ' | sed 's/ $//'
}
queued() { ids queue; }
count() { ids "$1" | wc -w | tr -d ' '; }

# sent: how many messages the server has; connections NAME: and how often it
# was called.
sent() { find "$LOG" -name 'msg-*.eml' | wc -l | tr -d ' '; }
connections() { grep -c '\* connected' "$LOG/$1.trace"; }

# logged WORDS: lines of the log with that.
logged() { grep -c -e "$1" "$TMP/log"; }

# state ID KEY: a line of its state file, "" if there is none.
state() {
	cat "$SPOOL"/*/*/"$1.state" 2>/dev/null | sed -n "s/^$2 //p"
}
# wait_seconds ID: for how long it waits, from the last attempt.
wait_seconds() { echo $((($(state "$1" next) - $(state "$1" last)) / 1000)); }

# between LOW HIGH NUMBER NAME
between() {
	[ "$3" -ge "$1" ] && [ "$3" -le "$2" ]
	result $? "$4" "$3 is not in $1 .. $2"
}
