#!/bin/sh
# SPDX-License-Identifier: ISC
# Envelope, From, Sender, Reply-To, local recipients: by the kind of profile.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
cat >"$TMP/profiles" <<'END'
hostname = "host.example.net";
received = false;
log = { to = "@TMP@/log"; };
default = "noreply";
profiles = {
  noreply = {
    kind = "system";
    address = "noreply@example.com";
    also = [ "alarm@example.com", "*@mon.example.com" ];
@HOW@
  };
  named = {
    kind = "system";
    address = "named@example.com";
    name = "%f, %u@%h: 100%%";
    reply_to = "help@example.com";
    auto_submitted = false;
@HOW@
  };
  plain = {
    kind = "system";
    address = "plain@example.com";
    rewrite = false;
@HOW@
  };
  support = {
    kind = "mailbox";
    address = "support@example.com";
    also = [ "*@desk.example.com" ];
    users = "*";
@HOW@
  };
  team = {
    kind = "mailbox";
    address = "team@example.com";
    users = "*";
    name = "The Team";
    rewrite = true;
@HOW@
  };
};
END
# settings LINE...: they, and the profiles.
settings() {
	{
		printf '%s\n' "$@"
		sed 's|@HOW@|server = "smtp://localhost:@PORT:smtp@"; \
		    tls = { mode = "none"; }; auth = "none";|' "$TMP/profiles"
	} | conf
}
sendmail=$TMP/sendmail
ln -s "$OSMTP" "$sendmail"
dead=$HOME/dead.letter
me=$(id -un 2>/dev/null) || me=uid$(id -u)
sent=0

# send INPUT OPTION...: a message to b@example.org goes. Then $eml is what
# arrived, and $head its header; said MAIL or RCPT the addresses.
send() {
	printf %b "$1" >"$TMP/in"
	shift
	sends "$@" b@example.org
}
sends() {
	run "$sendmail" "$@" <"$TMP/in"
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml head=''
	if [ "$status" -ne 0 ] || [ ! -e "$eml" ]; then
		result 1 "sent: $*" "status $status" "$err"
		[ -e "$eml" ] || sent=$((sent - 1))
		return
	fi
	head=$(tr -d '\r' <"$eml" | sed '/^$/q')
}
said() {
	sed -n "s/^$sent [0-9]* C $1 [A-Z]*:<\\(.*\\)>.*/\\1/p" \
	    "$LOG/smtp.trace" | paste -s -d ' ' -
}
# has NAME TEXT...: each is a line of the header, and no field is there twice.
has() {
	missing=$(shift; printf '%s\n' "$@" | while IFS= read -r line; do
		printf '%s\n' "$head" | grep -qxF -e "$line" ||
		    printf '%s\n' "$line"
	done)
	twice=$(printf '%s\n' "$head" | sed -n 's/^\([!-9;-~]*\):.*/\1/p' |
	    tr '[:upper:]' '[:lower:]' | sort | uniq -d)
	[ "$missing$twice" = '' ]
	result $? "$1" "missing: $missing" "twice: $twice" "$head"
}
hasnt() { unlike "$head" "^($1):" "$2"; }

# ---- a system profile rewrites

settings 'domain = "example.com";' 'admin = "ops@example.com";'
send 'From: root (Cron Daemon)\nSender: root\nTo: root\nSubject: s\n\nb\n'
is "$(said MAIL)" noreply@example.com 'cron: the envelope'
has 'cron: From is the address, and who it was' \
    "From: $me on host <noreply@example.com>" 'To: root@example.com' \
    'Subject: s' 'Auto-Submitted: auto-generated'
hasnt 'Sender|Reply-To' 'cron: no Sender, and a local From is no Reply-To'

send 'To: b@example.org\n\nb\n' -f root
is "$(said MAIL)" noreply@example.com 'a bare -f: the envelope'
has 'a bare -f' "From: $me on host <noreply@example.com>"
hasnt Reply-To 'a bare -f: no Reply-To'

send 'From: "Lee, Ann" <ann@example.org>\nSender: bob@example.org\n\nb\n'
is "$(said MAIL)" noreply@example.com 'a From from elsewhere: the envelope'
has 'a From from elsewhere becomes Reply-To' \
    "From: $me on host <noreply@example.com>" \
    'Reply-To: "Lee, Ann" <ann@example.org>'
hasnt Sender '... and Sender goes'

send 'From: a@example.org\nReply-To: x@example.net\nAuto-Submitted: no\n\nb\n'
has 'Reply-To and Auto-Submitted are kept' 'Reply-To: x@example.net' \
    'Auto-Submitted: no' "From: $me on host <noreply@example.com>"

send 'From: a@example.org\nFrom: b@example.org\n\nb\n'
has 'two From fields: one stays' "From: $me on host <noreply@example.com>"

send "From: a@example.org$(awk 'BEGIN { while (n++ < 60)
	printf ",\\n someone.number.%d@example.org", n }')\n\nb\n"
is "$(printf '%s\n' "$head" | grep -c someone)" 60 \
    'a long folded From becomes a long folded Reply-To'

send 'From: Alarm <alarm@example.com>\nSender: x@example.org\n\nb\n' \
    -f alarm@example.com
is "$(said MAIL)" alarm@example.com 'a sender in also: the envelope'
has 'a sender in also: From' 'From: Alarm <alarm@example.com>' \
    'Auto-Submitted: auto-generated'
hasnt 'Sender|Reply-To' 'a sender in also: no Sender, no Reply-To'
send 'From: Disk 3 <disk3@mon.example.com>\n\nb\n' -f disk3@MON.example.com
like "$(said MAIL)" '^disk3@(MON|mon)\.example\.com$' 'a pattern: the envelope'
has 'a pattern: From' 'From: Disk 3 <disk3@mon.example.com>'
send 'To: b@example.org\n\nb\n' -f alarm@example.com
is "$(said MAIL)" alarm@example.com 'a sender in also, no From: the envelope'
like "$head" '^From: .*<?alarm@example\.com>?$' \
    'a sender in also, no From: made of it'

for null in '<>' ''; do
	send 'From: root\n\nb\n' -f "$null"
	is "$(said MAIL)" '' "null sender ($null): the envelope"
	has "null sender ($null): From" \
	    "From: $me on host <noreply@example.com>"
done

send 'From: Eve <eve@example.net>\n\nb\n' -f eve@example.net
is "$(said MAIL)" noreply@example.com 'an unmatched sender: the envelope'
has 'an unmatched sender' "From: $me on host <noreply@example.com>" \
    'Reply-To: Eve <eve@example.net>'
hasnt Auto-Submitted 'an unmatched sender: not marked, it may be a person'

# ---- the display name

send 'From: root\n\nb\n' -a named -F 'Ann Lee'
has 'a template' "From: \"Ann Lee, $me@host: 100%\" <named@example.com>" \
    'Reply-To: help@example.com'
hasnt Auto-Submitted 'auto_submitted = false'
is "$(said MAIL)" named@example.com 'the envelope'
gecos=$(getent passwd "$(id -u)" | cut -d : -f 5 | cut -d , -f 1)
send 'From: root\n\nb\n' -a named
case $gecos in
*'&'*) ;;
*) has 'a template without -F' \
    "From: \"${gecos:-$me}, $me@host: 100%\" <named@example.com>" ;;
esac

# ---- a system profile that does not

send 'From: root (Cron Daemon)\nSender: root\nTo: root\n\nb\n' -a plain
is "$(said MAIL)" "$me@example.com" 'rewrite = false: the envelope'
has 'rewrite = false: completed' 'From: root@example.com (Cron Daemon)' \
    'Sender: root@example.com' 'Auto-Submitted: auto-generated'
send 'From: Anacron <root>\nCc: Team: root, a@example.org;\n\nb\n' \
    -a plain -f cron
is "$(said MAIL)" cron@example.com 'rewrite = false, a bare -f'
has 'rewrite = false, names and groups' 'From: Anacron <root@example.com>' \
    'Cc: Team: root@example.com, a@example.org;'
send 'From: x@example.net\n\nb\n' -a plain -f y@example.net
is "$(said MAIL)" y@example.net 'rewrite = false, any sender'
has 'rewrite = false, any From' 'From: x@example.net'
send '\nb\n' -a plain -f '<>'
is "$(said MAIL)" '' 'rewrite = false, null sender'
like "$head" "^From: .*$me@example\\.com>?\$" '... has a From all the same'

# ---- a mailbox leaves all as it is

full='From: Someone Else <else@example.net>\nSender: x@example.net
X-Y:  z \nTo: undisclosed-recipients:;\nDate: Mon, 1 Jan 2024 00:00:00 +0000
Message-ID: <1@example.org>\n\nb\n'
send "$full" -f support@example.com
printf %b "$full" | awk '{ printf "%s\r\n", $0 }' >"$TMP/want"
check 'a mailbox: every octet' cmp "$eml" "$TMP/want"
is "$(said MAIL)" support@example.com 'a mailbox: the envelope'
send "$full" -a support
check 'a mailbox, -a: every octet' cmp "$eml" "$TMP/want"
is "$(said MAIL)" support@example.com 'a mailbox, -a: the address'
send "$full" -a support -f any@example.net
is "$(said MAIL)" any@example.net 'a mailbox, -a and -f: as given'
send 'From: Help <help@desk.example.com>\n\nb\n'
is "$(said MAIL)" help@desk.example.com 'a mailbox by its From: the envelope'
has 'a mailbox by its From' 'From: Help <help@desk.example.com>'
hasnt Auto-Submitted 'a mailbox: not marked'

send 'To: b@example.org\n\nb\n' -a support
has 'a mailbox: a missing From is made' 'From: support@example.com'
send 'To: b@example.org\n\nb\n' -f help@desk.example.com -F 'Help Desk'
has 'a mailbox: of the sender' 'From: Help Desk <help@desk.example.com>'
send 'To: b@example.org\n\nb\n' -a support -f '<>'
is "$(said MAIL)" '' 'a mailbox, null sender: the envelope'
has 'a mailbox, null sender: From' 'From: support@example.com'
send 'From: Bob <bob@example.net>\nSender: x@example.net\n\nb\n' -a team
is "$(said MAIL)" team@example.com 'a mailbox that rewrites: the envelope'
has 'a mailbox that rewrites' 'From: The Team <team@example.com>' \
    'Reply-To: Bob <bob@example.net>'
hasnt Sender 'a mailbox that rewrites: no Sender'

# ---- whatever -F holds, From is one address; python's parser judges

: >"$TMP/names"
# name TEXT [WANT]: with -F TEXT the name in From is WANT, or TEXT.
name() {
	printf '\nb\n' >"$TMP/in"
	sends -a support -F "$(printf %b "$1")" b@example.org
	printf '%s\t%s\n' "$eml" "${2-$1}" >>"$TMP/names"
	unlike "$head" '^(Bcc|X-Evil)' "-F '$2': no new field"
}
name 'Plain Name' 'Plain Name'
name 'O"Neil "x"' 'O"Neil "x"'
name 'A (b (c)' 'A (b (c)'
name ')))' ')))'
name 'Last, First; <x@example.net>' 'Last, First; <x@example.net>'
name 'back\0134slash @ end\0134' "back\\slash @ end\\"
name 'dot. no. 1' 'dot. no. 1'
name 'J\0303\0266rg \0342\0202\0254' \
    "$(printf %b 'J\0303\0266rg \0342\0202\0254')"
name 'a\r\nBcc: evil@example.net\r\n\r\nX-Evil: 1' \
    'a Bcc: evil@example.net X-Evil: 1'
name 'tab\tbell\a' 'tab bell'
name '=?utf-8?q?x?=' x
name '' ''
cat >"$TMP/judge" <<'END'
import email.policy, sys
for line in open(sys.argv[1], encoding="utf-8"):
    path, want = line.rstrip("\n").split("\t", 1)
    head = open(path, "rb").read().split(b"\r\n\r\n", 1)[0]
    box = email.message_from_bytes(head, policy=email.policy.default)["From"]
    got = [(" ".join(a.display_name.split()), a.addr_spec)
           for a in box.addresses]
    if got != [(want, "support@example.com")] or box.defects or (
            not head.isascii()):
        print(head.decode("utf-8", "replace"), got, box.defects)
END
run python3 "$TMP/judge" "$TMP/names"
is "$out$err" '' '-F: the name comes back, and one address'

# ---- local recipients

printf 'To: root, root@localhost, b@example.org\n\nb\n' >"$TMP/in"
sends -t
is "$(said RCPT)" 'ops@example.com b@example.org' 'local: to admin, one copy'
has 'local: To keeps the name' \
    'To: root@example.com, root@localhost, b@example.org'
sends b@example.org root@TEST.example.test root@test
is "$(said RCPT)" 'b@example.org ops@example.com' 'local names are local'

settings 'domain = "example.com";' 'admin = "ops@example.com";' \
    'unaliased = "domain";'
sends -t
is "$(said RCPT)" 'root@example.com b@example.org' 'local: unaliased = "domain"'
settings 'domain = "example.com";'
sends -t
is "$(said RCPT)" 'root@example.com b@example.org' 'local: domain, no admin'
settings 'domain = "example.com";' 'local_names = [ "lan.example.com" ];'
sends x@lan.example.com y@localhost
is "$(said RCPT)" 'x@example.com y@localhost' 'local_names'

# refuses STATUS NAME REGEX: -t is refused as a whole, and kept.
refuses() {
	run "$sendmail" -t <"$TMP/in"
	exits "$1" "$2: status $1"
	like "$err" "$3" "$2: said"
	like "$err" 'kept in' "$2: ... and where the text is"
	like "$(cat "$dead")" '^X-Undelivered-To:.*root' "$2: kept for whom"
	like "$(tail -n 3 "$dead")" '^b$' "$2: kept whole"
	check "$2: nothing is sent" [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
	rm -f "$dead"
}
settings 'domain = "example.com";' 'admin = "ops@example.com";' \
    'unaliased = "reject";'
refuses 67 'local: unaliased = "reject"' 'root: .*unaliased = "reject"'
settings ''
refuses 78 'local: neither' 'root: is local; set admin .* or domain'
settings 'unaliased = "domain";'
sends root b@example.org
is "$(said RCPT)" 'root@example.test b@example.org' \
    'local: "domain" with the host'"'"'s domain'
echo mail.example.org >"$OSMTP_TEST_ETC/mailname"
sends root b@example.org
is "$(said RCPT)" 'root@mail.example.org b@example.org' \
    'local: "domain" with mailname'

unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
unlike "$(cat "$LOG/smtp.trace")" 'C (MAIL|RCPT) [A-Z]*:<[^@>]+>' \
    'no bare name was on the wire'
finish
