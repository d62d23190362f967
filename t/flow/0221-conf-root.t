#!/bin/sh
# SPDX-License-Identifier: ISC
# The system's configuration and the user's: whose files count for whom.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
export QUEUE=yes # the lines of a configuration are counted

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip 'needs root'
nobody=$(id -u nobody) || skip 'there is no user nobody'
daemon=$(id -u daemon) || skip 'there is no user daemon'
chmod 755 "$TMP"
cp "$OSMTP" "$TMP/osmtp"
ln -s osmtp "$TMP/sendmail"
sendmail=$TMP/sendmail

# as UID COMMAND...
as() {
	id=$1
	shift
	setpriv --reuid "$id" --regid "$(id -g nobody)" --clear-groups "$@"
}
as "$nobody" true 2>/dev/null || skip 'setpriv cannot change the user'
# Our own folder may lie where only root gets to.
as "$nobody" [ -x "$TMP/osmtp" ] || chmod a+x "${TMPDIR:-/tmp}"
as "$nobody" [ -x "$TMP/osmtp" ] || skip 'others cannot reach our folder'

start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
system=$OSMTP_TEST_ETC/osmtp/osmtp.conf
own=$HOME/.config/osmtp/osmtp.conf
dead=$HOME/dead.letter
chown -R nobody "$HOME"
chmod 1777 "$TMP/state"
printf 'Subject: hello\n\nbody\n' >"$TMP/in"

# profile NAME KIND MORE: its lines.
profile() {
	cat <<END
  $1 = {
    kind = "$2"; address = "$1@example.com"; ${3-}
    server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
    auth = "none";
  };
END
}
# system LINE..., own LINE...: files of top-level lines and $profiles.
file() {
	to=$1
	shift
	{
		printf '%s\n' "$@" 'profiles = {' "$profiles" '};'
	} | conf "$to"
}
system() {
	profiles=$(profile sys system; profile sys-box mailbox 'users = "daemon";'
	    profile both system)
	file "$system" 'default = "sys";' "log = { to = \"$TMP/log.sys\"; };" "$@"
	chmod 644 "$system"
}
own() {
	profiles=$(profile mine system; profile my-box mailbox
	    profile both system)
	file "$own" 'default = "mine";' "log = { to = \"$TMP/log.own\"; };" "$@"
	chown nobody "$own"
}
: >"$TMP/log.sys" && chmod 666 "$TMP/log.sys"
: >"$TMP/log.own" && chmod 666 "$TMP/log.own"

# choice UID OPTION...: $out is what --dry-run says.
choice() {
	id=$1
	shift
	run as "$id" "$sendmail" --dry-run "$@" b@example.org <"$TMP/in"
}
# uses NAME PROFILE UID OPTION...
uses() {
	name=$1 want=$2
	shift 2
	choice "$@"
	is "$(printf '%s\n' "$out" | sed -n 's/^profile: \([^ ]*\).*/\1/p')" \
	    "$want" "$name"
}
# faulty NAME REGEX UID OPTION...: 78, and it says REGEX.
faulty() {
	name=$1 want=$2
	id=$3
	shift 3
	run as "$id" "$sendmail" "$@" b@example.org <"$TMP/in"
	exits 78 "$name: 78"
	like "$err" "$want" "$name: said"
	like "$err" 'kept in' "$name: it is kept"
	rm -f "$dead"
}

# ---- the system's file alone

system 'runner = false;' 'domain = "sys.example.com";'
uses "the system's file" sys "$nobody"
uses "the system's file, for root" sys 0
run as "$nobody" "$sendmail" b@example.org <"$TMP/in"
exits 0 'runner = false: sent'
is "$err" '' 'runner = false: nothing to say'
like "$(cat "$TMP/log.sys")" 'profile=sys ' "the log of the system's file"
system 'runner = true;'
run as "$nobody" "$sendmail" b@example.org <"$TMP/in"
exits 0 'runner = true: sent'
is "$(grep -c 'runner: acts as false' "$TMP/err")" 1 \
    'runner = true: one warning'
like "$err" "$system: runner: " '... that names the file'
choice "$nobody" -C "$system"
exits 0 "-C with the system's file: it means nothing"

chmod 664 "$system"
faulty 'writable by its group' "$system: must not be writable" "$nobody"
chmod 600 "$system"
faulty 'closed to us' "$system: .*owner uid 0, mode 0600; we are uid $nobody" \
    "$nobody"
chown nobody "$system"
faulty "not root's" "$system: must belong to uid 0 .*owner is uid $nobody" \
    "$nobody"
chown root "$system"
system "@include \"$TMP/part\""
echo 'hostname = "x.example.com";' >"$TMP/part"
chown nobody "$TMP/part"
faulty "an included file that is not root's" "$TMP/part: must belong to uid 0" \
    "$nobody"
chown root "$TMP/part"
uses "an included file of root's" sys "$nobody"
system 'domian = "x";'
faulty "a typo in the system's file" "$system:3: domian: .*\"domain\"" \
    "$nobody"

# ---- both files in one choice

system 'runner = false;' 'domain = "sys.example.com";'
own 'domain = "own.example.com";' 'hostname = "own.example.net";'
uses "default: the system's, if it sets one" sys "$nobody"
uses 'a profile of the own file' mine "$nobody" -a mine
uses 'its sender' mine "$nobody" -f mine@example.com
uses 'its mailbox' my-box "$nobody" -f my-box@example.com
choice "$nobody" -a both
run as "$nobody" "$TMP/osmtp" explain both@example.com
like "$out" "both.*$own" 'on a tie the own file wins'
choice "$nobody" -a mine
like "$out" '^To|^From: .*<mine@example.com>' 'From of the own profile'
printf '\nx\n' >"$TMP/bare"
run as "$nobody" "$sendmail" --dry-run -a mine root <"$TMP/bare"
like "$out" '^recipient: <root@sys.example.com>' "domain: the system's wins"
like "$out" '^Message-ID: <.*@own.example.net>' \
    'hostname: the own one, where the system sets none'
run as "$nobody" "$sendmail" -a mine b@example.org <"$TMP/in"
exits 0 'sent by the own profile'
like "$(cat "$TMP/log.own")" 'profile=mine ' 'the log of the own file'

choice "$nobody" -a sys-box
exits 77 "a mailbox of the system's that lists others: 77"
like "$err" 'nobody may not .*"sys-box".*rule 1 \(-a\).*daemon' \
    '... with rule and users'
rm -f "$dead"
uses 'the user that is listed' sys-box "$daemon" -a sys-box
uses 'root always may' sys-box 0 -a sys-box

# ---- a fault of the own file

own 'domian = "x";'
faulty "never the system's profiles instead" "$own:3: domian" "$nobody"
own
chmod 620 "$own"
faulty 'own, writable by its group' "$own: must not be writable" "$nobody"
chmod 600 "$own"
chown root "$own"
faulty 'own, of somebody else' "$own: .*" "$nobody"

# ---- whose HOME

own 'hostname = "own.example.net";'
choice 0
unlike "$out" 'own.example.net' 'root does not take orders from another HOME'
exits 0 "... but from the system's file"
mkdir -p "$TMP/d/.config/osmtp" "$TMP/r/.config/osmtp"
cp "$own" "$TMP/d/.config/osmtp" && chown -R daemon "$TMP/d"
cp "$own" "$TMP/r/.config/osmtp" && chown -R root "$TMP/r"
run as "$daemon" env HOME="$TMP/d" "$sendmail" --dry-run b@example.org \
    <"$TMP/in"
exits 0 'a system user'
unlike "$out" 'own.example.net' '... has no file of its own'
run env HOME="$TMP/r" "$sendmail" --dry-run b@example.org <"$TMP/in"
like "$out" 'own.example.net' "root's own file"
echo 'domian = 1;' >"$TMP/r/.config/osmtp/osmtp.conf"
run env HOME="$TMP/r" "$sendmail" --dry-run b@example.org <"$TMP/in"
exits 0 'a fault of it'
like "$out" '^profile: sys ' "... gives way to the system's file"

# ---- -C

rm "$own"
profiles=$(profile third system)
file "$TMP/third"
chown nobody "$TMP/third"
chmod 644 "$TMP/third"
faulty '-C as sendmail, file of the caller' \
    "$TMP/third: must belong to uid 0" "$nobody" -C "$TMP/third"
run as "$nobody" "$TMP/osmtp" --dry-run -C "$TMP/third" b@example.org \
    <"$TMP/in"
like "$out" '^profile: third ' '-C as osmtp, file of the caller'
for face in osmtp sendmail; do
	run "$TMP/$face" --dry-run -C "$TMP/third" b@example.org <"$TMP/in"
	exits 78 "-C as $face, root with somebody's file"
	like "$err" "$TMP/third: must belong to uid 0 .*owner is uid $nobody" \
	    '... named with its owner'
	unlike "$err$out" example.com '... and nothing of it is shown'
done
chown root "$TMP/third"
for face in osmtp sendmail; do
	run as "$nobody" "$TMP/$face" --dry-run -C "$TMP/third" b@example.org \
	    <"$TMP/in"
	like "$out" '^profile: third ' "-C as $face, file of root"
done
printf 'root:%sgeheim:1\ndaemon:*\n' $ >"$TMP/shadow"
run "$sendmail" -C "$TMP/shadow" b@example.org <"$TMP/in"
exits 78 '-C as sendmail, no configuration'
unlike "$err" 'geheim|root:' '... and nothing of it is shown'
rm -f "$dead"

# ---- secrets of the system's file

{
	echo 'profiles = { sys = { kind = "system"; address = "s@example.com";'
	echo 'server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };'
	echo 'password = { file = "@TMP@/secret"; }; }; };'
	echo 'runner = false; log = { to = "@TMP@/log.sys"; };'
} | conf "$system"
chmod 644 "$system"
echo geheim >"$TMP/secret" && chmod 600 "$TMP/secret"
run as "$nobody" "$sendmail" --now b@example.org <"$TMP/in"
exits 77 'a secret that only root may read: 77'
like "$err" "$TMP/secret: .*uid 0.*mode 0600.*uid $nobody" \
    '... with path, owner, mode and uid'
rm -f "$dead"

# ---- a uid that nobody knows

system 'runner = false;' 'domain = "sys.example.com";'
sed 's/^profiles.*/& u = { kind = "system"; address = "u@example.com"; \
    rewrite = false; server = "smtp:\/\/localhost:9"; auth = "none"; };/' \
    "$system" >"$TMP/new"
cat "$TMP/new" >"$system"
run as 54321 "$sendmail" --dry-run -a u b@example.org <"$TMP/in"
exits 0 'an unknown uid'
like "$out" '^sender: <uid54321@sys.example.com>' '... is uidN in the envelope'
like "$out" '^From: uid54321@sys.example.com$' '... and in From'
run as 54321 env -u OSMTP_TEST_HOME "$sendmail" -a none b@example.org <"$TMP/in"
like "$err" 'text of the message is gone: .*uid 54321 has no home' \
    '... without a home for a dead letter'
finish
