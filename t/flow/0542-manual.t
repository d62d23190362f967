#!/bin/sh
# SPDX-License-Identifier: ISC
# The examples of osmtp-oauth(7) are good configurations.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

page=$T/../man/osmtp-oauth.7
user=$HOME/.config/osmtp/osmtp.conf

# Each literal block with a group oauth becomes a file; what is less than a
# configuration is put into one.
cat >"$TMP/blocks.py" <<'END'
import re, sys

page, folder = sys.argv[1:]
blocks = re.findall(r"\.Bd -literal[^\n]*\n(.*?)\.Ed", open(page).read(), re.S)
number = 0
for text in blocks:
    if "oauth" not in text or "#" in text:
        continue
    text = text.replace("\\e", "\\")
    if not re.search(r"^ *\w+ = \{$", text, re.M):
        text = ('p = { kind = "system"; address = "p@example.com";\n' +
                ('preset = "m365-app";\n' if "TENANT-ID" in text else
                 "" if "server" in text else
                 'server = "smtp://mail.example.com";\n') + text + "};")
        if "issuer" in text:
            text = text.replace('"system"', '"mailbox"')
    if "profiles =" not in text:
        text = "profiles = {\n" + text + "};\n"
    number += 1
    with open(f"{folder}/{number}", "w") as f:
        f.write(text.replace("runner = false;\n", ""))
END
mkdir "$TMP/blocks"
python3 "$TMP/blocks.py" "$page" "$TMP/blocks"
is "$(find "$TMP/blocks" -type f | wc -l)" 7 'there are seven'
for i in "$TMP"/blocks/*; do
	conf <"$i"
	if grep -q '"noreply@' "$i"; then
		echo secret >"$TMP/secret"
		run "$OSMTP" seal --set noreply.oauth.client_secret <"$TMP/secret"
		exits 0 'the secret is put in as the page says'
	fi
	run "$OSMTP" profiles
	[ "$status" -eq 0 ]
	result $? "$(sed -n '/oauth/p' "$i")" "$err" "$(cat "$user")"
done

# The commands that it names are there.
commands=$(sed -n 's/^\.Nm osmtp Cm \([a-z]*\).*/\1/p
    s/^\.Dl [#$]* *osmtp \([a-z]*\).*/\1/p
    s/^# osmtp \([a-z]*\).*/\1/p' "$page" | sort -u)
for i in $commands; do
	"$OSMTP" help | grep -q "osmtp $i "
	result $? "osmtp $i is a command"
done
finish
