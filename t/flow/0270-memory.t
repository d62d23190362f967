#!/bin/sh
# SPDX-License-Identifier: ISC
# A message of 200 MB takes no more memory than one of 2 KB.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

if grep -q __asan_init "$OSMTP"; then
	echo '1..0 # SKIP a sanitizer keeps what is freed'
	exit 0
fi
start_fake - <<'END'
{"listeners": {
  "smtp": {"tls": "starttls", "discard": true,
           "ehlo": ["PIPELINING", "8BITMIME", "SIZE"]}}}
END
conf <<'END'
domain = "example.com";
log = { to = "@TMP@/log"; };
queue = { max_message = "300M"; };
profiles = {
  box = {
    kind = "mailbox"; address = "box@example.com"; users = "*";
    server = "smtp://localhost:@PORT:smtp@";
    tls = { ca_file = "@CERTS@/ca.pem"; };
    auth = "none";
    timeouts = { foreground = "5m"; };
  };
};
END

# The peak of a process counts from the one that it was forked from. So a
# small shell starts it and then becomes the python that waits for it.
cat >"$TMP/wait" <<'END'
import os, sys
_, status, usage = os.wait4(int(sys.argv[1]), 0)
print(usage.ru_maxrss)      # kB
sys.exit(os.waitstatus_to_exitcode(status))
END
cat >"$TMP/measure" <<'END'
"$@" <&8 8<&- &
exec "$python" "$0.wait" $!
END
mv "$TMP/wait" "$TMP/measure.wait"
# The program itself: what stands in PATH may be a script with children.
python=$(python3 -c 'import sys; print(sys.executable)')
export python

# measure OCTETS: send that much; the peak in kB goes to $out.
measure() {
	mkfifo "$TMP/$1"
	{
		printf 'From: box@example.com\nTo: b@example.org\n\n'
		yes 'A line of text, as long as lines are in most of the mail' |
		    head -c "$1"
	} >"$TMP/$1" 9>&- &
	run sh "$TMP/measure" "$OSMTP" -i b@example.org 8<"$TMP/$1"
	wait $!
	exits 0 "$1 octets are sent"
}
measure 2048
small=$out
measure 209715200
big=$out
echo "# peak of the resident set: 2 KB: $small kB; 200 MB: $big kB"
check 'at most 1 MB more' [ $((big - small)) -le 1024 ]

# All of it has arrived: 57 octets a line, and one more for each CR.
lines=$((209715200 / 57))
check '200 MB arrived' [ "$(fact msg-2 size)" -gt $((209715200 + lines)) ]
is "$(fact msg-2 bare)" false 'and no bare CR or LF'
finish
