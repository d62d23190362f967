#!/bin/sh
# SPDX-License-Identifier: ISC
# Faults of the configuration: named with file and line, and no mail is lost.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

sendmail=$TMP/sendmail
export QUEUE=yes # the lines are counted
ln -s "$OSMTP" "$sendmail"
file=$HOME/.config/osmtp/osmtp.conf
dead=$HOME/dead.letter
uid=$(id -u)
printf 'Subject: hello\n\nbody\n' >"$TMP/in"

# write FILE LINE...: a configuration with these lines before its profile,
# whose server is no server; what is in $in_profile stands in it.
in_profile=''
write() {
	to=$1
	shift
	{
		[ $# -eq 0 ] || printf '%s\n' "$@"
		cat <<END
domain = "example.com";
log = { to = "@TMP@/log"; };
profiles = {
  box = {
    kind = "system";
    address = "box@example.com";
    server = "smtp://localhost:9";
    $in_profile
    auth = "none";
  };
  post-box = {
    kind = "mailbox";
    address = "post@example.com";
    users = "*";
    server = "smtp://localhost:9";
    auth = "none";
  };
};
END
	} | conf "$to"
}
fine() {
	run "$sendmail" --dry-run "$@" b@example.org <"$TMP/in"
}
# faulty NAME REGEX [OPTION...]: 78, one line that says REGEX, and it is kept.
faulty() {
	name=$1 want=$2
	shift 2
	run "$sendmail" "$@" b@example.org <"$TMP/in"
	{
		[ "$status" -eq 78 ] &&
		    printf '%s\n' "$err" | head -n 1 | grep -Eq -e "$want" &&
		    printf '%s\n' "$err" | sed 1d |
		    grep -qx 'sendmail: the message was kept in .*' &&
		    grep -qx 'X-Undelivered-To: b@example.org' "$dead" &&
		    grep -qx body "$dead" && [ "$out" = '' ]
	} 2>/dev/null
	result $? "$name" "status $status, no match for /$want/" "$out" "$err"
	rm -f "$dead"
}

# ---- places, reasons and near names

write "$file"
fine
exits 0 'a good configuration'
like "$out" 'profile: box' '... is used'

write "$file" 'domian = "example.com";'
faulty 'a typo in a key' \
    "^sendmail: $file:1: domian: unknown key; did you mean \"domain\"\\?\$"
write "$file" '' '# a comment' 'log_ = 1;'
faulty 'its line' "^sendmail: $file:3: log_: unknown key"
write "$file" 'xyzzy = 1;'
faulty 'no near name: all are listed' 'xyzzy: unknown key; known here: .*domain'
in_profile='adress = "x";'
write "$file"
faulty 'a typo in a profile' \
    "$file:8: profiles\\.box\\.adress: unknown key; did you mean \"address\""
in_profile='tls = { ca_fiel = "/x"; };'
write "$file"
faulty 'a typo in a group' \
    "$file:8: profiles\\.box\\.tls\\.ca_fiel: .*\"ca_file\""
in_profile='fallback = "post-box";'
write "$file"
faulty 'a key that does not work yet is unknown' 'profiles.box.fallback: unknown'
in_profile=''
write "$file" 'unaliased = "admn";'
faulty 'a wrong word' "$file:1: unaliased: .*admn.*admin"
write "$file" 'queue = { max_message = "5X"; };'
faulty 'a wrong size' "$file:1: queue.max_message: .*5X"
write "$file" 'queue = { max_message = 1; };'
faulty 'out of bounds' "$file:1: queue.max_message: "
write "$file" 'admin = 1;'
faulty 'a wrong type' "$file:1: admin: must be .*, and is a number"
write "$file" 'admin = "not an address";'
faulty 'no address' "$file:1: admin: .*not an address"
write "$file" 'default = "post-box";'
faulty 'default is no system profile' "$file:1: default: .*\"system\""
write "$file" 'unmatched = "bxo";'
faulty 'a wrong reference' "$file:1: unmatched: \"bxo\": .*\"box\""
write "$file" 'runner = true;'
faulty 'a runner of a user' "$file:1: runner: "
write "$file" 'domain = "example.com"' 'hostname "x";'
faulty 'a syntax error' "$file:2: syntax error"
write "$file" 'domain = "exam' '' ''
faulty 'a string without end' "$file:[0-9]+: .*string"
write "$file" '4you = 1;'
faulty 'no name' "$file:1: .*4you.* is no name"
write "$file" '@include "more.conf"'
echo 'hostnam = "x";' | conf "${file%/*}/more.conf"
faulty 'a typo in an included file' \
    "${file%/*}/more.conf:1: hostnam: .*hostname"
rm "${file%/*}/more.conf"
faulty 'no such included file' "$file:1: @include: .*more.conf"
printf '' | conf
faulty 'an empty file' "$file: profiles: .*missing"
conf <<'END'
profiles = { a = { kind = "system"; address = "a@example.com";
 auth = "none"; }; };
END
faulty 'a missing key' "$file:1: profiles.a.server: is missing"
conf <<'END'
profiles = { a = { kind = "system"; address = "a@example.com";
 server = "smtp://mail.example.com"; tls = { mode = "none"; };
 password = "geheim"; }; };
END
faulty 'a password without TLS' "$file:2: profiles.a.tls.mode: .*TLS"
run "$sendmail" --dry-run b@example.org <"$TMP/in"
unlike "$err" geheim 'a fault shows no secret'
rm -f "$dead"

# ---- who may have written it

write "$file"
for mode in 620 602 666; do
	chmod $mode "$file"
	faulty "mode $mode" "$file: must not be writable by group or others.*0$mode"
done
chmod 600 "$file"
in_profile='password = "geheim";'
write "$file"
chmod 644 "$file"
faulty 'a plain secret in a 0644 file' \
    "$file:8: profiles.box.password: .*0600.*0644"
unlike "$(cat "$TMP/err")" geheim '... which is not shown'
in_profile='password = { file = "relative"; };'
write "$file"
faulty 'a relative path' "$file:8: profiles.box.password: .*relative"
in_profile='password = { flie = "/x"; };'
write "$file"
faulty 'no form of a secret' "$file:8: profiles.box.password: .*flie"
in_profile=''

# ---- a secret is looked at only when it is used

QUEUE=''

echo geheim >"$TMP/secret" && chmod 644 "$TMP/secret"
conf <<'END'
domain = "example.com";
log = { to = "@TMP@/log"; };
profiles = {
  box = {
    kind = "system";
    address = "box@example.com";
    server = "smtp://localhost:9";
    password = { file = "@TMP@/secret"; };
  };
  no = {
    kind = "system";
    address = "no@example.com";
    server = "smtp://localhost:9";
    password = { file = "@TMP@/absent"; };
  };
};
default = "box";
END
fine
exits 0 'a secret that others can read: harmless while it is not used'
fine -a no
exits 0 'a secret that is not there: harmless too'
# secret NAME REGEX OPTION...: cannot be sent with that secret.
secret() {
	name=$1 want=$2
	shift 2
	run "$sendmail" "$@" b@example.org <"$TMP/in"
	result "$([ "$status" -eq 78 ] || [ "$status" -eq 77 ]; echo $?)" \
	    "$name: 77 or 78" "$status" "$err"
	like "$err" "$want" "$name: said"
	check "$name: without a queue nothing is kept" [ ! -e "$dead" ]
	unlike "$err" geheim "$name: not shown"
}
secret 'a secret that others can read' "$TMP/secret: .*0644" -a box
secret 'a secret that is not there' "$TMP/absent: " -a no
if strace -f -o "$TMP/strace" -e trace=file true 2>/dev/null; then
	chmod 600 "$TMP/secret"
	# LeakSanitizer does not work under strace.
	run env ASAN_OPTIONS=detect_leaks=0 \
	    strace -f -o "$TMP/strace" -e trace=file \
	    "$sendmail" --dry-run b@example.org <"$TMP/in"
	exits 0 'loading, watched'
	like "$(cat "$TMP/strace")" "open.*$file" '... opens the configuration'
	unlike "$(cat "$TMP/strace")" "$TMP/(secret|absent)" '... and no secret'
else
	result 0 'loading opens no secret # skip no strace here'
fi

# ---- profiles by name

QUEUE=yes

write "$file"
faulty 'an unknown -a' '^sendmail: -a: "post-bxo": .*did you mean "post-box"' \
    -a post-bxo
faulty 'an unknown -a, nothing near' '^sendmail: -a: "q": no profile' -a q

# ---- which file

rm "$file"
faulty 'no configuration' \
    "^sendmail: $OSMTP_TEST_ETC/osmtp/osmtp.conf: .*~/.config/osmtp/osmtp.conf"
write "$TMP/other" 'hostname = "other.example.com";'
write "$file"
run "$OSMTP" --dry-run -C "$TMP/other" b@example.org <"$TMP/in"
exits 0 '-C on the osmtp face'
like "$out" 'Message-ID: <.*@other\.example\.com>' '... is used'
run env OSMTP_CONFIG="$TMP/other" "$OSMTP" --dry-run b@example.org <"$TMP/in"
like "$out" 'Message-ID: <.*@other\.example\.com>' 'OSMTP_CONFIG'
write "$TMP/third" 'hostname = "third.example.com";'
run env OSMTP_CONFIG="$TMP/other" "$OSMTP" --dry-run -C "$TMP/third" \
    b@example.org <"$TMP/in"
like "$out" 'Message-ID: <.*@third\.example\.com>' '-C wins over OSMTP_CONFIG'
run "$OSMTP" -C "$TMP/other" -C "$TMP/third" b@example.org <"$TMP/in"
exits 64 'a second -C'
check 'a second -C keeps nothing' [ ! -e "$dead" ]
write "$TMP/other" 'runner = true;'
run "$OSMTP" -C "$TMP/other" b@example.org <"$TMP/in"
exits 78 'a runner in -C'
like "$err" "$TMP/other:1: runner: " '... is named'
rm -f "$dead"
run "$OSMTP" -C "$TMP/absent" b@example.org <"$TMP/in"
exits 78 '-C without a file'
like "$err" "$TMP/absent: No such file" '... is named'
like "$err" 'kept in' '... and the message kept'
rm -f "$dead"
run "$OSMTP" -C "$TMP" b@example.org <"$TMP/in"
exits 78 '-C with a directory'
mkfifo "$TMP/fifo"
run "$OSMTP" -C "$TMP/fifo" b@example.org <"$TMP/in"
exits 78 '-C with a FIFO'
rm -f "$dead"
if [ "$uid" -ne 0 ]; then
	echo 'geheim = "geheimer";' >"$TMP/foreign"
	chmod 644 "$TMP/foreign"
	faulty '-C on the sendmail face, not of root' \
	    "^sendmail: $TMP/foreign: must belong to uid 0 .*owner is uid $uid" \
	    -C "$TMP/foreign"
	run "$sendmail" -C "$TMP/foreign" b@example.org <"$TMP/in"
	unlike "$err" geheim '... and nothing of it is shown'
	run env OSMTP_CONFIG="$TMP/foreign" "$sendmail" b@example.org <"$TMP/in"
	exits 78 '... nor by OSMTP_CONFIG'
	unlike "$err" geheim '... and nothing of it is shown'
	rm -f "$dead"
	run env HOME=/ "$sendmail" --dry-run b@example.org <"$TMP/in"
	exits 78 'HOME of somebody else is no HOME'
	run env HOME=/ XDG_CONFIG_HOME="$HOME/.config" "$sendmail" --dry-run \
	    b@example.org <"$TMP/in"
	exits 0 'XDG_CONFIG_HOME'
	run env XDG_CONFIG_HOME=/ "$sendmail" --dry-run b@example.org <"$TMP/in"
	exits 0 'XDG_CONFIG_HOME of somebody else gives way to HOME'
else
	result 0 'files of others # skip we are root'
fi
run env HOME="$TMP/nowhere" "$sendmail" --dry-run b@example.org <"$TMP/in"
exits 78 'a HOME that is not there'
like "$err" 'there is no configuration' '... is no fault by itself'
finish
