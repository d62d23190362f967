# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# harness: what flow tests share; ../README has an example.
# shellcheck disable=SC2034 # status, out, err, LOG are for the tests
set -u
set -a # all of these are for the programs, too
T=${T:-$(cd "${0%/*}/.." && pwd)}
OSMTP=${OSMTP:-$T/osmtp-test}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/flow.XXXXXX") || exit 1
LC_ALL=C TZ=UTC FAKE_CERTS=${FAKE_CERTS:-$TMP/certs}
HOME=$TMP/home OSMTP_TEST_HOME=$TMP/home OSMTP_TEST_ETC=$TMP/etc
OSMTP_TEST_STATE=$TMP/state OSMTP_TEST_HOSTNAME=test.example.test
set +a
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_RUNTIME_DIR http_proxy https_proxy \
    all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE
umask 022
mkdir -p "$HOME/.config/osmtp" "$OSMTP_TEST_ETC/osmtp" "$OSMTP_TEST_STATE"
: >"$TMP/ports"
tests=0 failed=0 fakes=0 fake='' status='' out='' err='' LOG=''

# Whatever happens, neither process nor file stays.
trap 'exec 9>&-; [ -z "$fake" ] || wait "$fake"; rm -rf "$TMP"' EXIT
trap 'exit 1' HUP INT TERM

# result OK NAME [DIAGNOSTIC...]: one test point; OK is 0 or not.
result() {
	tests=$((tests + 1))
	[ "$1" -eq 0 ] && echo "ok $tests - $2" && return
	failed=$((failed + 1))
	echo "not ok $tests - $2"
	shift 2
	printf '%s\n' "$@" | sed 's/^/# /'
}
# is GOT WANT NAME; like, unlike TEXT REGEX NAME; check NAME COMMAND...
is() {
	[ "$1" = "$2" ]
	result $? "$3" "got:      $1" "expected: $2"
}
like() {
	printf '%s\n' "$1" | grep -Eq -e "$2"
	result $? "$3" "no match for /$2/ in:" "$1"
}
unlike() {
	! printf '%s\n' "$1" | grep -Eq -e "$2"
	result $? "$3" "unwanted match for /$2/ in:" "$1"
}
check() { result "$(shift; "$@" >&2; echo $?)" "$1" "failed: $*"; }

# run COMMAND...: sets status, out, err; input is that of the call itself.
run() {
	"$@" >"$TMP/out" 2>"$TMP/err" 9>&-
	status=$?
	out=$(cat "$TMP/out") err=$(cat "$TMP/err")
}
# exits STATUS NAME: how the last run ended, with its words if not so.
exits() {
	[ "$status" -eq "$1" ]
	result $? "$2" "exit status $status, expected $1" "$out" "$err"
}

# start_fake [SCRIPT]: t/fake/server with a script (default: standard input).
# Its log is in $LOG then; port NAME prints where a listener is.
start_fake() {
	fakes=$((fakes + 1)) LOG=$TMP/fake.$fakes
	mkdir "$LOG" && cat -- "${1--}" >"$LOG/script"
	"$T/fake/certs" "$FAKE_CERTS" && mkfifo "$LOG/life" || exit 1
	"$T/fake/server" "$LOG/script" "$LOG/ready" "$LOG" <"$LOG/life" \
	    2>"$LOG/stderr" &
	fake=$!
	exec 9>"$LOG/life" # the fake lives until this closes
	until [ -e "$LOG/ready" ]; do
		kill -0 "$fake" 2>/dev/null || { cat "$LOG/stderr" >&2; exit 1; }
		sleep 0.02
	done
	sed -n 's/^ "\(.*\)": \([0-9]*\),*$/s|@PORT:\1@|\2|g/p' "$LOG/ready" \
	    >"$TMP/ports"
}
stop_fake() {
	exec 9>&-
	wait "$fake"
	fake=''
	[ ! -s "$LOG/stderr" ] || result 1 'the fake server' "$(cat "$LOG/stderr")"
}
port() { sed -n "s/^ \"$1\": \([0-9]*\),*\$/\1/p" "$LOG/ready"; }
# fact FILE KEY: from $LOG/FILE.json, by a path as "login.user", "rcpts.0".
fact() { python3 "$T/fake/fact" "$LOG/$1.json" "$2"; }

# conf [FILE]: write a configuration (default: the user's) from standard input,
# where @PORT:NAME@ @CERTS@ @TMP@ stand for what they say. It has no queue,
# unless the test sets QUEUE=yes before.
conf() {
	set -- "${1:-$HOME/.config/osmtp/osmtp.conf}" '1s|^|spool = "none"; |'
	[ -z "${QUEUE-}" ] || set -- "$1" ''
	sed -e "s|@CERTS@|$FAKE_CERTS|g" -e "s|@TMP@|$TMP|g" -e "$2" \
	    -f "$TMP/ports" >"$1" && chmod 600 "$1"
}
finish() {
	[ -z "$fake" ] || stop_fake
	echo "1..$tests"
	exit $((failed > 0))
}
