#!/bin/sh
# SPDX-License-Identifier: ISC
# A dead.letter of somebody else is refused at once, even while it is locked.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
QUEUE=yes

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip 'needs root'
nobody=$(id -u nobody) || skip 'there is no user nobody'

conf <<'END'
spool = "/proc/nowhere";
profiles = {
  none = {
    kind = "system"; address = "none@example.com"; auth = "none";
    server = "smtp://localhost:1"; tls = { mode = "none"; };
  };
};
END
dead=$HOME/dead.letter
printf 'Subject: x\n\nhello\n' >"$TMP/in"
: >"$dead"
chmod 666 "$dead"
chown "$nobody" "$dead"
run python3 - "$dead" "$OSMTP" -a none b@example.org <<'END'
import fcntl, os, subprocess, sys, time
with open(sys.argv[1], "a") as f:
    fcntl.flock(f, fcntl.LOCK_EX)
    began = time.monotonic()
    with open(os.environ["TMP"] + "/in") as text:
        child = subprocess.Popen(sys.argv[2:], stdin=text)
    try:
        code = child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        code = child.wait()
    print("soon" if time.monotonic() - began < 3 else "late")
    sys.exit(code % 256)
END
exits 73 'the status is that of the queue'
is "$out" soon 'nobody waits for the lock'
like "$err" "text of the message is gone: .*$dead: not a plain file of uid 0" \
    'it is said why'
check 'nothing is written' [ ! -s "$dead" ]
is "$(find "$dead" -perm 666 -user "$nobody")" "$dead" \
    'and it is left as it was'
finish
