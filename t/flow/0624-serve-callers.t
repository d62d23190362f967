#!/bin/sh
# SPDX-License-Identifier: ISC
# sendmail -bs as programs use it: Python's smtplib, SwiftMailer and Symfony,
# Laravel, nmh, alpine; and a client who waits for every reply.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"
# shellcheck source=serve.sh
. "${0%/*}/serve.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING", "8BITMIME", "SIZE", "DSN"]}}}
END
conf <<-'END'
	domain = "example.com";
	log = { to = "@TMP@/log"; };
	profiles = {
	  box = { kind = "mailbox"; address = "box@example.com"; users = "*";
	    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
	    auth = "none"; };
	};
END

cat >"$TMP/talk.py" <<'END'
"""talk.py SENDMAIL OPTIONS < LINES: waits for the reply to each line of the
dialogue; what stands between DATA and a dot is sent as it is."""
import subprocess, sys
p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, bufsize=0,
                     stdout=subprocess.PIPE, close_fds=False)

def hear():
    while True:
        line = p.stdout.readline()
        if line[3:4] != b"-":
            print(line[:3].decode(), end=" ")
            return
hear()
in_text = False
for line in sys.stdin.buffer:
    p.stdin.write(line.rstrip(b"\n") + b"\r\n")
    if in_text and line != b".\n":
        continue
    hear()
    in_text = line == b"DATA\n"
p.stdin.close()
print(p.wait())
END
talk() { whole python3 "$TMP/talk.py" "$SENDMAIL" "$@"; }

# ---- SwiftMailer, Symfony: RSET behind the message; Laravel: -i

for options in '-bs' '-bs -i'; do
	before=$(sent)
	# shellcheck disable=SC2086 # words
	talk $options <<-'END'
		EHLO [127.0.0.1]
		MAIL FROM:<box@example.com>
		RCPT TO:<a@example.org>
		RCPT TO:<bcc@example.org>
		DATA
		To: a@example.org
		From: box@example.com
		Message-ID: <swift@example.com>
		Subject: symfony
		MIME-Version: 1.0
		Content-Type: text/plain; charset=utf-8
		Content-Transfer-Encoding: quoted-printable

		..
		text
		.
		RSET
		NOOP
		QUIT
	END
	is "$out" '220 250 250 250 250 354 250 250 250 221 0' "Symfony: $options"
	is "$(sent) $(fact "$(newest)" accepted)" \
	    "$((before + 1)) "'["a@example.org", "bcc@example.org"]' \
	    '... one message for both'
	is "$(text "$(newest)")" '.\ntext\n' '... a lone dot is text with its dot doubled'
done

# ---- nmh tries the recipients, RSET, then sends; alpine

before=$(sent)
talk -bs -odb -oem -om <<'END'
EHLO localhost
MAIL FROM:<box@example.com>
RCPT TO:<tried@example.org>
RSET
MAIL FROM:<box@example.com>
RCPT TO:<b@example.org>
DATA
To: b@example.org
Subject: nmh

text
.
QUIT
END
is "$out" '220 250 250 250 250 250 250 354 250 221 0' 'nmh'
is "$(sent) $(fact "$(newest)" accepted)" \
    "$((before + 1)) "'["b@example.org"]' '... no mail to those tried'
talk -bs -odb -oem <<'END'
EHLO host.example.com
MAIL FROM:<box@example.com> BODY=8BITMIME
RCPT TO:<c@example.org> NOTIFY=FAILURE
DATA
Subject: alpine

text
.
RSET
QUIT
END
is "$out" '220 250 250 250 354 250 250 221 0' 'alpine'
is "$(sent) $(fact "$(newest)" accepted)" \
    "$((before + 2)) "'["c@example.org"]' '... arrives'
like "$(grep -h 'RCPT TO:<c@' "$LOG/smtp.trace")" 'NOTIFY=FAILURE' \
    '... and NOTIFY goes on'

# ---- smtplib, over a socket for both directions

cat >"$TMP/lib.py" <<'END'
import smtplib, socket, subprocess, sys
from email.message import EmailMessage
ours, theirs = socket.socketpair()
p = subprocess.Popen([sys.argv[1], "-bs"], stdin=theirs, stdout=theirs,
                     close_fds=False)
theirs.close()

class Session(smtplib.SMTP):
    def _get_socket(self, *_):
        return ours

s = Session("localhost", local_hostname="client.example.com")
m = EmailMessage()
m["From"], m["To"], m["Subject"] = "box@example.com", "d@example.org", "ä"
m.set_content("grüße\n.\n..\nend\n")
print(s.send_message(m), s.esmtp_features["size"])
print(s.sendmail("box@example.com", ["e@example.org", "x@@y"], "A: b\n\n1\n",
                 ["ENVID=q1", "RET=HDRS"], ["NOTIFY=NEVER"]))
print(s.verify("root"), s.noop(), s.docmd("XYZ")[0])
try:
    s.sendmail("box@example.com", ["x@@y"], "A: b\n\n2\n")
except smtplib.SMTPRecipientsRefused as e:
    print(e.recipients["x@@y"][0])
print(s.quit()[0], p.wait())
END
before=$(sent)
whole python3 "$TMP/lib.py" "$SENDMAIL"
exits 0 'smtplib'
is "$(sed -n 1p "$TMP/out")" '{} 52428800' '... sends'
like "$(sed -n 2p "$TMP/out")" "^\{'x@@y': \(553" '... hears of a bad address'
like "$(sed -n 3p "$TMP/out")" '^\(252, .* \(250, .* 500$' '... tries the rest'
is "$(sed -n 4p "$TMP/out")" 553 '... and no good recipient at all'
is "$(sed -n 5p "$TMP/out")" '221 0' '... and goes in peace'
is "$(sent)" $((before + 2)) '... two messages'
like "$(tr -d '\r' <"$LOG/msg-$((before + 1)).raw" | tr '\n' '|')" \
    '\|\|.*\|\.\.\|\.\.\.\|end\|' '... with their dots'
like "$(cat "$LOG/smtp.trace")" \
    'MAIL FROM:<box@example.com>.* RET=HDRS ENVID=q1' '... RET and ENVID go on'
unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'

# ---- from a shell

before=$(sent)
whole "$SENDMAIL" -bs <<END
helo me
mail from:<box@example.com>
rcpt to:<f@example.org>
data
subject: shell

text
.
quit
END
is "$(sent) $(text "$(newest)")" "$((before + 1)) text\\n" 'a shell: LF throughout'
finish
