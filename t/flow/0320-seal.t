#!/bin/sh
# SPDX-License-Identifier: ISC
# osmtp seal: a blob, one in the place of a secret, keys, a list.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

user=$HOME/.config/osmtp/osmtp.conf key=$HOME/.config/osmtp/seal.key
secret='kettle drum+%&="\é:9'

# seal WORDS...: osmtp seal with the secret on standard input.
printf '%s\n' "$secret" >"$TMP/secret"
seal() { run "$OSMTP" seal "$@" <"$TMP/secret"; }

start_fake - <<'END'
{"listeners": {
  "smtp": {"tls": "starttls", "require_auth": true,
           "auth": {"PLAIN": {"app@example.com":
                    "kettle drum+%&=\"\\\u00e9:9"}}}}}
END

# A configuration that does not load: it has a secret in clear where none may
# be. That is what seal is for.
conf <<'END'
# The one; password = "no";
profiles = {
	// { a brace, too
	app = {
		kind = "system"; /* password = "nor this"; */
		address = "app@example.com";
		password = "in clear"	# to be sealed
		           "and more";
		server = "smtp://localhost:@PORT:smtp@";
		tls = { ca_file = "@CERTS@/ca.pem"; };
	};
	other = { kind = "system"; address = "other@example.com";
		server = "smtps://mail.example.net"; password = { env = "PW"; }; };
};
default = "app";
END
chmod 644 "$user"

run "$OSMTP" explain
exits 78 'a password in clear, for all to read'

seal --set app.password
exits 0 'it is sealed'
like "$out" "^$user:7: app.password is sealed\$" 'where'
like "$err" "new key [0-9a-f]{8} in $key" 'with a key that is made for it'
is "$(stat -c %a "$key")" 600 'for us alone'
is "$(stat -c %a "$user")" 644 'the file keeps its mode'
blob=$(sed -n 's/.*password = "\(sealed:v1:[^"]*\)";$/\1/p' "$user")
check 'it is a sealed text' test -n "$blob"
unlike "$(cat "$user" "$TMP/out" "$TMP/err")" 'kettle|in clear' 'no secret anywhere'
sed "s|$blob|BLOB|; s/:[0-9]*\";/:PORT\";/; s|ca_file = .*;|CA };|
    1s/^spool = \"none\"; //" "$user" \
    >"$TMP/shown"
is "$(cat "$TMP/shown")" '# The one; password = "no";
profiles = {
	// { a brace, too
	app = {
		kind = "system"; /* password = "nor this"; */
		address = "app@example.com";
		password = "BLOB";
		server = "smtp://localhost:PORT";
		tls = { CA };
	};
	other = { kind = "system"; address = "other@example.com";
		server = "smtps://mail.example.net"; password = { env = "PW"; }; };
};
default = "app";' 'all else stays as it was'

run "$OSMTP" --now -f app@example.com bob@example.com <<'END'
Subject: sealed

hello
END
exits 0 'the password is the right one'
is "$(fact msg-1 login.secret)" "$secret" 'octet by octet'

# The other forms, an absent setting, a group that is absent.
seal --set other.password
exits 0 'in place of a group'
like "$(cat "$user")" 'net"; password = "sealed:v1:[^"]*"; \};$' 'as a string'
first=$(grep -c sealed "$user")
seal --set other.password
exits 0 'and once more'
is "$(grep -c sealed "$user")" "$first" 'in the same place'
seal --set other.tls.key_passphrase
exits 78 'a passphrase without a key'
like "$err" 'key_passphrase' 'is what is wrong'
unlike "$(cat "$user")" key_passphrase 'and is not written'
like "$err" 'nothing was changed' 'which it says'
conf <<'END'
profiles = {
  app = {
    kind = "system";
    address = "app@example.com";
    server = "smtps://mail.example.net";
    oauth = {
      client_id = "id";
      token_url = "https://login.example.net/token";
      # the end
    };
  };
};
END
seal --set app.oauth.client_secret
exits 0 'where there was none'
like "$(grep -A1 'the end' "$user" | tail -1)" \
    '^      client_secret = "sealed:v1:[^"]*";$' 'with the indent of its group'

# Includes: the file in which it stands, through a link.
mkdir "$TMP/inc"
cat >"$TMP/inc/app.conf" <<'END'
# included
app = { kind = "system"; address = "app@example.com";
  server = "smtps://mail.example.net"; password = "x"; };
END
ln -s "$TMP/inc/app.conf" "$HOME/.config/osmtp/app.conf"
chmod 640 "$TMP/inc/app.conf"
conf <<'END'
profiles = {
@include "app.conf"
};
END
before=$(cat "$user")
seal --set app.password
exits 0 'in an included file'
like "$out" "^$TMP/inc/app.conf:3: " 'is said so'
like "$(cat "$TMP/inc/app.conf")" 'password = "sealed:v1:' 'it is there'
is "$(stat -c %a "$TMP/inc/app.conf")" 640 'with its mode'
is "$(cat "$user")" "$before" 'the other stays'
check 'the link stays' test -L "$HOME/.config/osmtp/app.conf"

# Only the text.
seal app.password
exits 0 'a blob alone'
like "$out" '^sealed:v1:[0-9a-f]{8}:[A-Za-z0-9_-]+$' 'is one line'
is "$err" '' 'and nothing more is said'
seal new.password
exits 0 'for a profile that is not written yet'
like "$err" 'new: there is no profile' 'with a warning'

# What is refused.
seal app.pasword
exits 64 'no such field'
like "$err" 'did you mean app.password' 'and which there is'
seal app
exits 64 'no field'
seal --set app.password other.password
exits 64 'two at once'
seal --set --list
exits 64 'two acts'
seal --json app.password
exits 64 'no list'
seal --set nobody.password
exits 78 'no such profile'
like "$err" 'no profile "nobody"' 'is named'
seal -C "$TMP/none" --set app.password
exits 78 'no such file'
run "$OSMTP" seal app.password </dev/null
exits 65 'nothing'
printf '\n' >"$TMP/in"
run "$OSMTP" seal app.password <"$TMP/in"
exits 65 'an empty line'
printf 'one\ntwo\n' >"$TMP/in"
run "$OSMTP" seal app.password <"$TMP/in"
exits 65 'two lines'
printf 'one\0two\n' >"$TMP/in"
run "$OSMTP" seal app.password <"$TMP/in"
exits 65 'a NUL'
run "$OSMTP" seal app.password <&-
exits 66 'no standard input'
chmod 644 "$key"
seal app.password
exits 77 'a key for all to read'
chmod 600 "$key"

# Keys and the list.
old=$(sed -n 's/^\([0-9a-f]\{8\}\) .*/\1/p' "$key")
run "$OSMTP" seal --new-key
exits 0 'a new key'
new=$(echo "$out" | sed -n "s|^new key \\([0-9a-f]\\{8\\}\\) in $key\$|\\1|p")
is "$(sed -n 's/^\([0-9a-f]\{8\}\) .*/\1/p' "$key" | tr '\n' ' ')" \
    "$new $old " 'goes first'
seal app.password
like "$out" "^sealed:v1:$new:" 'it seals'
run "$OSMTP" seal --list
exits 0 'the list: the old one still opens'
like "$out" "^app +password +$old +0\$" 'field, key and days'
OSMTP_TEST_NOW=$(($(date +%s) * 1000 + 200000000)) run "$OSMTP" seal --list --json
is "$out" "{\"profile\":\"app\",\"field\":\"password\",\"kid\":\"$old\",\"opens\":true,\"age_days\":2}" \
    'as JSON'
sed -i 's/^  server = \(.*\) password/  server = \1 password/; s/^app =/copy =/' \
    "$TMP/inc/app.conf"
run "$OSMTP" seal --list
exits 78 'sealed for another profile'
like "$out" "^copy +password +$old +-\$" 'is listed, too'
like "$err" 'copy.password: .*another use' 'and why it does not open'
sed -i 's/^copy =/app =/' "$TMP/inc/app.conf"
sed -i "/^$old /d" "$key"
run "$OSMTP" seal --list
exits 78 'without its key'
like "$err" "key $old" 'which is named'

# Another file, and its key beside it.
mkdir "$TMP/c"
printf 'profiles = { p = { kind = "system"; address = "p@example.com";
  server = "smtps://mail.example.net"; password = "x" } }' >"$TMP/c/my.conf"
chmod 600 "$TMP/c/my.conf"
seal -C "$TMP/c/my.conf" --set p.password
exits 0 'a file of -C'
check 'has a key of its own' test -s "$TMP/c/seal.key"
OSMTP_CONFIG=$TMP/c/my.conf run "$OSMTP" seal --list
exits 0 'a file of OSMTP_CONFIG'
like "$out" '^p +password' 'is the one'

# Five at once: none is lost.
{
	echo 'spool = "none"; profiles = {'
	for i in 1 2 3 4 5; do
		printf 'p%s = { kind = "system"; address = "p%s@example.com";
		    server = "smtps://mail.example.net"; password = "x"; };\n' \
		    $i $i
	done
	echo '};'
} >"$user"
pids=''
for i in 1 2 3 4 5; do
	"$OSMTP" seal --set p$i.password <"$TMP/secret" >/dev/null 2>&1 9>&- &
	pids="$pids $!"
done
for i in $pids; do wait "$i"; done
run "$OSMTP" seal --list
is "$(echo "$out" | grep -c '^p[1-5] ')" 5 'each is in the file'
is "$(find "$HOME/.config/osmtp" -name '.*' -type f)" '' 'nothing else is left'

# A terminal.
cat >"$TMP/terminal.py" <<'END'
"""terminal ANSWER,.. COMMAND..: run it on a terminal of its own, and answer
each prompt; "^C" and "^Z" are those keys. Shows all that was on the screen,
whether there was echo at the prompts and afterwards, and the status."""
import fcntl, os, select, signal, sys, termios, time

answers = sys.argv[1].split(",")
fd, keeper = os.openpty()
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.setsid()  # its terminal is ours, too, as a shell's: it can be stopped
fcntl.ioctl(keeper, termios.TIOCSCTTY, 0)
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(keeper, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number in range(3):
        os.dup2(keeper, number)
    os.execv(sys.argv[2], sys.argv[2:])

def echo():
    return bool(termios.tcgetattr(keeper)[3] & termios.ECHO)

screen, asked, status = b"", 0, None
end = time.time() + 20
while time.time() < end and status is None:
    if select.select([fd], [], [], 0.05)[0]:
        screen += os.read(fd, 4096)
    if screen.count(b": ") > asked and answers:
        asked = screen.count(b": ")
        print("echo" if echo() else "no echo")
        answer = answers.pop(0)
        os.write(fd, {"^C": b"\3", "^Z": b"\x1a"}.get(
            answer, answer.encode() + b"\n"))
    done, how = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
    if done and os.WIFSTOPPED(how):
        print("stopped with", "echo" if echo() else "no echo")
        os.kill(pid, signal.SIGCONT)
    elif done:
        status = how
while select.select([fd], [], [], 0.05)[0]:
    screen += os.read(fd, 4096)
print("after:", "echo" if echo() else "no echo")
print("status", status if status is None else
      -os.WTERMSIG(status) if os.WIFSIGNALED(status) else
      os.WEXITSTATUS(status))
print(screen.decode().replace("\r", ""))
END
terminal() { run python3 "$TMP/terminal.py" "$@"; }
terminal hunter2,hunter2 "$OSMTP" seal p1.password
is "$(echo "$out" | sed 's/sealed:v1:.*/SEALED/; s/ *$//')" 'no echo
no echo
after: echo
status 0
p1.password:
Once more:
SEALED' 'asked twice, without echo'
terminal hunter2,hunter3 "$OSMTP" seal p1.password
like "$out" 'the two differ' 'two that differ'
like "$out" '^status 65$' 'are bad data'
unlike "$out" hunter 'and not shown'
terminal ^C "$OSMTP" seal p1.password
like "$out" '^status -2$' 'an interrupt ends it'
like "$out" '^after: echo$' 'with the terminal put right'
terminal ^Z,hunter2,hunter2 "$OSMTP" seal p1.password
like "$out" '^stopped with echo$' 'a stop puts it right, too'
like "$out" '^status 0$' 'and it goes on behind that'
unlike "$out" hunter 'without echo'
finish
