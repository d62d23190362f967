#!/bin/sh
# SPDX-License-Identifier: ISC
# Received: what it tells and what not; mail that goes in circles.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=queue.sh
. "${0%/*}/queue.sh"

start_fake - <<'END'
{"listeners": {"smtp": {"on": {
    "rcpt:no@example.org": {"reply": "550 5.1.1 no such user"}}}}}
END
# settings LINE
settings() {
	conf <<-END
		domain = "example.com";
		hostname = "host.example.com";
		$1
		log = { to = "@TMP@/log"; };
		profiles = {
		  box = {
		    kind = "mailbox"; address = "box@example.com"; users = "*";
		    server = "smtp://localhost:@PORT:smtp@";
		    tls = { mode = "none"; }; auth = "none";
		  };
		};
	END
}
settings ''
sendmail=$TMP/sendmail dead=$HOME/dead.letter n=0
me=$(id -un 2>/dev/null) || me=uid$(id -u)

# arrives OPTION...: head is what arrived of the header.
arrives() {
	whole "$sendmail" -i -f box@example.com "$@" <"$TMP/in"
	exits 0 "sent: $*"
	n=$((n + 1)) eml=$LOG/msg-$n.eml
	head=$(tr -d '\r' <"$eml" | sed '/^$/q')
}
# hops N: a message that has passed N servers.
hops() {
	awk -v n="$1" 'BEGIN { while (n-- > 0) printf "%s",
	    "Received: from a by b\n\twith SMTP; Mon, 1 Jan 2024 00:00:00 +0000\n"
	    print "Received-SPF: pass\nX-Received: x\nSubject: s\n\nbody" }' \
	    >"$TMP/in"
}

# ---- what it tells

printf 'Received: by earlier; Mon, 1 Jan 2024 00:00:00 +0000\nSubject: s\n\nb\n' \
    >"$TMP/in"
arrives b@example.org
id=$(printf '%s\n' "$head" | sed -n '1s/.* id \(.*\);/\1/p')
is "$(printf '%s\n' "$head" | sed -n '1,3p')" "$(printf '%s\n' \
    "Received: by host.example.com (osmtp) id $id;" \
    '	Tue, 14 Nov 2023 22:13:20 +0000' \
    'Received: by earlier; Mon, 1 Jan 2024 00:00:00 +0000')" \
    'it is on top, and those that were there stay'
like "$head" '^Received: by host\.example\.com \(osmtp\) id [0-9a-z]{16};$' \
    'it has an ID'
like "$(cat "$TMP/log")" "$id.*queued" '... which the log has, too'
unlike "$(printf '%s\n' "$head" | sed -n '1,2p')" \
    "$me|box@|uid|b@example" 'it tells no user'
arrives --now b@example.org
like "$head" '^Received: by host\.example\.com \(osmtp\) id ' 'with --now'
arrives -t b@example.org
is "$(printf '%s\n' "$head" | grep -c '^Received:')" 2 'one is added'
run "$sendmail" --dry-run -f box@example.com b@example.org <"$TMP/in"
like "$out" '^Received: by host' 'a dry run shows it'

settings 'received = false;'
arrives b@example.org
is "$(printf '%s\n' "$head" | grep -c '^Received:')" 1 'received = false: none'
settings ''

# ---- what has passed too many servers

hops 100
arrives b@example.org
is "$(printf '%s\n' "$head" | grep -c '^Received:')" 101 '100 servers are fine'
hops 101
run "$sendmail" -i -f box@example.com b@example.org <"$TMP/in"
exits 65 '101 servers'
like "$err" '^sendmail: message: 101 Received fields: it goes in circles' \
    '... are told'
like "$err" 'the message was kept in .*dead\.letter' '... and it is kept'
is "$(grep -c '^Received:' "$dead")" 101 '... whole'
is "$(tail -n 2 "$dead" | head -n 1)" body '... to its end'
is "$(find "$HOME/.local/state/osmtp/spool" -type f -path '*/queue/*' |
    wc -l | tr -d ' ')" 0 '... nothing is in the queue'
check '... nothing is sent' [ ! -e "$LOG/msg-$((n + 1)).eml" ]
settings 'received = false;'
run "$sendmail" -i -f box@example.com b@example.org <"$TMP/in"
exits 65 '101 servers, received = false'
settings ''
rm -f "$dead"

# ---- where it is seen again

printf 'Subject: s\n\nb\n' >"$TMP/in"
run "$sendmail" -i -f box@example.com no@example.org <"$TMP/in"
exits 67 'refused'
is "$(sed -n '3s/ id .*//p' "$dead")" \
    'Received: by host.example.com (osmtp)' 'a dead letter has it'
send no@example.org b@example.org
exits 0 'one of two refused'
once
report=$(grep -l '^Content-Type: multipart/report' "$LOG"/msg-*.eml)
like "$(cat "$report")" 'Received: by host\.example\.com \(osmtp\) id ' \
    'a report quotes it'
is "$(tr -d '\r' <"$report" | sed '/^$/q' | grep -c '^Received')" 0 \
    '... and has none of its own'

unlike "$(cat "$LOG/smtp.trace")" '^[0-9]+ [0-9]+ !' 'no rule is broken'
finish
