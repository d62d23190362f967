#!/bin/sh
# SPDX-License-Identifier: ISC
# Messages of parts in parts, made at random but always the same: what arrives
# is, to Python's email package, the same parts with the same contents.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"

start_fake - <<'END'
{"listeners": {
  "seven": {"ehlo": ["PIPELINING", "SIZE"]},
  "eight": {"ehlo": ["PIPELINING", "8BITMIME", "SIZE"]}}}
END
mailbox() { profile "$1" "$1@example.com" 'kind = "mailbox";' "$1"; }
conf <<END
domain = "example.com";
profiles = { $(mailbox seven) $(mailbox eight) };
END

# make N: message N; same N FILE: its parts are those of FILE.
cat >"$TMP/nest.py" <<'END'
import base64, email, quopri, random, sys

LINES = [b"plain words", "gr\u00fc\u00dfe".encode(), b"From me", b".", b"..",
         b"blanks  \t", b"", b"-- ", b"--x", "\u0434".encode() * 10,
         "\u0434".encode() * 700, b"=3D = =\x01", b"\xff\xfe", b"nul \0 x",
         *(b"x" * n for n in (75, 76, 77, 998, 999, 3000))]

class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.n = 0

    def text(self):
        return b"\r\n".join(self.r.choices(LINES, k=self.r.randrange(7)))

    def leaf(self):
        kind = self.r.choice([b"text/plain; charset=utf-8", b"TEXT/html (c)",
                              b"application/octet-stream", b"image/png", None])
        label = self.r.choice([None, b"7bit", b"8BIT", b"binary", b"8-bit"])
        body = self.text()
        way = self.r.random()
        if way < 0.1:
            label = b"quoted-printable"
            body = quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(
                b"\n", b"\r\n")
        elif way < 0.2:
            label = b"base64"
            body = base64.b64encode(body)
        head = b"Content-Type: " + kind + b"\r\n" if kind else b""
        if label:
            head += b"Content-Transfer-Encoding: " + label + b"\r\n"
        return head + b"\r\n" + body

    def multipart(self, depth):
        self.n += 1     # boundaries that begin like others
        b = self.r.choice([b"b" * self.n, b"b%d" % self.n, b"x y%d" % self.n,
                           b"=_%d=" % self.n])
        out = b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n%s\r\n' % (
            self.r.choice([b"mixed", b"alternative", b"digest"]), b,
            self.r.choice([b"", b"Content-Transfer-Encoding: 8bit\r\n",
                           b"Content-Transfer-Encoding: binary\r\n"]))
        out += self.r.choice([b"", b"before\r\n"])
        for _ in range(self.r.randint(1, 3)):
            out += b"--" + b + b"\r\n" + self.entity(depth + 1) + b"\r\n"
        if self.r.random() < 0.8:
            out += b"--" + b + b"--\r\n"
        return out + self.r.choice([b"", b"behind"])

    def entity(self, depth):
        way = self.r.random() if depth < 4 else 1
        if way < 0.45 or depth == 0:
            return self.multipart(depth)
        if way < 0.6:
            return (b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n" +
                    self.entity(depth + 1))
        return self.leaf()

def make(number):
    return (b"From: a@example.org\r\nTo: b@example.org\r\n"
            b"MIME-Version: 1.0\r\n" + Maker(number).entity(0))

def parts(octets):
    out = []
    for p in email.message_from_bytes(octets).walk():
        data = b"" if p.is_multipart() else p.get_payload(decode=True)
        out.append((p.get_content_type(), (data or b"").rstrip(b"\r\n")))
    return out

number = int(sys.argv[2])
if sys.argv[1] == "make":
    sys.stdout.buffer.write(make(number))
    sys.exit(0)
got = open(sys.argv[3], "rb").read()
want = parts(make(number))
if parts(got) != want:
    sys.exit(f"message {number}: {want!r:.900}\nbut: {parts(got)!r:.900}")
if max(map(len, got.split(b"\r\n"))) > 998 or b"\0" in got:
    sys.exit(f"message {number}: a long line, or NUL")
if sys.argv[4] == "seven" and max(got) > 127:
    sys.exit(f"message {number}: 8-bit text")
END

for server in seven eight; do
	bad='' n=0
	while [ $((n += 1)) -le 20 ]; do
		python3 "$TMP/nest.py" make $n >"$TMP/in"
		run "$OSMTP" -i -f $server@example.com bob@example.org <"$TMP/in"
		last=$(find "$LOG" -name 'msg-*.eml' | wc -l | tr -d ' ')
		bad="$bad$(python3 "$TMP/nest.py" same $n "$LOG/msg-$last.eml" \
		    $server 2>&1)"
		[ "$status" -eq 0 ] || bad="$bad message $n: status $status: $err"
	done
	is "$bad" '' "$server: twenty messages arrive with the same parts"
done
is "$(find "$LOG" -name 'msg-*.eml' | wc -l | tr -d ' ')" 40 'all of them'
unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
