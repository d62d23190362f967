#!/bin/sh
# SPDX-License-Identifier: ISC
# Domains beyond ASCII go to the server as A-labels, so that it need not know
# SMTPUTF8; a local part beyond ASCII needs it.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"ehlo": ["PIPELINING", "8BITMIME"]},
               "utf8": {"ehlo": ["PIPELINING", "8BITMIME", "SMTPUTF8"]}}}
END
conf <<'END'
domain = "example.com";
hostname = "host.example.com";
log = { to = "@TMP@/log"; };
profiles = {
  smtp = {
    kind = "system"; address = "box@example.com"; rewrite = false;
    server = "smtp://localhost:@PORT:smtp@";
    tls = { mode = "none"; }; auth = "none";
  };
  utf8 = {
    kind = "mailbox"; address = "me@example.com"; users = "*";
    server = "smtp://localhost:@PORT:utf8@";
    tls = { mode = "none"; }; auth = "none";
  };
};
END

commands() { sed -n 's/^[0-9]* [0-9]* C \(MAIL\|RCPT\)/\1/p' "$LOG/$1.trace"; }
plain='From: me@example.com\nSubject: x\n\nx\n'

cat >"$TMP/in" <<'END'
From: me@example.com
To: Team: a@BÜCHER.example, kaethe@bücher.example;
Cc: "K" <kaethe@xn--bcher-kva.example>, x@straße.example
Subject: x

x
END
run "$OSMTP" -t -a smtp -f me@example.com <"$TMP/in"
exits 0 'recipients with domains beyond ASCII'
is "$(commands smtp)" 'MAIL FROM:<me@example.com>
RCPT TO:<a@xn--bcher-kva.example>
RCPT TO:<kaethe@xn--bcher-kva.example>
RCPT TO:<x@xn--strae-oqa.example>' \
    'they go as A-labels, each once, without SMTPUTF8'
like "$(tr -d '\r' <"$LOG/msg-1.eml")" \
    'To: Team: a@xn--bcher-kva.example, kaethe@xn--bcher-kva.example;' \
    'and so they do in the header'
like "$(tr -d '\r' <"$LOG/msg-1.eml")" 'x@xn--strae-oqa.example' \
    '... in all fields'
is "$(LC_ALL=C tr -d '\0-\177' <"$LOG/msg-1.eml")" '' \
    'no octet is left that is not ASCII'

: >"$LOG/smtp.trace"
printf '%b' "$plain" >"$TMP/in"
run "$OSMTP" -a smtp -f 'ich@bücher.example' a@example.org <"$TMP/in"
exits 0 'such a sender'
is "$(commands smtp)" 'MAIL FROM:<ich@xn--bcher-kva.example>
RCPT TO:<a@example.org>' 'his domain goes as A-labels'

run "$OSMTP" -a utf8 'käthe@bücher.example' <"$TMP/in"
exits 0 'a local part beyond ASCII'
like "$(commands utf8)" 'MAIL FROM:<me@example.com> .*SMTPUTF8
RCPT TO:<käthe@xn--bcher-kva.example>' 'it needs SMTPUTF8'

: >"$LOG/smtp.trace"
for bad in 'a@b＠c.example' 'a@b＞.example' 'a@-ü.example' 'a@☃.example'; do
	run "$OSMTP" -a smtp b@example.org "$bad" <"$TMP/in"
	exits 65 "$bad: has no A-label"
	like "$err" 'has no ASCII form' '... which is told'
done
is "$(commands smtp)" '' '... and nothing is sent'
finish
