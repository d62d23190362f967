#!/bin/sh
# SPDX-License-Identifier: ISC
# sendmail -bs whose worker dies, again and again: another one takes its place,
# none is left as a zombie, and each message goes out once.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {"smtp": {}, "slow": {"on": {"greeting": {"hang": true}}}}}
END
setup() { # LISTENER
	conf <<-END
		domain = "example.com";
		log = { to = "@TMP@/log"; };
		profiles = {
		  box = { kind = "mailbox"; address = "box@example.com"; users = "*";
		    server = "smtp://localhost:@PORT:$1@"; tls = { mode = "none"; };
		    auth = "none"; };
		};
	END
}
setup slow

# Says how many children there are after each message; kills them then.
cat >"$TMP/session.py" <<'END'
import glob, os, signal, subprocess, sys

def children(pid):
    found = {}
    for name in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(name) as f:
                words = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(words[1]) == pid:
            found[int(name.split("/")[2])] = words[0]
    return found

p = subprocess.Popen([sys.argv[1], "-bs"], stdin=subprocess.PIPE,
                     stdout=subprocess.PIPE)
hear = lambda: p.stdout.readline().decode()
hear()
for n in range(6):
    for line in ("MAIL FROM:<box@example.com>", f"RCPT TO:<a{n}@example.org>",
                 "DATA", "Subject: x\r\n\r\nbody\r\n."):
        p.stdin.write((line + "\r\n").encode())
        p.stdin.flush()
        reply = hear()
    now = children(p.pid)
    print(reply[:3], len(now))
    for pid in now:
        os.kill(pid, signal.SIGKILL)
    while any(state != "Z" for state in children(p.pid).values()):
        pass
p.stdin.write(b"QUIT\r\n")
p.stdin.flush()
print(hear()[:3], p.wait())
END
run python3 "$TMP/session.py" "$SENDMAIL"
is "$(echo "$out" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" \
    ' 1 221 0; 6 250 1;' 'one child at a time, however many have died'
is "$(count queue) $(sent)" '6 0' '... all is in the queue'
setup smtp
whole "$OSMTP" run --once
is "$(count queue) $(sent)" '0 6' '... and goes out, once each'
finish
