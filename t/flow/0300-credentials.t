#!/bin/sh
# SPDX-License-Identifier: ISC
# The forms of a secret: what each gives, what is said where it gives nothing,
# and that no other process sees it.
# shellcheck source=harness.sh disable=SC2016 # $0 and $$ are the command's
. "${0%/*}/harness.sh"

secret='Kettle-drum/19 +x%'
state=$HOME/.local/state/osmtp

# add NAME PASSWORD [SETTINGS]
add() {
	cat >>"$TMP/profiles" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com";
		  server = "smtp://localhost:@PORT:smtp@";
		  tls = { ca_file = "@CERTS@/ca.pem"; }; timeouts = { token = "2s"; };
		  password = $2; ${3-}
		};
	END
}
add file '{ file = "@TMP@/secret"; }'
add open '{ file = "@TMP@/open"; }'
add absent '{ file = "@TMP@/absent"; }'
add credential '{ credential = "smtp-password"; }'
add other '{ credential = "other"; }'
add env '{ env = "SMTP_PASSWORD"; }'
add unset '{ env = "SMTP_NOTHING"; }'
add says '{ command = [ "/bin/sh", "-c", "cat \"$0\"; env >@TMP@/env; "
    "cat /proc/$PPID/cmdline >@TMP@/args", "@TMP@/secret" ]; }'
add fails '{ command = [ "/bin/sh", "-c", "cat @TMP@/secret; "
    "echo no key for you >&2; exit 2" ]; }'
add tells '{ command = [ "/bin/sh", "-c", "cat @TMP@/secret; "
    "cat @TMP@/secret >&2; exit 2" ]; }'
add hangs '{ command = [ "/bin/sh", "-c", "echo $$ >@TMP@/pid; sleep 30" ]; }'
add nothing '{ command = [ "/nowhere/pass", "show", "mail" ]; }'
add sealed '"TO-BE-SEALED"'

start_fake - <<END
{"listeners": {
  "smtp": {"tls": "starttls", "require_auth": true,
           "auth": {"PLAIN": ["$secret"]}}}}
END
write_conf() {
	{ echo 'default = "file"; log = { to = "@TMP@/log"; level = "debug"; };'
	  echo 'profiles = {'; cat "$TMP/profiles"; echo '};'; } | conf
}
write_conf
printf '%s\n' "$secret" >"$TMP/secret"
chmod 600 "$TMP/secret"
cp "$TMP/secret" "$TMP/open"
chmod 644 "$TMP/open"
mkdir "$TMP/credentials"
cp "$TMP/secret" "$TMP/credentials/smtp-password"
chmod 440 "$TMP/credentials/smtp-password"
printf 'From: a@example.com\nTo: b@example.org\n\nhello\n' >"$TMP/in"
sent=0

send() {
	run "$OSMTP" -v -a "$1" b@example.org <"$TMP/in"
	printf '%s\n' "$err" "$out" >>"$TMP/said"
}
works() {
	send "$1"
	exits 0 "$1: delivered"
	sent=$((sent + 1))
	is "$(fact "msg-$sent" login.user)" "$1@example.com" "$1: as itself"
}
fails() {
	send "$1"
	exits "$2" "$1: exit status"
	like "$err" "profiles\\.$1\\.password: $3" "$1: what was said"
}

works file
fails open 78 ".*$TMP/open: others may read it \(.*mode 0644.*0600"
fails absent 78 ".*$TMP/absent: No such file"
fails credential 78 'credential: smtp-password: CREDENTIALS_DIRECTORY is not'
export CREDENTIALS_DIRECTORY="$TMP/credentials"
works credential
fails other 78 ".*$TMP/credentials/other: No such file"
unset CREDENTIALS_DIRECTORY
SMTP_PASSWORD=$secret
export SMTP_PASSWORD
works env
unset SMTP_PASSWORD
fails unset 78 'environment: SMTP_NOTHING: it is not set'

# ---- a command

export SMTP_PASSWORD="$secret" LANG=de_DE.UTF-8 HUSH=1
works says
unset SMTP_PASSWORD HUSH
LANG=C
is "$(sed -n 's/^\([A-Z_]*\)=.*/\1/p' "$TMP/env" | grep -v -x -e PWD -e _ \
    -e SHLVL -e OLDPWD | sort | tr '\n' ' ')" 'HOME LANG PATH ' \
    'says: three variables and no other'
is "$(sed -n 's/^LANG=//p' "$TMP/env")" C 'says: its words are English'
unlike "$(tr '\0' ' ' <"$TMP/args")" 'Kettle' 'says: no argument of ours has it'
fails fails 78 'command: /bin/sh: exit status 2: no key for you'
fails tells 78 'command: /bin/sh: exit status 2: .*not shown'
begun=$(date +%s)
fails hangs 75 'command: /bin/sh: not ready after 2s .timeouts.token.: killed'
is "$(($(date +%s) - begun < 20))" 1 'hangs: in time'
is "$(awk -v "g=$(cat "$TMP/pid")" '$5 == g && $3 != "Z"' \
    /proc/[0-9]*/stat 2>/dev/null)" '' 'hangs: it is gone, and its children'
fails nothing 78 'command: /nowhere/pass: exit status 127: No such file'

# ---- sealed

run "$OSMTP" seal --set sealed.password <"$TMP/secret"
exits 0 'sealed: it is'
unlike "$(cat "$HOME/.config/osmtp/osmtp.conf")" 'TO-BE-SEALED' \
    'sealed: in the place of the clear one'
works sealed
key=$HOME/.config/osmtp/seal.key
mv "$key" "$TMP/key"
fails sealed 78 '.*key'
cp "$TMP/key" "$key"
chmod 644 "$key"
fails sealed 78 '.*seal.key.*0644'
chmod 600 "$key"
works sealed

# ---- nowhere else

rm -r "$TMP/secret" "$TMP/open" "$TMP/credentials"
for hidden in "$secret" Kettle S2V0dGxl; do
	is "$(grep -Fr -l -e "$hidden" "$TMP" | grep -v -e "^$LOG/")" '' \
	    "not found: $hidden"
done
check 'no token was asked for' [ ! -e "$state/tokens" ]
finish
