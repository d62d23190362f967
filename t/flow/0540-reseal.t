#!/bin/sh
# SPDX-License-Identifier: ISC
# A change of keys: osmtp reseal, osmtp seal --retire.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

dir=$HOME/.config/osmtp
user=$dir/osmtp.conf key=$dir/seal.key
tokens=$HOME/.local/state/osmtp/tokens
secret='kettle drum+%&="\é:9'
printf '%s\n' "$secret" >"$TMP/secret"
# seal FIELD: put the secret in, sealed.
seal() { "$OSMTP" seal --set "$1" <"$TMP/secret" >/dev/null 2>&1; }
# kids FILE: the keys in a key file, in order; by FILE: those of sealed texts.
kids() { sed -n 's/^\([0-9a-f]\{8\}\) .*/\1/p' "$1" | tr '\n' ' '; }
by() { sed -n 's/.*sealed:v1:\([0-9a-f]\{8\}\):.*/\1/p' "$1" | tr '\n' ' '; }
new_key() { "$OSMTP" seal --new-key | sed 's/new key \([0-9a-f]*\) .*/\1/'; }

start_fake - <<'END'
{"listeners": {
  "smtp": {"tls": "starttls", "require_auth": true, "accept_issued": true,
           "auth": {"XOAUTH2": [], "PLAIN": {"app@example.com":
                    "kettle drum+%&=\"\\\u00e9:9"}}},
  "token": {"type": "token", "tls": "none", "responses": [
      {"json": {"access_token": "$token", "expires_in": 36000}}]}}}
END
mkdir "$TMP/inc"
write_conf() {
	cat >"$TMP/inc/two.conf" <<-END
		# included
		two = { kind = "system"; address = "two@example.com";
		  server = "smtp://localhost:$(port smtp)";
		  oauth = { client_id = "id"; token_url =
		    "http://127.0.0.1:$(port token)/token";
		    client_secret = "x"; /* sealed soon */ }; };
	END
	chmod 640 "$TMP/inc/two.conf"
	conf <<-'END'
		# The head; password = "no";
		default = "app"; log = { to = "@TMP@/log"; };
		profiles = {
		@include "@TMP@/inc/two.conf"
			app = {	# not touched
				kind = "system"; address = "app@example.com";
				server = "smtp://localhost:@PORT:smtp@";
				tls = { ca_file = "@CERTS@/ca.pem"; };
				password = "x"; /* nor this */
			};
		};
	END
	chmod 600 "$TMP/inc/two.conf"
	seal app.password && seal two.oauth.client_secret
	chmod 640 "$TMP/inc/two.conf"
	"$OSMTP" token two >/dev/null
}
write_conf
old=$(kids "$key")
old=${old% }
check 'a blob is there' test -s "$tokens/two.blob"
cp "$tokens/two.blob" "$tokens/two.prev" # as a renewal leaves it
is "$(by "$user") $(by "$tokens/two.blob")" "$old  $old " 'all by one key'

# Nothing to do yet.
before=$(cat "$user" "$TMP/inc/two.conf" "$tokens/two.blob")
run "$OSMTP" reseal
exits 0 'with one key'
is "$out" 'nothing to do: 4 sealed already by the first key' 'is nothing to do'
is "$(cat "$user" "$TMP/inc/two.conf" "$tokens/two.blob")" "$before" \
    'and nothing is done'

# A new key; what would be.
new=$(new_key)
run "$OSMTP" reseal --dry-run
exits 0 'what would be done'
is "$(echo "$out" | sed "s|^$HOME/||; s|^$TMP/||")" \
    "inc/two.conf:6: two.oauth.client_secret: would be sealed by key $new (is by $old)
.config/osmtp/osmtp.conf:9: app.password: would be sealed by key $new (is by $old)
.local/state/osmtp/tokens/two.prev: would be sealed by key $new (is by $old)
.local/state/osmtp/tokens/two.blob: would be sealed by key $new (is by $old)" \
    'is each with its place and its key'
is "$(cat "$user" "$TMP/inc/two.conf" "$tokens/two.blob")" "$before" \
    'and nothing is done'
run "$OSMTP" reseal --dry-run --json
is "$(echo "$out" | sed -n 2p)" "{\"profile\":\"app\",\"field\":\"password\",\"file\":\"$user\",\"line\":9,\"kid\":\"$old\",\"first\":\"$new\",\"result\":\"old\"}" 'as JSON'

# The old key can't go now, nor the new one.
run "$OSMTP" seal --retire "$old"
exits 78 'a key in use stays'
like "$err" "$TMP/inc/two.conf:6: two.oauth.client_secret is sealed by key $old" \
    'a value is named'
like "$err" "$user:9: app.password is sealed" 'and another'
like "$err" "$tokens/two.blob: is sealed by key $old" 'and a blob'
like "$err" "$tokens/two.prev: is sealed by key $old" 'and one before'
like "$err" '4 would not open.*osmtp reseal' 'and what to do'
run "$OSMTP" seal --retire "$new"
exits 78 'the key that seals stays'
like "$err" "$new.*is the one that seals.*--new-key" 'and why'
is "$(kids "$key")" "$new $old " 'both are there'

# Sealed anew: in a day's time, to see that the age stays.
later=$(($(date +%s) * 1000 + 90000000))
sed "s/^\($old\)/# in between\n\1/" "$key" >"$TMP/key" && cat "$TMP/key" >"$key"
OSMTP_TEST_NOW=$later run "$OSMTP" reseal
exits 0 'sealed anew'
like "$out" "^$user:9: app.password: sealed by key $new \\(was by $old\\)\$" \
    'a line for each'
is "$(echo "$out" | grep -c "sealed by key $new")" 4 'of the four'
like "$out" "^key $old in $key is of no more use here: osmtp seal --retire $old\$" \
    'and what can be done next'
is "$(by "$user")$(by "$TMP/inc/two.conf")$(by "$tokens/two.blob")$(by "$tokens/two.prev")" \
    "$new $new $new $new " 'all are by the new key'
is "$(sed "s/sealed:v1:[^\"]*/x/" "$TMP/inc/two.conf" | tail -1)" \
    '    client_secret = "x"; /* sealed soon */ }; };' 'all else stays'
like "$(cat "$user")" 'password = "sealed:v1:[^"]*"; /\* nor this \*/$' 'here, too'
is "$(stat -c %a "$TMP/inc/two.conf" "$tokens/two.blob" | tr '\n' ' ')" \
    '640 600 ' 'and the modes'
OSMTP_TEST_NOW=$later run "$OSMTP" seal --list
like "$out" "^app +password +$new +1\$" 'the secret is no younger'
OSMTP_TEST_NOW=$later run "$OSMTP" reseal
like "$out" 'nothing to do: 4' 'once is enough'

run "$OSMTP" seal --retire 0123abcd
exits 78 'no such key'
run "$OSMTP" seal --retire
exits 64 'no key at all'
run "$OSMTP" seal --retire "$old" --list
exits 64 'two acts'
run "$OSMTP" seal --retire "$old" app.password
exits 64 'a key and a secret'
run "$OSMTP" seal --retire "$old"
exits 0 'now the old one can go'
is "$out" "key $old is gone from $key" 'from its file'
like "$err" 'backups' 'and where it may be still'
is "$(kids "$key")" "$new " 'it is gone'
is "$(grep -v "^$new" "$key" | tail -1)" '# in between' 'the rest of the file stays'
is "$(stat -c %a "$key")" 600 'with its mode'
run "$OSMTP" --now -f app@example.com bob@example.com <<'END'
Subject: sealed anew

hello
END
exits 0 'the password is what it was'
is "$(fact msg-1 login.secret)" "$secret" 'octet by octet'
issued=$(grep -c . "$LOG/token.trace" 2>/dev/null)
run "$OSMTP" token two
exits 0 'the token is what it was'
is "$(grep -c . "$LOG/token.trace" 2>/dev/null)" "$issued" 'from the cache'

# A sealed text that is no value.
sed -i "s|# The head|# sealed:v1:$new:AAAA|" "$user"
third=$(new_key)
"$OSMTP" reseal >/dev/null
run "$OSMTP" reseal
like "$out" "^$user:1: left as it is: .*no profile uses.*remove" 'a comment is named'
run "$OSMTP" seal --retire "$new"
exits 78 'and keeps its key'
like "$err" "^[a-z-]+: $user:1: is sealed by key $new.*no profile uses" 'by its line'
sed -i 1d "$user"
run "$OSMTP" seal --retire "$new"
exits 0 'without it the key can go'

# What can't be looked into is no "no".
fourth=$(new_key)
"$OSMTP" reseal >/dev/null
printf 'osmtp-vault 9\n' >"$tokens/odd.blob"
chmod 600 "$tokens/odd.blob"
run "$OSMTP" seal --retire "$third"
exits 77 'a blob of another version'
like "$err" "odd.blob: can't be looked into" 'is named'
run "$OSMTP" reseal
exits 65 'it is told of'
like "$err" 'odd.blob: .*does not know' 'by what is wrong'
rm "$tokens/odd.blob"
chmod 644 "$tokens/two.prev"
run "$OSMTP" seal --retire "$third"
exits 77 'a blob for all to read'
chmod 600 "$tokens/two.prev"
printf 'x' >>"$user"
run "$OSMTP" seal --retire "$third"
exits 78 'a configuration that does not load'
run "$OSMTP" reseal
exits 78 'nor is anything sealed then'
sed -i '$s/x$//' "$user"
cp "$user" "$TMP/user"
sed -i 's/\(password = "sealed:v1:[0-9a-f]*:....\)../\1--/' "$user"
fifth=$(new_key)
run "$OSMTP" reseal
exits 65 'a secret that was altered'
like "$err" "$user:[0-9]+: app.password: sealed secret: altered" 'is named'
like "$out" "two.oauth.client_secret: sealed by key $fifth" 'the others are done'
like "$err" 'what was there is there still' 'and nothing is lost'
like "$(cat "$user")" "password = \"sealed:v1:$fourth:....--" 'nor changed'
cat "$TMP/user" >"$user"

# A directory in which nothing can be replaced.
if [ "$(id -u)" -ne 0 ]; then
	chmod 500 "$dir"
	run "$OSMTP" reseal
	exits 0 'a file that is not ours to replace'
	like "$out" "$user:[0-9]+: app.password: left as it is: .*can't be replaced" 'is left'
	run "$OSMTP" seal --retire "$third"
	exits 73 'a key file that is not ours to replace'
	chmod 700 "$dir"
	is "$(kids "$key")" "$fifth $fourth $third " 'is as it was'
fi
run "$OSMTP" reseal
exits 0 'and done when it is'

# Somebody renews a blob meanwhile: the key waits for him.
(
	exec 8>"$tokens/two.lock"
	flock 8
	: >"$TMP/locked"
	until [ -e "$TMP/go" ]; do sleep 0.02; done
	cp "$TMP/late" "$tokens/two.blob"
) &
holder=$!
until [ -e "$TMP/locked" ]; do sleep 0.02; done
sed "s/sealed:v1:[0-9a-f]*/sealed:v1:$fourth/" "$tokens/two.blob" >"$TMP/late"
chmod 600 "$TMP/late"
"$OSMTP" seal --retire "$fourth" >"$TMP/out" 2>"$TMP/err" 9>&- &
retire=$!
: >"$TMP/go"
wait "$holder"
wait "$retire"
is "$?" 78 'a blob that is renewed meanwhile'
like "$(cat "$TMP/err")" "two.blob: is sealed by key $fourth" 'is seen as it ends'

# Five at once.
rm "$tokens"/two.*
sixth=$(new_key)
write_conf
pids=''
for i in 1 2 3 4 5; do
	"$OSMTP" reseal >/dev/null 2>&1 9>&- &
	pids="$pids $!"
done
for i in $pids; do wait "$i"; done
run "$OSMTP" reseal
exits 0 'many at once'
run "$OSMTP" seal --list
exits 0 'and all opens'
is "$(by "$user")" "$sixth " 'by the newest key'

# A file of its own, and the system's key.
mkdir "$TMP/c"
printf 'state = "%s/c/state"; profiles = { p = { kind = "system";
  address = "p@example.com"; server = "smtps://mail.example.net";
  password = "x" } }' "$TMP" >"$TMP/c/my.conf"
chmod 600 "$TMP/c/my.conf"
"$OSMTP" seal -C "$TMP/c/my.conf" --set p.password <"$TMP/secret" >/dev/null 2>&1
one=$(by "$TMP/c/my.conf")
"$OSMTP" seal -C "$TMP/c/my.conf" --new-key >/dev/null
run "$OSMTP" reseal -C "$TMP/c/my.conf"
exits 0 'a file of -C'
is "$(echo "$out" | wc -l)" 2 'alone'
run "$OSMTP" seal -C "$TMP/c/my.conf" --retire "${one% }"
exits 0 'and its key'
run "$OSMTP" reseal -C "$TMP/none"
exits 78 'no such file'
run "$OSMTP" reseal now
exits 64 'a word too many'
is "$(grep -rl kettle "$TMP/out" "$TMP/err" "$TMP/log" "$HOME")" '' 'no secret in any of it'
is "$(find "$HOME" "$TMP/inc" -name '.*.??????' -type f)" '' 'nothing is left'
finish
