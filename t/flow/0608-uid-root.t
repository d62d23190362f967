#!/bin/sh
# SPDX-License-Identifier: ISC
# A uid that the password database does not know sends, as uidN.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip 'needs root'
! getent passwd 54321 >/dev/null || skip 'somebody has uid 54321'
as() { setpriv --reuid 54321 --regid 54321 --clear-groups "$@"; }
as true 2>/dev/null || skip 'setpriv cannot change the user'
cp "$OSMTP" "$TMP/sendmail"
chmod 755 "$TMP" "$TMP/sendmail"
as [ -x "$TMP/sendmail" ] || chmod a+x "${TMPDIR:-/tmp}"

start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
conf "$OSMTP_TEST_ETC/osmtp/osmtp.conf" <<END
runner = false;
domain = "example.com";
hostname = "host.example.com";
received = false;
log = { to = "@TMP@/log"; };
$(header_profiles 'name = "%f (%u)";')
END
chmod 644 "$OSMTP_TEST_ETC/osmtp/osmtp.conf"
: >"$TMP/log"
chmod 666 "$TMP/log"
chmod 755 "$OSMTP_TEST_ETC" "$OSMTP_TEST_ETC/osmtp"
sent=0

# sends NAME OPTION...: as a uid that nobody has; head, mail (the sender).
sends() {
	name=$1
	shift
	run as env HOME=/nonexistent "$TMP/sendmail" -i "$@" \
	    b@example.org <"$TMP/in"
	exits 0 "$name: sent"
	sent=$((sent + 1))
	head=$(tr -d '\r' <"$LOG/msg-$sent.eml" | sed '/^$/q')
	mail=$(sed -n "s/^$sent [0-9]* C MAIL FROM:<\(.*\)>.*/\1/p" \
	    "$LOG/smtp.trace")
}

printf 'Subject: s\n\nb\n' >"$TMP/in"
sends plain
is "$mail" uid54321@example.com 'the envelope'
like "$head" '^From: uid54321@example\.com$' 'From'
sends 'a template' -a noreply
is "$mail" noreply@example.com 'rewritten: the envelope'
like "$head" '^From: "uid54321 \(uid54321\)" <noreply@example\.com>$' \
    'rewritten: the name of nobody is what he is called'
printf 'From: x@example.net\n\nb\n' >"$TMP/in"
sends '-f' -f a@example.org
is "$mail" a@example.org '-f: the envelope'
like "$head" '^From: x@example\.net$' '-f: From stays'

finish
