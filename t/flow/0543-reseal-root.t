#!/bin/sh
# SPDX-License-Identifier: ISC
# A change of keys where there are two files: the system's and a user's own.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip 'needs root'
nobody=$(id -u nobody) || skip 'there is no user nobody'
daemon=$(id -u daemon) || skip 'there is no user daemon'
chmod 755 "$TMP"
cp "$OSMTP" "$TMP/osmtp"
cli=$TMP/osmtp
as() {
	setpriv --reuid "$nobody" --regid "$(id -g nobody)" --clear-groups "$@"
}
as true 2>/dev/null || skip 'setpriv cannot change the user'
as [ -x "$cli" ] || chmod a+x "${TMPDIR:-/tmp}"
as [ -x "$cli" ] || skip 'others cannot reach our folder'

etc=$OSMTP_TEST_ETC/osmtp own=$HOME/.config/osmtp
root_home=$TMP/root
mkdir -p "$root_home"
# root COMMAND...: as root, with a home that has no configuration.
root() { HOME=$root_home run "$cli" "$@"; }
user() { run as "$cli" "$@"; }
by() { sed -n 's/.*sealed:v1:\([0-9a-f]\{8\}\):.*/\1/p' "$1" | tr '\n' ' '; }
kids() { sed -n 's/^\([0-9a-f]\{8\}\) .*/\1/p' "$1" | tr '\n' ' '; }
profile() {
	echo "spool = \"none\"; profiles = { $1 = { kind = \"system\";
	  address = \"$1@example.com\"; server = \"smtps://mail.example.net\";
	  password = \"x\"; }; };"
}
echo kettle >"$TMP/secret"
{ echo "runner = false;"; profile sys; } >"$etc/osmtp.conf"
profile mine >"$own/osmtp.conf"
chmod 644 "$etc/osmtp.conf" "$own/osmtp.conf"
chown -R "nobody:$(id -g nobody)" "$HOME"
# What the system keeps is not for a user to see.
mkdir -m 700 "$OSMTP_TEST_STATE/tokens"
printf 'osmtp-vault 2\nsealed:v1:00000000:AAAA\n' \
    >"$OSMTP_TEST_STATE/tokens/sys.blob"
chmod -R go= "$OSMTP_TEST_STATE"
root seal --set sys.password <"$TMP/secret"
exits 0 'a secret of the system'
is "$(stat -c '%U %a' "$etc/osmtp.conf" "$etc/seal.key" | tr '\n' ' ')" \
    'root 644 root 600 ' 'has a key that is root'\''s'
user seal --set mine.password <"$TMP/secret"
exits 0 'and one of a user'
one=$(kids "$own/seal.key") sys=$(kids "$etc/seal.key")
is "$(by "$own/osmtp.conf")$(by "$etc/osmtp.conf")" "$one$sys" \
    'each by a key of its own'

# The user.
user seal --new-key
user reseal
exits 0 'the user'
like "$out" "^$own/osmtp.conf:[0-9]+: mine.password: sealed by key" 'seals anew what is his'
like "$out" "^$etc/osmtp.conf:[0-9]+: sys.password: left as it is: .*belongs to uid 0" \
    'not what is the system'\''s'
like "$out" "^$OSMTP_TEST_STATE/tokens: left as it is: " 'nor what he can'\''t see'
is "$(stat -c '%u %a' "$own/osmtp.conf")" "$nobody 644" 'and the file is his still'
chgrp daemon "$own/osmtp.conf"
user seal --new-key
user reseal
like "$out" "^$own/osmtp.conf:[0-9]+: mine.password: left as it is: .*its group is gid" \
    'a group that he is not in could not be kept'
chgrp "$(id -g nobody)" "$own/osmtp.conf"
user reseal
exits 0 'it is'
user seal --retire "${one% }"
exits 0 'his old key can go: the system does not have it'
user seal --retire "${sys% }"
exits 78 'the system'\''s is not his'
like "$err" 'there is no key' 'nor can he see it'

# Root.
root seal --new-key
root seal --retire "${sys% }"
exits 78 'a key of the system in use'
like "$err" "$etc/osmtp.conf:[0-9]+: sys.password is sealed by key ${sys% }" 'is named'
rm "$OSMTP_TEST_STATE/tokens/sys.blob"
chown daemon "$etc/osmtp.conf" 2>/dev/null
root reseal
exits 78 'a file of the system that is not root'\''s counts for nothing'
chown root:daemon "$etc/osmtp.conf"
root reseal
exits 0 'root'
like "$out" "^$etc/osmtp.conf:[0-9]+: sys.password: sealed by key" 'seals it anew'
is "$(stat -c '%u %g %a' "$etc/osmtp.conf")" "0 $(id -g daemon) 644" \
    'with its owner and group'
unlike "$out" mine 'not what is a user'\''s'
cp "$own/osmtp.conf" "$TMP/given.conf"
chown root "$TMP/given.conf"
root seal -C "$TMP/given.conf" --retire "${sys% }"
exits 78 'a key of the system, by a file of -C'
like "$err" 'for other configurations, too' 'is not looked after so'
chown daemon "$OSMTP_TEST_STATE"
mkdir -p "$OSMTP_TEST_STATE/tokens"
printf 'osmtp-vault 2\nsealed:v1:00000000:AAAA\n' \
    >"$OSMTP_TEST_STATE/tokens/sys.blob"
chown -R daemon "$OSMTP_TEST_STATE"
chmod 600 "$OSMTP_TEST_STATE/tokens/sys.blob"
root seal --retire "${sys% }"
exits 77 'a state that belongs to another user'
like "$err" "sys.blob: can't be looked into: .*must belong to uid 0: owner is uid $daemon|tokens: must belong" \
    'may need it'
rm -r "$OSMTP_TEST_STATE/tokens"
root seal --retire "${sys% }"
exits 0 'when all is by the new key, the old one goes'

# A key of systemd comes before all others.
mkdir "$TMP/cred"
root seal --new-key
grep -v '^#' "$etc/seal.key" | head -1 >"$TMP/cred/osmtp-seal"
chmod 400 "$TMP/cred/osmtp-seal"
root reseal
new=$(kids "$TMP/cred/osmtp-seal")
sed -i "/^${new% }/d" "$etc/seal.key"
old=$(kids "$etc/seal.key")
CREDENTIALS_DIRECTORY=$TMP/cred root reseal
exits 0 'with a credential'
like "$out" 'nothing to do: 1' 'which is the first key'
CREDENTIALS_DIRECTORY=$TMP/cred root seal --retire "${old% }"
exits 0 'another key can go'
root seal --list
exits 78 'without the credential it does not open'
chmod 600 "$TMP/cred/osmtp-seal"
root seal --new-key
grep -v '^#' "$etc/seal.key" | head -1 >>"$TMP/cred/osmtp-seal"
other=$(tail -1 "$TMP/cred/osmtp-seal" | cut -c1-8)
: >"$etc/seal.key"
CREDENTIALS_DIRECTORY=$TMP/cred root seal --retire "$other"
exits 78 'a key in the credential'
like "$err" 'in the systemd credential osmtp-seal: take its line out there' \
    'is not ours to take out'
finish
