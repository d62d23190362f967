#!/bin/sh
# SPDX-License-Identifier: ISC
# Presets: shown, used by a minimal profile, overridden, refused where what
# they need is missing; and the tool that makes the table refuses bad data.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"


# member NAME: the string member of that name in the JSON on standard input.
member() {
	python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("/"):
    value = value[int(key) if isinstance(value, list) else key]
print(value)' "$1"
}

# ---- what is shown

run "$OSMTP" preset
exits 0 'the list'
like "$out" '^m365-app +[0-9-]{10}  Microsoft 365' '... names, dates, titles'
names=$(printf '%s\n' "$out" | sed 1d | cut -d ' ' -f 1)
is "$(printf '%s\n' "$names" | LC_ALL=C sort)" "$names" '... by name'
run "$OSMTP" preset --json
is "$(printf '%s\n' "$out" | wc -l)" "$(printf '%s\n' "$names" | wc -l)" \
    '--json: a line each'

run "$OSMTP" preset "$(printf '\033[2Jgmail')"
exits 64 'a name that a terminal would obey'
like "$err" 'preset: \?\[2Jgmail: there is no such preset' '... is shown safely'

run "$OSMTP" preset gmail
exits 0 'one of them'
like "$out" '^As of [0-9-]{10}, from https://' '... has a date and a source'
like "$out" 'oauth\.scope +https://mail\.google\.com/' '... values'
like "$out" 'after 180 days without use' '... limits'
like "$out" '^  1\. ' '... steps'
unlike "$(printf '%s\n' "$out" | grep -v https:)" '.{80}' '... no long line'
like "$out" 'preset  = "gmail";' '... an example'
run "$OSMTP" preset gmail --json
is "$(printf '%s\n' "$out" | member keys/oauth.grant/0)" authorization_code \
    '--json: values'
is "$(printf '%s\n' "$out" | member idle_days)" 180 '--json: facts'

run "$OSMTP" preset gmial
exits 64 'an unknown one'
like "$err" 'gmial: there is no such preset; did you mean gmail' '... near'
run "$OSMTP" preset gmail yahoo
exits 64 'two names'
like "$err" 'usage: ' '... usage'
run "$OSMTP" preset --jsno
exits 64 'an unknown option'
if [ -c /dev/full ]; then
	run sh -c '"$1" preset >/dev/full' - "$OSMTP"
	exits 74 'output that cannot be written'
fi

# ---- each of them in a configuration, by its own example

for name in $names; do
	"$OSMTP" preset "$name" --json | member example >"$TMP/$name.conf"
	run "$OSMTP" profiles -C "$TMP/$name.conf"
	exits 0 "$name: its example loads"
	like "$out" '^mail +(mailbox|system) ' "$name: ... is a profile"
done

run "$OSMTP" explain -C "$TMP/sendgrid.conf" -a mail
exits 0 'explain'
like "$out$err" 'smtp\.sendgrid\.net' '... names its server'

# ---- what is written wins, what is missing is named

# profile LINE...: a file with that profile.
profile() {
	{
		printf 'profiles = { p = {\nkind = "system"; '
		printf 'address = "a@example.com";\n'
		printf '%s\n' "$@"
		printf '}; };\n'
	} >"$TMP/p.conf"
	chmod 600 "$TMP/p.conf"
	run "$OSMTP" profiles --json -C "$TMP/p.conf"
}
secret='client_secret = "geheim";'

profile 'preset = "m365-app";' "oauth = { client_id = \"x\"; $secret };"
exits 78 'a missing tenant'
like "$err" 'p\.conf:3: profiles\.p\.oauth\.tenant: is missing.*m365-app' \
    '... is named, at the preset'
unlike "$err" geheim '... without the secret'
profile 'preset = "m365-app";' \
    "oauth = { client_id = \"x\"; tenant = \"common\"; $secret };"
exits 78 'a tenant of everybody'
like "$err" 'p\.conf:4: profiles\.p\.oauth\.tenant: "common"' '... is named'
profile 'preset = "m365-app";' \
    "oauth = { client_id = \"x\"; tenant = \"t\"; $secret };"
exits 0 'with a tenant'
like "$out" 'smtp\.office365\.com' '... by the preset'"'"'s server'
profile 'preset = "m365-app"; server = "smtp://mail.example.com";' \
    "oauth = { client_id = \"x\"; tenant = \"t\"; $secret };"
exits 0 'with a server of its own'
like "$out" 'mail\.example\.com' '... which wins'
unlike "$out" 'office365' '... alone'
profile 'preset = "m365-ap"; password = "geheim";'
exits 78 'an unknown preset'
like "$err" 'p\.conf:3: profiles\.p\.preset: .*did you mean "m365-app"' \
    '... near'
profile 'preset = "ses"; password = "geheim";'
exits 78 'a server that the preset cannot know'
like "$err" 'profiles\.p\.server: is missing' '... is named'

# ---- the tool that makes the table

tool=$(dirname "$(dirname "$OSMTP")")/etc/mkpresets
sound='name = "a"; title = "A"; as_of = "2026-11-28"; source = "https://a/";
    keys = { server = "smtp://a"; oauth = { grant = [ "x", "y" ]; }; };
    example = "auth"; steps = [ "do" ];'
# made NAME STATUS REGEX GROUP...
made() {
	name=$1 want=$2 regex=$3
	shift 3
	{
		printf 'presets = (\n'
		comma=''
		for group; do
			printf '%s{ %s }\n' "$comma" "$group"
			comma=,
		done
		printf ');\n'
	} >"$TMP/presets.conf"
	run "$tool" "$TMP/presets.conf"
	exits "$want" "mkpresets: $name"
	like "$out$err" "$regex" "mkpresets: $name: said"
}
sound=$(printf '%s' "$sound" | sed 's/"auth"/[ "auth" ]/')
if [ -x "$tool" ]; then
	made 'sound' 0 'profiles.NAME.oauth", "grant", "y"' "$sound"
	made 'twice' 1 'conf:[0-9]+: a: stands here twice' "$sound" "$sound"
	made 'nothing' 1 'presets: must be a list'
	made 'unknown member' 1 'conf:4: fact: unknown member' \
	    "$sound fact = { };"
	made 'unknown fact' 1 'idel_days: unknown member' \
	    "$sound facts = { idel_days = 3; };"
	made 'a negative fact' 1 'idle_days: must be a number above 0' \
	    "$sound facts = { idle_days = -3; };"
	made 'a fact as text' 1 'per_day: must be a number above 0' \
	    "$sound facts = { per_day = \"3\"; };"
	made 'no source' 1 'source: is missing' \
	    "$(printf '%s' "$sound" | sed 's/source = [^;]*;//')"
	made 'a source that is none' 1 'a book: is no https URL' \
	    "$(printf '%s' "$sound" | sed 's,https://a/,a book,')"
	made 'a bad date' 1 '2026-1-1: is no date' \
	    "$(printf '%s' "$sound" | sed 's/2026-11-28/2026-1-1/')"
	made 'a bad name' 1 'A b: is no name' \
	    "$(printf '%s' "$sound" | sed 's/"a"/"A b"/')"
	made 'a control character' 1 'title: has control characters' \
	    "$(printf '%s' "$sound" | sed 's/"A"/"A\\n"/')"
	made 'a number for a key' 1 'server: must be a string' \
	    "$(printf '%s' "$sound" | sed 's,"smtp://a",1,')"
	made 'no key' 1 'keys: must be a group' \
	    "$(printf '%s' "$sound" | sed 's/server = .*$/};/')"
	printf 'presets = (' >"$TMP/presets.conf"
	run "$tool" "$TMP/presets.conf"
	exits 1 'mkpresets: no end'
	like "$err" 'conf:1: syntax error' '... is named'
	run "$tool" "$TMP/absent"
	exits 1 'mkpresets: no file'
	run "$tool"
	exits 2 'mkpresets: no argument'
else
	result 0 'mkpresets # skip it was not built here'
fi
finish
