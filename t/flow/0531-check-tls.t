#!/bin/sh
# SPDX-License-Identifier: ISC
# osmtp check: what a certificate is like, why it is refused, and the line that
# would have it accepted. libcurl has one text for four of these causes.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

{
	printf '{"listeners": {'
	for cert in good expired future soon self chain incomplete wrongname \
	    oddname rogue; do
		printf '"%s": {"tls": "starttls", "cert": "%s",
		    "auth": {"PLAIN": ["pa55"]}},\n' $cert $cert
	done
	printf '"direct": {"tls": "implicit", "cert": "expired",
	    "auth": {"PLAIN": ["pa55"]}},
	  "old": {"tls": "implicit", "tls_max": "1.1"},
	  "bare": {"tls": "none"}, "silent": {"tls": "starttls",
	    "on": {"starttls": {"reply": "454 4.7.0 not now"}}}}}\n'
} >"$TMP/script"
start_fake "$TMP/script"

# a_profile NAME URL TLS
a_profile() {
	printf '%s = { kind = "system"; address = "%s@example.com";
	    server = "%s"; password = "pa55"; %s };\n' "$1" "$1" "$2" "$3"
}
ca='tls = { ca_file = "@CERTS@/ca.pem"; };'
{
	printf 'default = "good"; profiles = {\n'
	for name in good expired future soon self chain incomplete wrongname \
	    oddname rogue old bare silent; do
		url="smtp://localhost:@PORT:$name@"
		[ $name != old ] || url="smtps://localhost:@PORT:old@"
		a_profile $name "$url" "$ca"
	done
	a_profile direct 'smtps://localhost:@PORT:direct@' "$ca"
	a_profile system 'smtp://localhost:@PORT:good@' ''
	a_profile address 'smtp://127.0.0.1:@PORT:good@' \
	    'tls = { ca_file = "@CERTS@/ca.pem"; server_name = "mail.example.test"; };'
	a_profile pinned 'smtp://localhost:@PORT:self@' \
	    'tls = { pin = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; };'
	a_profile endless 'smtp://localhost:@PORT:good@' \
	    'tls = { ca_file = "@TMP@/fifo"; };'
	a_profile zeros 'smtp://localhost:@PORT:good@' \
	    'tls = { ca_file = "@CERTS@/ca.pem"; cert = "@CERTS@/client.pem"; key = "/dev/zero"; };'
	printf '};\n'
} | conf
mkfifo "$TMP/fifo"

# step NAME: the line of that step, with what is said below it.
step() {
	printf '%s\n' "$out" | awk -v want="$1" '
		/^  [a-z]/ { on = $0 ~ "^  (ok|not tried|warning|failed) +" want "(:|$)" }
		on'
}

run "$OSMTP" check good
exits 0 'a good certificate'
like "$(step TLS)" 'ok +TLS: CN=good, by CN=osmtp test ca, ends in [0-9]+ days' \
    'whose it is, and how long'

# NAME|text|remedy
while IFS='|' read -r name text remedy; do
	run "$OSMTP" check "$name"
	exits 2 "$name: exit"
	like "$(step TLS)" "failed +TLS: .*$text" "$name: why"
	like "$(step TLS)" "what to do: .*$remedy" "$name: what to do"
	like "$(step EHLO)" '^  not tried +EHLO$' "$name: EHLO was not tried"
	like "$(step AUTH)" '^  not tried +AUTH$' "$name: AUTH was not tried"
done <<END
expired|CN=expired is refused: it expired [0-9]+ days ago, on 2021-01-01|administrator of localhost must renew it
direct|CN=expired is refused: it expired [0-9]+ days ago|timedatectl
future|it is valid only in [0-9]+ days, on 2048-01-01 .*; it is now 20|set the clock: timedatectl
self|it is self-signed|pin = "sha256//[A-Za-z0-9+/]{43}=";
rogue|CN=osmtp test rogue-ca has signed it, and is not among the CAs of .*/ca.pem|ca_file = ".*osmtp.conf:
incomplete|CN=osmtp test sub has signed it.*sends its own certificate alone|administrator of localhost must have its certificate sent
wrongname|it is not for localhost but for other.example.test|server_name = "other.example.test";
oddname|it is not for localhost but for a.test"; pin = "b|use one of its names in server, or have it made
system|CN=osmtp test ca has signed it, and is not among the CAs of /etc/|tls = . ca_file = "/etc/osmtp/system-ca.pem"; .;
address|it is not for mail.example.test but for localhost, 127.0.0.1|server_name = "localhost";
pinned|public key is none of those pinned|pin = "sha256//[A-Za-z0-9+/]{43}=";
bare|does not offer STARTTLS|.
silent|454 4.7.0 not now|.
old|.|.
END

# What has no end is not waited for; mail is told the same.
for name in endless zeros; do
	run "$OSMTP" check $name
	exits 2 "$name: exit"
	like "$(step TCP)" '^  not tried +TCP$' "$name: nothing is asked of the server"
	like "$(step TLS)" 'failed +TLS: .*: not a regular file' "$name: why"
	printf 'To: b@example.com\n\nhello\n' >"$TMP/in"
	run "$OSMTP" -a $name -t <"$TMP/in"
	exits 78 "$name: mail"
	like "$err" 'not a regular file.*TLS' "$name: ... is told why"
done

run "$OSMTP" check chain
exits 0 'a chain with its intermediate'
run "$OSMTP" check soon
exits 1 'three days are few'
like "$(step TLS)" 'warning +TLS: CN=soon.*ends in (2|3|7[0-9]) (days|hours)' 'how many'
like "$(step AUTH)" 'ok +AUTH: password by PLAIN' '.. but it goes on'

# The line that is shown can be pasted.
run "$OSMTP" check self
pin=$(step TLS | sed -n 's/.*\(pin = "sha256[^"]*";\).*/\1/p')
sed "s|\(:$(port self)\";.*\)tls = { ca_file[^}]*};|\1tls = { $pin };|" \
    "$HOME/.config/osmtp/osmtp.conf" >"$TMP/pinned.conf"
chmod 600 "$TMP/pinned.conf"
run "$OSMTP" check self -C "$TMP/pinned.conf"
exits 0 'the pin that it told'
like "$(step TLS)" 'its key is pinned' 'and that is said'

run "$OSMTP" check expired --json
exits 2 'JSON'
printf '%s\n' "$out" >"$LOG/line.json"
is "$(fact line result)" failed 'the result'
like "$(printf '%s' "$out" | tr '{' '\n')" \
    '"step":"TLS","result":"failed".*"remedy":"if that' 'the remedy is in it'

for name in good expired self; do
	unlike "$(cat "$LOG/$name.trace")" ' (DATA|MAIL FROM.*SIZE)' \
	    "$name: no message"
done
finish
