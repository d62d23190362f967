#!/bin/sh
# SPDX-License-Identifier: ISC
# Local recipients through aliases: sendmail's file, includes, what is refused.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
aliases=$TMP/aliases
# system KEY=VALUE..: the configuration, with these lines.
configure() {
	conf <<END
domain = "example.com";
aliases = "$aliases";
local_names = [ "localhost", "here.example.com" ];
log = { to = "@TMP@/log"; };
$1
profiles = { plain = {
  kind = "system"; address = "plain@example.com"; rewrite = false;
  server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
  auth = "none"; }; };
END
}
configure ''
dead=$HOME/dead.letter
sent=0
for name in sendmail newaliases; do
	ln -s "$OSMTP" "$TMP/$name"
done
PATH=$TMP:$PATH

# goes RCPTS OPERAND..: the message goes to these, in this order.
goes() {
	want=$1
	shift
	printf 'Subject: x\n\ntext\n' >"$TMP/in"
	run sendmail "$@" <"$TMP/in"
	sent=$((sent + 1))
	got=$(sed -n "s/^$sent [0-9]* C RCPT TO:<\\(.*\\)>.*/\\1/p" \
	    "$LOG/smtp.trace" | paste -s -d ' ' -)
	is "$status $got$err" "0 $want" "$*: goes to $want"
}
# refuses STATUS REGEX OPERAND..: nobody gets it, and the text is kept.
refuses() {
	code=$1 want=$2
	shift 2
	printf 'Subject: x\n\nkept text\n' >"$TMP/in"
	run sendmail "$@" <"$TMP/in"
	exits "$code" "$*: refused"
	like "$err" "$want" '... and it says why'
	check '... the text is kept' grep -q 'kept text' "$dead"
	[ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	result $? '... nobody gets it'
	rm -f "$dead"
}

goes root@example.com root # no file: no aliases

cat >"$TMP/team" <<'END'
# the team
Ann <ann@example.org>
bob

END
cat >"$aliases" <<END
# aliases of this host
root:    ops@example.net, carol
Carol:   carol@example.org
bob:     bob@example.org,
	"b, b"@example.org
team:    :include:$TMP/team
self:    self, self@example.org
prog:    ann@example.org, "|/bin/touch $TMP/ran"
file:    $TMP/written
loop:    pool
pool:    loop
lost:    :include:$TMP/absent
"two words": ann@example.org
END
goes 'ops@example.net carol@example.org' root
goes 'ops@example.net carol@example.org' ROOT
goes 'ops@example.net carol@example.org' root@localhost
goes 'ops@example.net carol@example.org' root@HERE.example.com
goes 'root@example.org' root@example.org
goes 'root@example.com' '\root'
goes 'root@example.com' -n root
goes 'bob@example.org "b, b"@example.org' bob
goes 'ann@example.org bob@example.org "b, b"@example.org' team
goes 'ann@example.org' '"two words"'
goes 'self@example.com self@example.org' self
goes 'carol@example.org ops@example.net' carol root carol@example.org
goes 'nobody@example.com' nobody

refuses 78 "aliases:8: prog: a program: osmtp runs none" prog
refuses 78 "aliases:8: prog: a program" ann@example.org prog
refuses 78 "aliases:9: file: a file: osmtp writes to none" file
refuses 78 "aliases:11: pool: leads back to itself: a loop" loop
refuses 78 "aliases:12: lost: .*absent.*No such file" lost
[ ! -e "$TMP/ran" ] && [ ! -e "$TMP/written" ]
result $? 'nothing was run or written'

run newaliases
exits 78 'newaliases: the first fault'
like "$err" 'aliases:[0-9]*: [a-z]*: ' '... with its line'
sed -i '/^prog/d; /^file/d; /^loop/d; /^pool/d; /^lost/d' "$aliases"
run newaliases
exits 0 'newaliases: all is well'
is "$out$err" "$aliases: 6 aliases" '... and counted'
run sendmail -bi
is "$status$out" "0$aliases: 6 aliases" '-bi does the same'

echo 'root ops@example.net' >>"$aliases"
refuses 78 'aliases:[0-9]*: root ops@example.net: no alias' bob
goes x@example.org x@example.org # needs no aliases
sed -i '$d' "$aliases"
chmod 666 "$aliases"
refuses 78 'aliases: must not be writable by group or others' root
chmod 644 "$aliases"

configure 'admin = "admin@example.com";'
goes 'admin@example.com self@example.org' self
goes 'admin@example.com' '\root'
goes 'ops@example.net carol@example.org' root
configure 'unaliased = "reject";'
goes 'ops@example.net carol@example.org' root
refuses 67 'nobody: is local, and unaliased = "reject"' nobody
configure ''

printf 'To: root\nCc: bob, x@example.org\nSubject: x\n\ntext\n' >"$TMP/in"
run sendmail -t <"$TMP/in"
sent=$((sent + 1))
exits 0 '-t: names of the header have aliases, too'
is "$(sed -n "s/^$sent [0-9]* C RCPT TO:<\\(.*\\)>.*/\\1/p" \
    "$LOG/smtp.trace" | paste -s -d ' ' -)" \
    'ops@example.net carol@example.org bob@example.org "b, b"@example.org x@example.org' \
    '... everybody gets it'
like "$(cat "$LOG/msg-$sent.eml")" '^To: root@example.com' \
    'To keeps the name that was asked for'
finish
