#!/bin/sh
# SPDX-License-Identifier: ISC
# Who a message is from: the envelope, a From that is there, one that is made,
# and what must have no say in it.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"

header_setup
me=$(id -un 2>/dev/null) || me=uid$(id -u)

# sends NAME COMMAND...: a message of $TMP/in; head, mail (the sender), from.
sends() {
	name=$1
	shift
	run "$@" <"$TMP/in"
	exits 0 "$name: sent"
	sent=$((sent + 1)) eml=$LOG/msg-$sent.eml
	head=$(tr -d '\r' <"$eml" | sed '/^$/q')
	mail=$(sed -n "s/^$sent [0-9]* C MAIL FROM:<\(.*\)>.*/\1/p" \
	    "$LOG/smtp.trace")
	from=$(printf '%s\n' "$head" | grep '^From:')
}
input() { printf %b "$1" >"$TMP/in"; }

# ---- the From forms of real senders

# sender FROM WANT [REWRITTEN]: completed; and by a profile that rewrites.
sender() {
	input "From: $1\nTo: root\nSubject: s\n\nb\n"
	sends "$1" "$sendmail" -i root@example.com
	is "$from" "From: $2" "$1: completed, the name kept"
	is "$mail" "$me@example.com" "$1: the envelope is the caller"
	like "$head" '^To: root@example\.com$' "$1: To is completed"
	unlike "$head" '^(Sender|Reply-To|X-Auth)' "$1: nothing is added"
	sends "$1, rewritten" "$sendmail" -i -a noreply root@example.com
	is "$from" "From: $me on host <noreply@example.com>" \
	    "$1: rewritten"
	is "$mail" noreply@example.com "$1: rewritten, the envelope"
	unlike "$head" '^Reply-To' "$1: rewritten, it was local: no Reply-To"
}
sender 'root (Cron Daemon)' 'root@example.com (Cron Daemon)'
sender 'Anacron <root>' 'Anacron <root@example.com>'
sender 'arpwatch (Arpwatch)' 'arpwatch@example.com (Arpwatch)'
sender 'Fail2Ban <fail2ban>' 'Fail2Ban <fail2ban@example.com>'
sender 'root (systemd-cron)' 'root@example.com (systemd-cron)'
sender '"Cron \\"Daemon\\"" <root>' \
    '"Cron \"Daemon\"" <root@example.com>'
sender 'root@localhost (Cron Daemon)' 'root@localhost (Cron Daemon)'

# ---- the envelope

input 'To: b@example.org\n\nb\n'
# envelope WANT FROM OPTION...: From is a regular expression.
envelope() {
	want=$1 pattern=$2
	shift 2
	sends "$*" "$sendmail" -i "$@" b@example.org
	is "$mail" "$want" "$*: the envelope"
	like "$from" "^From: $pattern\$" "$*: From is made"
	is "$(printf '%s\n' "$head" | grep -c '^From:')" 1 "$*: ... once"
}
envelope "$me@example.com" "(.* <$me@example\.com>|$me@example\.com)"
envelope a@example.org 'a@example\.org' -f a@example.org
envelope a@example.org 'a@example\.org' -fa@example.org
envelope a@example.org 'a@example\.org' -r a@example.org
envelope a@example.org 'a@example\.org' -f '<a@example.org>'
envelope a@example.org 'a@example\.org' -f 'Foo Bar <a@example.org>'
envelope foo@example.com 'foo@example\.com' -f foo
envelope '"a b"@example.org' '"a b"@example\.org' -f '"a b"@example.org'
envelope 'list+a=b.example@example.org' 'list\+a=b\.example@example\.org' \
    -f list+a=b.example@example.org
envelope MiXed@example.org 'MiXed@example\.org' -f MiXed@example.org
for null in '<>' ''; do
	envelope '' "(.* <$me@example\.com>|$me@example\.com)" -f "$null"
done
envelope a@example.org 'Other Person <a@example\.org>' \
    -f a@example.org -F 'Other Person'

input 'From: x@example.net\nReturn-Path: <y@example.net>
Sender: z@example.net\n\nb\n'
sends 'others' "$sendmail" -i -F Name b@example.org
is "$mail" "$me@example.com" 'neither From nor Return-Path is the envelope'
is "$from" 'From: x@example.net' 'From wins over -F'
like "$head" '^Sender: z@example\.net$' 'Sender is kept'
input 'From:\nTo: b@example.org\n\nb\n'
sends 'an empty From' "$sendmail" -i -f a@example.org b@example.org
is "$from" 'From: a@example.org' 'a From of nothing is one that is missing'

# ---- the name

input 'To: b@example.org\n\nb\n'
sends '-F' "$sendmail" -F 'Ann Lee' b@example.org
is "$from" "From: Ann Lee <$me@example.com>" '-F'
sends 'NAME' env NAME='Bob Lee' "$sendmail" b@example.org
is "$from" "From: Bob Lee <$me@example.com>" 'NAME of the environment'
sends '-F and NAME' env NAME='Bob Lee' "$sendmail" -F 'Ann Lee' b@example.org
is "$from" "From: Ann Lee <$me@example.com>" '-F wins over NAME'
sends '-F ""' env NAME='Bob Lee' "$sendmail" -F '' b@example.org
is "$from" "From: $me@example.com" 'an empty -F: no name'
sends '-f me' env NAME='Bob Lee' "$sendmail" -f "$me" b@example.org
is "$from" "From: Bob Lee <$me@example.com>" '-f of oneself: the name'
sends '-f me@localhost' env NAME='Bob Lee' "$sendmail" -f "$me@localhost" \
    b@example.org
like "$from" "^From: Bob Lee <$me@" '-f of oneself, a local name: the name'
sends '-f another' env NAME='Bob Lee' "$sendmail" -f a@example.org b@example.org
is "$from" 'From: a@example.org' '-f of another person: no name'
sends '-f <>' env NAME='Bob Lee' "$sendmail" -f '<>' b@example.org
is "$from" "From: Bob Lee <$me@example.com>" 'the null sender: the name'
gecos=$(getent passwd "$(id -u)" | cut -d : -f 5 | cut -d , -f 1)
sends 'neither' env -u NAME "$sendmail" b@example.org
case $gecos in
*'&'*) ;;
'') is "$from" "From: $me@example.com" 'no full name at all' ;;
*) like "$from" "^From: \"?$gecos\"? <$me@example\\.com>\$" \
    'the full name of the password database' ;;
esac

# ---- whatever NAME holds, From is one address; python's parser judges

: >"$TMP/names"
# named TEXT WANT
named() {
	sends "NAME=$2" env NAME="$(printf %b "$1")" "$sendmail" b@example.org
	printf '%s\t%s\n' "$eml" "$2" >>"$TMP/names"
	unlike "$head" '^(Bcc|X-Evil)' "NAME=$2: no new field"
}
named 'O"Neil "x"' 'O"Neil "x"'
named 'A (b (c)' 'A (b (c)'
named ')))' ')))'
named 'Last, First; <x@example.net>' 'Last, First; <x@example.net>'
named 'back\0134slash @ end\0134' "back\\slash @ end\\"
named 'J\0303\0266rg' "$(printf %b 'J\0303\0266rg')"
named 'a\r\nBcc: evil@example.net\r\n\r\nX-Evil: 1' \
    'a Bcc: evil@example.net X-Evil: 1'
cat >"$TMP/judge" <<'END'
import email.policy, sys
for line in open(sys.argv[1], encoding="utf-8"):
    path, want = line.rstrip("\n").split("\t", 1)
    head = open(path, "rb").read().split(b"\r\n\r\n", 1)[0]
    box = email.message_from_bytes(head, policy=email.policy.default)["From"]
    got = [(" ".join(a.display_name.split()), a.addr_spec)
           for a in box.addresses]
    if got != [(want, sys.argv[2])] or box.defects or not head.isascii():
        print(head.decode("utf-8", "replace"), got, box.defects)
END
run python3 "$TMP/judge" "$TMP/names" "$me@example.com"
is "$out$err" '' 'the name comes back, and one address'

# ---- the environment has no say

sends 'a false environment' env USER=evil LOGNAME=evil EMAIL=evil@example.net \
    MAIL=evil@example.net MAILRC=evil MAILHOST=evil.example.net \
    MAILNAME=evil.example.net MAILUSER=evil MAILTO=evil@example.net \
    REPLYTO=evil@example.net "$sendmail" b@example.org
is "$mail" "$me@example.com" 'a false environment: the envelope'
unlike "$head" evil 'a false environment: the header'
sends 'no environment' env -u USER -u LOGNAME "$sendmail" b@example.org
is "$mail" "$me@example.com" 'without USER and LOGNAME'

unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
