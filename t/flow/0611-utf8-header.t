#!/bin/sh
# SPDX-License-Identifier: ISC
# An address of the header alone that is not ASCII: SMTPUTF8, at once and from
# the queue; told where the server does not offer it.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {
  "new": {"ehlo": ["8BITMIME", "SMTPUTF8"],
          "on": {"mail": [{"reply": "451 4.3.2 later"}, null]}},
  "old": {"ehlo": ["8BITMIME"]}}}
END
mailbox() { profile "$1" "$1@example.com" 'kind = "mailbox";' "$1"; }
conf <<END
domain = "example.com";
log = { to = "@TMP@/log"; };
profiles = { $(mailbox new) $(mailbox old) };
END

who=$(printf 'j\303\266rg@example.org')
printf 'From: a@example.com\nCc: %s\nSubject: s\n\nb\n' "$who" >"$TMP/in"
whole "$SENDMAIL" -i -f new@example.com b@example.org <"$TMP/in"
exits 0 'put off: it waits'
is "$(queued | wc -w | tr -d ' ')" 1 '... in the queue'
like "$(cat "$SPOOL"/queue/*/*)" '^utf8$' '... which knows what it needs'
at 120
once
is "$(queued)" '' 'delivered from the queue'
is "$(grep -c 'C MAIL FROM:<new@example\.com>.* SMTPUTF8' "$LOG/new.trace")" \
    2 '... with SMTPUTF8 both times'
like "$(cat "$LOG/msg-1.eml")" "^Cc: $who" '... and the address as it was'

whole "$SENDMAIL" -i -f old@example.com b@example.org <"$TMP/in"
exits 65 'not offered: refused'
like "$err" 'an address in the header is not ASCII and the server does not' \
    '... told'
like "$err" 'kept in .*dead\.letter' '... and kept'
unlike "$(cat "$LOG/old.trace")" ' C (MAIL|RCPT|DATA)' '... not even tried'

# A domain has an ASCII form, and a name can be encoded: neither needs it.
printf 'From: a@example.com\nCc: J\303\266rg <j@b\303\274cher.example>\n\nb\n' \
    >"$TMP/in"
whole "$SENDMAIL" -i -f old@example.com b@example.org <"$TMP/in"
exits 0 'a domain and a name: delivered'
head=$(tr -d '\r' <"$LOG/msg-2.eml" | sed '/^$/q')
like "$head" '^Cc: =\?UTF-8\?.*\?= <j@xn--bcher-kva\.example>$' '... in ASCII'
unlike "$(cat "$LOG/new.trace" "$LOG/old.trace")" '^[0-9]+ [0-9]+ !' \
    'no rule is broken'
finish
