#!/bin/sh
# SPDX-License-Identifier: ISC
# 5,000 recipients: as operands, in the header, behind an alias; each gets the
# message once, in transactions of limits.recipients.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
conf <<END
domain = "example.com";
aliases = "$TMP/aliases";
profiles = { plain = {
  kind = "system"; address = "plain@example.com"; rewrite = false;
  server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
  auth = "none"; limits = { recipients = 300; }; }; };
END
ln -s "$OSMTP" "$TMP/sendmail"
PATH=$TMP:$PATH
seq -f 'user%.0f@example.org' 5000 >"$TMP/list"
sort "$TMP/list" >"$TMP/want"
echo "all: :include:$TMP/list" >"$TMP/aliases"
sent=0

# everybody LABEL: since the last time each of them got it, once.
everybody() {
	sed -n 's/^[0-9]* [0-9]* C RCPT TO:<\(.*\)>.*/\1/p' \
	    "$LOG/smtp.trace" | tail -n +$((sent + 1)) | sort >"$TMP/got"
	sent=$((sent + 5000))
	exits 0 "$1"
	cmp -s "$TMP/want" "$TMP/got"
	result $? '... each gets it once' "$(diff "$TMP/want" "$TMP/got" |
	    head -n 5)"
	data=$(grep -c '^[0-9]* [0-9]* C DATA' "$LOG/smtp.trace")
	is "$data" $((sent * 17 / 5000)) '... in transactions of 300'
}

printf 'Subject: x\n\ntext\n' >"$TMP/in"
# shellcheck disable=SC2046 # one word each
run sendmail $(cat "$TMP/list") <"$TMP/in"
everybody operands

run sendmail all user1@EXAMPLE.ORG <"$TMP/in"
everybody 'behind an alias, and one of them named beside it'

# On one line of 120,000 octets.
{
	printf 'Subject: x\nBcc: '
	paste -s -d , "$TMP/list"
	printf '\ntext\n'
} >"$TMP/in"
run sendmail -t <"$TMP/in"
everybody 'in the header'
finish
