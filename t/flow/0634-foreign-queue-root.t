#!/bin/sh
# SPDX-License-Identifier: ISC
# The system's queue for whom it does not belong to: mailq and -q of an ordinary
# user do what they may, say what they may not, and end with 0.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
QUEUE=yes

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip 'needs root'
nobody=$(id -u nobody) || skip 'there is no user nobody'
chmod 755 "$TMP"
cp "$OSMTP" "$TMP/osmtp"
for name in sendmail mailq; do
	ln -s osmtp "$TMP/$name"
done
as_nobody() {
	setpriv --reuid "$nobody" --regid "$(id -g nobody)" --clear-groups \
	    timeout 60 "$@"
}
as_nobody true 2>/dev/null || skip 'setpriv cannot change the user'
as_nobody [ -x "$TMP/osmtp" ] || chmod a+x "${TMPDIR:-/tmp}"
as_nobody [ -x "$TMP/osmtp" ] || skip 'others cannot reach our folder'

start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
sent() { find "$LOG" -name 'msg-*.eml' | wc -l | tr -d ' '; }
box() { # NAME: a profile that everybody may use
	cat <<-END
		profiles = { $1 = { kind = "mailbox"; address = "$1@example.com";
		  users = "*"; server = "smtp://localhost:@PORT:smtp@";
		  tls = { mode = "none"; }; auth = "none"; }; };
	END
}
conf "$OSMTP_TEST_ETC/osmtp/osmtp.conf" <<-END
	runner = false; domain = "example.com"; spool = "@TMP@/spool";
	log = { to = "@TMP@/log"; };
	$(box sys)
END
chmod 644 "$OSMTP_TEST_ETC/osmtp/osmtp.conf"
printf 'Subject: x\n\nbody\n' >"$TMP/in"
run env HOME=/nowhere "$TMP/sendmail" -i -odq -f sys@example.com \
    ann@example.org <"$TMP/in"
exits 0 "root's message is queued"
run env HOME=/nowhere "$TMP/mailq"
like "$out" '^-- 1 Kbytes in 1 Request\.$' '... which root sees'

run as_nobody env HOME=/nowhere "$TMP/mailq"
exits 0 'mailq of somebody else'
like "$out" '^Mail queue is empty$' '... has none of his'
like "$err" "^mailq: .*spool: the system's queue belongs to" \
    '... and says what he does not see'
unlike "$out$err" 'ann@example.org' '... which is not shown'
for what in -q -qf -qRann -bP -bp; do
	run as_nobody env HOME=/nowhere "$TMP/sendmail" $what
	exits 0 "$what of somebody else"
	is "$(sent)" 0 '... sends nothing'
done

# With a queue of his own he lists and runs that one.
conf <<-END
	domain = "example.com"; log = { to = "@TMP@/home/log"; };
	$(box own)
END
chown -R nobody "$HOME"
run as_nobody "$TMP/sendmail" -i -odq -f own@example.com bob@example.org \
    <"$TMP/in"
exits 0 'his own message is queued'
run as_nobody "$TMP/mailq"
like "$out" '^ {41}bob@example.org$' 'mailq shows it'
run as_nobody "$TMP/sendmail" -q
exits 0 '-q'
is "$(sent)" 1 '... sends it'
is "$(fact msg-1 accepted)" '["bob@example.org"]' '... and no other'
run env HOME=/nowhere "$TMP/sendmail" -q
is "$(sent)" 2 "root's goes when root runs his"
finish
