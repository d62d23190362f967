#!/bin/sh
# SPDX-License-Identifier: ISC
# Which profile a sender gets, as explain, --dry-run and the wire tell it.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
sendmail=$TMP/sendmail
ln -s "$OSMTP" "$sendmail"
dead=$HOME/dead.letter
me=$(id -un 2>/dev/null) || me=uid$(id -u)
group=$(id -gn)
printf 'Subject: hello\n\nbody\n' >"$TMP/in"

# settings LINE...: they and the profiles.
settings() {
	{
		printf '%s\n' "$@"
		cat <<END
domain = "example.com";
hostname = "host.example.net";
local_names = [ "localhost", "lan.example.com" ];
log = { to = "@TMP@/log"; };
default = "sys";
profiles = {
  sys    = { kind = "system";  address = "sys@example.com";
             also = [ "cron@example.com", "shared@example.com" ]; @HOW@ };
  other  = { kind = "system";  address = "other@example.com";
             also = "*@wide.example.org"; @HOW@ };
  box    = { kind = "mailbox"; address = "box@example.com"; users = "$me";
             also = [ "shared@example.com", "*@wide.example.org",
                      "box+*@wide.example.org", "exact@wide.example.org" ];
             @HOW@ };
  late   = { kind = "mailbox"; address = "late@example.com"; users = "*";
             also = [ "*@wide.example.org", "exact@wide.example.org" ];
             @HOW@ };
  group  = { kind = "mailbox"; address = "group@example.com";
             users = [ "no-such-user", "@$group" ]; @HOW@ };
  number = { kind = "mailbox"; address = "number@example.com";
             users = "$(id -u)"; @HOW@ };
  closed = { kind = "mailbox"; address = "closed@example.com";
             users = [ "no-such-user", "@no-such-group" ]; @HOW@ };
  shut   = { kind = "system"; address = "shut@example.com";
             users = "no-such-user"; @HOW@ };
};
END
	} | sed 's|@HOW@|server = "smtp://localhost:@PORT:smtp@"; \
	    tls = { mode = "none"; }; auth = "none";|' | conf
}
# explains NAME PROFILE REGEX [OPTION...] [ADDRESS]: that profile, as the last
# rule says.
explains() {
	name=$1 want=$2 why=$3
	shift 3
	run "$OSMTP" explain "$@"
	got=$(printf '%s\n' "$out" | sed -n 's/^profile: \([^ ]*\).*/\1/p')
	rule=$(printf '%s\n' "$out" | grep '^rule ' | tail -n 1)
	[ "$status" -eq 0 ] && [ "$got" = "$want" ] && [ "$err" = '' ] &&
	    printf '%s\n' "$rule" | grep -Eq -e "^rule $why"
	result $? "explain: $name" "expected $want by rule $why" "$out" "$err"
}
# chooses NAME PROFILE RULE HEADER OPTION...: so does --dry-run.
chooses() {
	name=$1 want=$2 rule=$3
	printf '%b\nbody\n' "$4" >"$TMP/in"
	shift 4
	run "$sendmail" --dry-run "$@" b@example.org <"$TMP/in"
	got=$(printf '%s\n' "$out" | sed -n 's/^profile: \([^ ]*\).*/\1/p')
	last=$(printf '%s\n' "$out" | sed -n 's/^rule \(.\).*/\1/p' |
	    tail -n 1)
	[ "$status $got $last" = "0 $want $rule" ]
	result $? "$name" "expected $want by rule $rule" "$out" "$err"
}
# forbids NAME REGEX OPTION...: 77, said, kept, and nothing is sent.
forbids() {
	name=$1 want=$2
	shift 2
	run "$sendmail" "$@" b@example.org <"$TMP/in"
	exits 77 "$name: status 77"
	like "$(head -n 1 "$TMP/err")" "^sendmail: not allowed: .*$want" \
	    "$name: said"
	like "$err" 'kept in' "$name: kept"
	like "$(cat "$dead")" '^body$' "$name: ... whole"
	rm -f "$dead"
	check "$name: nothing is sent" [ ! -s "$LOG/smtp.trace" ]
}

# ---- explain: rule by rule

settings
explains 'no sender' sys '4: a local sender: default is system profile "sys"; '
is "$(printf '%s\n' "$out" | cut -c 1-7 | sed -n 1,4p | paste -s -d ' ' -)" \
    'rule 1: rule 2: rule 3: rule 4:' 'each rule has a line'
like "$out" "^server: localhost:$(port smtp) \\(no TLS\\)\$" 'the server'
like "$out" '^auth: none' 'the way to authenticate'
like "$out" '^envelope sender: <sys@example.com>$' 'the envelope'
like "$out" "^From: $me on host <sys@example.com>\$" 'From'
explains '-a' other '1: -a names system profile "other"; ' -a other
explains '-a wins over the sender' other '1: ' -a other box@example.com
explains 'a bare name' sys '4: ' root
explains 'a local domain' sys '4: ' root@LAN.example.com
explains 'the null sender' sys '4: ' '<>'
explains 'an address' box \
    '2: sender box@example.com is the address of mailbox profile "box"' \
    box@example.com
explains 'a domain in capitals' box '2: ' box@EXAMPLE.COM
explains 'in also' sys '2: .* is in also of system profile "sys"' \
    cron@example.com
explains 'a tie: mailbox before system' box '2: ' shared@example.com
explains 'a pattern' box '2: .*matched by "\*@wide.example.org" in also' \
    x@wide.example.org
explains 'the longest pattern' box '2: .*"box\+\*@wide.example.org"' \
    box+1@wide.example.org
explains 'exact before pattern' box '2: .*is in also' exact@wide.example.org
explains 'unmatched' sys '4: eve@example.net is not local: unmatched is' \
    eve@example.net
unlike "$out" '^Auto-Submitted' 'unmatched is not marked'
explains 'another case of the local part is another person' sys '4: ' \
    BOX@example.com
explains 'a user by its group' group '2: .*users: (@|root)' group@example.com
[ "$(id -u)" -eq 0 ] ||
    explains 'a user by its number' number "2: .*users: $(id -u)" \
	number@example.com
run "$OSMTP" explain -a oter
exits 78 'explain: an unknown -a'
like "$err" '"oter".*did you mean "other"' '... with the nearest'
run "$OSMTP" explain a b
exits 64 'explain: two addresses'
run "$OSMTP" explain 'a@@b'
exits 65 'explain: no address'

# ---- --dry-run sees the message, too

chooses 'no sender, a local From' sys 4 'From: root (Cron Daemon)\n'
chooses 'no sender, From of a mailbox' box 3 'From: Box <box@example.com>\n'
like "$out" '^sender: <box@example.com>$' '... is the envelope'
chooses 'From matched by a pattern' box 3 'From: x@wide.example.org\n'
chooses 'the null sender counts as none' box 3 'From: box@example.com\n' -f '<>'
like "$out" '^sender: <>$' '... but stays null'
chooses 'From of a system profile does not count' sys 4 \
    'From: other@example.com\n'
chooses 'From of nobody' sys 4 'From: eve@example.net\n'
like "$out" '^Auto-Submitted: auto-generated$' '... is a local sender'
chooses 'From beside a sender does not count' other 2 \
    'From: box@example.com\n' -f other@example.com
chooses 'From beside a bare sender does not count' sys 4 \
    'From: box@example.com\n' -f cron
chooses '-r is -f' box 2 'From: x@example.net\n' -r box@example.com
chooses 'the last -f counts' box 2 '' -f other@example.com -f box@example.com
chooses 'a sender with a name' box 2 '' -f 'Box <box@example.com>'
chooses 'Sender does not count' sys 4 'Sender: box@example.com\n'
like "$out" '^recipient: <b@example.org>$' 'the recipient'
like "$out" "^From: $me on host <sys@example.com>\$" 'the final header'
check 'a dry run sends nothing' [ ! -s "$LOG/smtp.trace" ]
check '... and keeps nothing' [ ! -e "$dead" ]

# ---- permission

if [ "$(id -u)" -ne 0 ]; then
	chooses 'From of a mailbox of others does not count' sys 4 \
	    'From: closed@example.com\n'
	printf 'From: x@example.org\n\nbody\n' >"$TMP/in"
	forbids 'a sender of others' \
	    "$me may not .*\"closed\", chosen by rule 2 .*: its users are no-such" \
	    -f closed@example.com
	forbids '-a of others' 'rule 1 \(-a\): its users are' -a closed
	forbids 'a system profile of others' 'rule 2' -f shut@example.com
	run "$OSMTP" explain closed@example.com
	exits 77 'explain: a sender of others'
	like "$out" '^rule 2: .*may not use it' '... says why'
	settings 'unmatched = "shut";'
	forbids 'unmatched is of others' 'rule 4 \(unmatched\)' \
	    -f eve@example.net
	settings
	sed -i 's/^default = .*/default = "shut";/' \
	    "$HOME/.config/osmtp/osmtp.conf"
	forbids 'default is of others' 'rule 4 \(default\)'
else
	settings
	chooses 'root always may' closed 2 '' -f closed@example.com
fi

# ---- unmatched, default

settings 'unmatched = "box";'
explains 'unmatched = a mailbox' box '4: ' eve@example.net
settings 'unmatched = "reject";'
forbids 'unmatched = "reject"' 'sender eve@example.net: .*rule 4' \
    -f eve@example.net
run "$OSMTP" explain eve@example.net
exits 77 'explain: unmatched = "reject"'
like "$out" '^rule 4: eve@example.net is not local, and unmatched is "reject"' \
    '... says why'
explains 'unmatched = "reject", a local sender' sys '4: '
explains 'unmatched = "reject", -a' other '1: ' -a other eve@example.net
settings
sed -i '/^default/d' "$HOME/.config/osmtp/osmtp.conf"
run "$sendmail" b@example.org <"$TMP/in"
exits 78 'no default among several'
like "$err" 'default: .*rule 4' '... is said'
rm -f "$dead"
conf <<'END'
log = { to = "@TMP@/log"; };
profiles = {
  box = { kind = "mailbox"; address = "box@example.com"; users = "*";
          server = "smtp://localhost:9"; auth = "none"; };
  sys = { kind = "system"; address = "sys@example.com";
          server = "smtp://localhost:9"; auth = "none"; };
};
END
explains 'the only system profile is the default' sys '4: '

# ---- on the wire

settings
run "$sendmail" b@example.org <"$TMP/in"
run "$sendmail" -f box@example.com b@example.org <"$TMP/in"
is "$(sed -n 's/.* C MAIL FROM:<\(.*\)>.*/\1/p' "$LOG/smtp.trace" |
    paste -s -d ' ' -)" 'sys@example.com box@example.com' \
    'what was explained is done'
like "$(cat "$TMP/log")" 'profile=sys ' 'the log names the profile'
finish
