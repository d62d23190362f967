#!/bin/sh
# SPDX-License-Identifier: ISC
# DSN (RFC 3461) where the server offers it: what was said goes on, to the
# letter, and nothing else; then the server reports.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "smtp": {"ehlo": ["PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8",
                    "DSN", "ENHANCEDSTATUSCODES"],
           "on": {"rcpt:later@example.org": [{"reply": "450 4.2.1 not now"}],
                  "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"}}}}}
END
printf 'staff: ann@example.org, "bob+x"@example.org\n' >"$TMP/aliases"
conf <<'END'
domain = "example.com";
unaliased = "domain";
aliases = "@TMP@/aliases";
log = { to = "@TMP@/log"; };
profiles = { box = { kind = "mailbox"; address = "box@example.com";
  server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
  auth = "none"; }; };
END
# wire: the commands of the envelope that came last.
wire() {
	sed -n 's/^[0-9]* [0-9]* C \(MAIL\|RCPT\)/\1/p' "$LOG/smtp.trace" |
	    tail -n "$((1 + ${1:-1}))" | sed 's/ SIZE=[0-9]*//'
}

# ---- what was said

send ann@example.org
is "$(wire)" 'MAIL FROM:<box@example.com>
RCPT TO:<ann@example.org>' 'nothing said: no parameter'

for words in never NEVER success failure delay success,failure,delay \
    delay,Failure,success failure,delay; do
	send -N "$words" -R hdrs -V QQ314159 ann@example.org
	exits 0 "-N $words"
	case $words in
	[nN]*) want=NEVER ;;
	*s*,*f*,*d* | d*F*) want=SUCCESS,FAILURE,DELAY ;;
	f*,*) want=FAILURE,DELAY ;;
	*) want=$(printf %s "$words" | tr '[:lower:]' '[:upper:]') ;;
	esac
	is "$(wire)" "MAIL FROM:<box@example.com> RET=HDRS ENVID=QQ314159
RCPT TO:<ann@example.org> NOTIFY=$want ORCPT=rfc822;ann@example.org" \
	    "... as NOTIFY=$want"
done

send -Nsuccess -Rfull -Va+b=c ann@example.org
is "$(wire)" 'MAIL FROM:<box@example.com> RET=FULL ENVID=a+2Bb+3Dc
RCPT TO:<ann@example.org> NOTIFY=SUCCESS ORCPT=rfc822;ann@example.org' \
    'glued; an ENVID becomes xtext'
send -R FULL ann@example.org
is "$(wire)" 'MAIL FROM:<box@example.com> RET=FULL
RCPT TO:<ann@example.org>' '-R alone'
send -V id ann@example.org
is "$(wire)" 'MAIL FROM:<box@example.com> ENVID=id
RCPT TO:<ann@example.org>' '-V alone'

# ---- of whom

printf 'To: ann@example.org\nCc: a+b@example.org, ann@example.org\n\nx\n' \
    >"$TMP/t"
whole "$SENDMAIL" -i -t -f box@example.com -N failure c@example.org <"$TMP/t"
is "$(wire 3)" 'MAIL FROM:<box@example.com>
RCPT TO:<c@example.org> NOTIFY=FAILURE ORCPT=rfc822;c@example.org
RCPT TO:<ann@example.org> NOTIFY=FAILURE ORCPT=rfc822;ann@example.org
RCPT TO:<a+b@example.org> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@example.org' \
    '-t: those of the header, too, each once'

send -N delay root
is "$(wire)" 'MAIL FROM:<box@example.com>
RCPT TO:<root@example.com> NOTIFY=DELAY ORCPT=rfc822;root@example.com' \
    'a local name is completed'
send -N delay staff
is "$(wire 2)" 'MAIL FROM:<box@example.com>
RCPT TO:<ann@example.org> NOTIFY=DELAY ORCPT=rfc822;staff@example.com
RCPT TO:<bob+x@example.org> NOTIFY=DELAY ORCPT=rfc822;staff@example.com' \
    'an alias: each is wanted so, under the name that was given'
send -N delay "j$(printf '\303\266')rg@example.org"
is "$(wire)" "MAIL FROM:<box@example.com> SMTPUTF8
RCPT TO:<j$(printf '\303\266')rg@example.org> NOTIFY=DELAY \
ORCPT=utf-8;j\\x{F6}rg@example.org" 'beyond ASCII: RFC 6533'
long=$(printf '%060d' 0)
send -N delay "$long@$long.$long.$long.example"
like "$(wire)" "ORCPT=rfc822;$long@$long.$long.$long.example\$" 'a long one'

# ---- by the queue

send -odq -N success,delay -R hdrs -V 'q=1' ann@example.org
id=$(queued)
like "$(cat "$SPOOL"/queue/*/"$id")" 'ret hdrs
envid q\+3D1
rcpt ann@example.org
notify SUCCESS,DELAY
orcpt rfc822;ann@example.org' 'it is kept'
once
is "$(wire)" 'MAIL FROM:<box@example.com> RET=HDRS ENVID=q+3D1
RCPT TO:<ann@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;ann@example.org' \
    '... and said later'
is "$(queued)" '' '... the server tells of it, not we'
is "$(logged event=report)" 0 '... no report'

# ---- a failure is ours to tell, since the server has never taken it

send -N failure -V e1 good@example.org no@example.org
is "$(wire)" 'MAIL FROM:<>
RCPT TO:<box@example.com> NOTIFY=NEVER' 'a report wants no report'
like "$(cat "$LOG/msg-$(sent).eml")" 'Original-Envelope-Id: e1' '... its ENVID'
like "$(cat "$LOG/msg-$(sent).eml")" 'Original-Recipient: rfc822; no@example.org' \
    '... its ORCPT'

# ---- what must not reach the wire

n=$(sent)
for envid in 'id SIZE=1' 'id	x' "id
RCPT TO:<x@example.org>" "caf$(printf '\303\251')" '' \
    "$long$long"; do
	send -V "$envid" ann@example.org
	exits 64 "no ENVID: $(printf %.20s "$envid" | tr '\n' ' ')"
done
for words in sometimes '' never,success 'success,' 'success delay' \
    'failure ORCPT=x;y' "delay
RCPT TO:<x@example.org>"; do
	send -N "$words" ann@example.org
	exits 64 "no NOTIFY: $(printf %.20s "$words" | tr '\n' ' ')"
done
send -R both ann@example.org
exits 64 'no RET: both'
send 'a@b> NOTIFY=NEVER X=<'
exits 65 'no parameter by an address'
send 'x@y> SIZE=1'
exits 65 '... nor another'
send -f 'a@b> RET=FULL X=<' ann@example.org
exits 65 '... nor by the sender'
is "$(sent)" "$n" 'nothing of that was sent'
unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
