#!/bin/sh
# SPDX-License-Identifier: ISC
# sendmail -bs, killed at any moment of a session of fifty messages: what got
# its 250 goes out once, and nothing that was not whole.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING", "8BITMIME", "SIZE"]}}}
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

# Eight sessions, each killed when so many octets of replies have come; prints
# who must have his message, and who may: the first one whose 250 was not read.
cat >"$TMP/sessions.py" <<'END'
import os, subprocess, sys, threading

def session(n):
    names = [f"s{n}m{i}" for i in range(50)]
    text = "".join(
        f"MAIL FROM:<box@example.com>\r\nRCPT TO:<{name}@example.org>\r\n"
        f"DATA\r\nSubject: {name}\r\n\r\n{'x' * (i % 3 * 60)}\r\n.\r\n"
        for i, name in enumerate(names)).encode()
    if n % 2:
        text = text[:len(text) * n // 8 - n]
    p = subprocess.Popen([sys.argv[1], "-bs"] + (["-odq"] if n % 3 else []),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         bufsize=0)

    def write():
        try:
            done = 0
            while done < len(text):
                done += p.stdin.write(text[done:done + 700 * n + 10])
        except BrokenPipeError:
            pass

    writer = threading.Thread(target=write)
    writer.start()
    heard = b""
    while len(heard) < 37 + 613 * n:
        heard += os.read(p.stdout.fileno(), 97)
    p.kill()
    p.wait()
    writer.join()
    while more := os.read(p.stdout.fileno(), 65536):
        heard += more
    known = heard.count(b"\r\n250 2.0.0 queued")
    for name in names[:known]:
        print("must", name)
    if known < len(names):
        print("may", names[known])

for n in range(8):
    session(n)
END
run python3 "$TMP/sessions.py" "$SENDMAIL"
exits 0 'eight sessions, killed'
must=$(echo "$out" | sed -n 's/^must //p' | sort)
may=$(echo "$out" | sed -n 's/^may //p')
between 8 399 "$(echo "$must" | wc -l)" 'some were accepted'
# What a worker still has in hand is not for us: until all is gone.
until [ "$(count queue)" = 0 ]; do
	"$OSMTP" run --once 9>&-
done
got=$(sed -n 's/^[0-9]* [0-9]* C RCPT TO:<\(.*\)@example.org>.*/\1/p' \
    "$LOG/smtp.trace" | sort)
for name in $may; do
	got=$(echo "$got" | grep -vx "$name")
done
is "$got" "$must" '... these went out, once each, and nothing else'
is "$(count new)$(count bad)$(count failed)" 000 '... and nothing is left'
finish
