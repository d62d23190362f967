#!/bin/sh
# SPDX-License-Identifier: ISC
# Words that strangers choose: a web form's address in an operand, PHP's fifth
# parameter in the options. Nothing is smuggled, written or shown.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=plain.sh
. "${0%/*}/plain.sh"

box_setup
mkdir "$TMP/web" && cd "$TMP/web" || exit 1
printf 'Subject: hello\n\nbody\n' >"$TMP/in"
nl='
'
cr=$(printf '\r')
sent=0

# refuses STATUS ARGUMENTS...: in one line on standard error; nothing is sent.
refuses() {
	code=$1
	shift
	run timeout 60 "$sendmail" "$@" <"$TMP/in"
	[ "$status" -eq "$code" ] && [ -z "$out" ] &&
	    [ "$(grep -cv 'kept in\|text of the message' "$TMP/err")" -eq 1 ] &&
	    [ "$(wc -c <"$TMP/err")" -lt 4096 ] &&
	    ! LC_ALL=C grep -q "$(printf '[\001-\011\013-\037\177]')" "$TMP/err" &&
	    [ ! -e "$LOG/msg-$((sent + 1)).eml" ] && [ -z "$(ls)" ]
	result $? "refused: $(printf %s "$*" | tr '\n\r' '||' | cut -c 1-70)" \
	    "status $status" "$(head -c 2000 "$TMP/err")" "$(ls)"
	rm -f "$dead"
}

# ---- operands

for text in "bob@example.org${nl}eve@example.net" "${nl}bob@example.org" \
    "bob@example.org$nl.$nl" "bob@example.org$cr${nl}DATA" \
    "bob@example.org${cr}Bcc: eve@example.net" "Bob${nl}<bob@example.org>" \
    "$(printf 'bob@example.org\033]0;x\007')" "$(printf '\001')" \
    'bob@example.org>,<eve@example.net' 'Jane Roe' 'x@@example.org' '@' \
    '"open@example.org' '(open' 'a@b@c' '<>' 'bob@[192.0.2.1'; do
	refuses 65 -i -- "$text"
	refuses 65 -i -- good@example.org "$text"
done
# A word of Linux is at most 128 KiB long.
python3 -c '
import sys
n = 131000
w = sys.argv[1]
texts = {"local": "a" * n + "@example.org", "domain": "a@" + "b" * n,
    "comments": "(" * n, "dots": "a@" + ".".join("b" for i in range(n // 2)),
    "quotes": "\"" + "\\\"" * (n // 2) + "\"@example.org",
    "angles": "<" * n, "utf8": "\u00e9" * (n // 2) + "@example.org",
    "ats": "@" * n, "blanks": "a" + " " * n + "b@"}
for name, text in texts.items():
    open(w + "/" + name, "w", encoding="utf-8").write(text)
' "$TMP"
for name in local domain comments dots quotes angles utf8 ats blanks; do
	refuses 65 -i -- "$(cat "$TMP/$name")"
	refuses 65 -i -f "$(cat "$TMP/$name")" bob@example.org
done
# A megabyte of operands, and all of it one recipient.
cat >"$TMP/many" <<'END'
import subprocess, sys, time
kind, sendmail, text = sys.argv[1:]
words = {"same": ["bob@example.org"] * 60000,
         "bad": ["bob@example.org"] * 8 + ["(" * 120000] * 8,
         "empty": [""] * 100000 + ["bob@example.org"],
         "commas": ["," * 120000] * 8 + ["bob@example.org"],
         "dashes": ["--"] + ["-x@example.org"] * 60000,
         "options": ["-i"] * 100000 + ["bob@example.org"],
         "cluster": ["-" + "i" * 120000] * 8 + ["bob@example.org"]}[kind]
began = time.time()
run = subprocess.run([sendmail, "--now"] + words, stdin=open(text, "rb"),
                     timeout=100, stderr=subprocess.PIPE)
print(run.returncode, len(run.stderr) < 4096)
END
for case in '0 same' '65 bad' '0 empty' '0 commas' '0 dashes' '0 options' \
    '0 cluster'; do
	run python3 "$TMP/many" "${case#* }" "$sendmail" "$TMP/in"
	is "$out" "${case% *} True" "a megabyte: ${case#* }"
	[ "${case% *}" -ne 0 ] || sent=$((sent + 1))
done
is "$(find "$LOG" -name 'msg-*.eml' | wc -l | tr -d ' ')" $sent \
    '... one message each'
is "$(fact msg-1 accepted)" '["bob@example.org"]' '... for one recipient'

# ---- what a web caller's fifth parameter may be

secret=$TMP/shadow
printf 'root:verysecret:1:2:3\n' >"$secret"
chmod 644 "$secret"
for file in /etc/shadow /etc/passwd "$secret" /dev/null /dev/zero /dev/full \
    /nowhere . /proc/self/environ; do
	for form in "-C$file" "-C $file"; do
		# shellcheck disable=SC2086 # words
		run timeout 60 "$sendmail" $form -i bob@example.org <"$TMP/in"
		[ "$status" -eq 78 ] && [ -z "$out" ] &&
		    ! grep -q 'verysecret\|root:\|/bin/' "$TMP/err" "$TMP/log" &&
		    [ ! -e "$LOG/msg-$((sent + 1)).eml" ]
		result $? "$form: 78, and not a word of it" \
		    "status $status" "$err"
		rm -f "$dead"
	done
done
# One that says where to log and what to run is the caller's, not root's.
if [ "$(id -u)" -ne 0 ]; then
	cat >"$TMP/evil.conf" <<-END
		log = { to = "$TMP/web/shell.php"; };
		spool = "$TMP/web/spool"; default = "x";
		profiles = { x = { kind = "system"; address = "x@example.com";
		  server = "smtp://localhost:1"; auth = "password";
		  password = { command = [ "/bin/touch", "$TMP/web/run" ]; }; }; };
	END
	chmod 600 "$TMP/evil.conf"
	refuses 78 -i "-C$TMP/evil.conf" bob@example.org
fi
# What has no effect has none on the file system either.
before=$(find "$TMP/web" "$HOME" ! -name dead.letter | sort)
for words in "-X$TMP/web/shell.php" "-X $TMP/web/shell.php" \
    "-OQueueDirectory=$TMP/web" "-oQ$TMP/web" "-oA$TMP/web/aliases" \
    "-d9 -X $TMP/web/x" "-OLogLevel=99 -OQueueDirectory=$TMP/web -X$TMP/web/y" \
    "-OAliasFile=$TMP/web/a" "-L <?php -X$TMP/web/shell.php"; do
	# shellcheck disable=SC2086 # words
	run "$sendmail" -i $words bob@example.org <"$TMP/in"
	exits 0 "$words: goes"
	sent=$((sent + 1))
done
for words in "-D$TMP/web/x" "-be \${run{/bin/touch $TMP/web/y}}" \
    "-bt \${readfile{/etc/passwd}}" "-Mvl 1" "-S $TMP/web/z" "-bd -oX25" \
    "-bp -D$TMP/web/x" "--log=$TMP/web/x" "-be"; do
	# shellcheck disable=SC2086 # words
	refuses 64 $words
done
is "$(find "$TMP/web" "$HOME" ! -name dead.letter | sort)" "$before" \
    'no file was made where a caller chose'
for words in '-F' '-f' '-L' '-h' '-p' '-B'; do
	run "$sendmail" -i $words "x${cr}${nl}Bcc: eve@example.net${nl}${nl}y" \
	    bob@example.org <"$TMP/in"
	case $words in
	-f) exits 65 '-f with a field in it' ;;
	*)
		exits 0 "$words with a field in it"
		sent=$((sent + 1))
		is "$(fact msg-$sent accepted)" '["bob@example.org"]' \
		    '... which adds nobody'
		unlike "$(sed '/^.$/q' "$LOG/msg-$sent.eml")" '^Bcc:' \
		    '... and no field'
		;;
	esac
	rm -f "$dead"
done

unlike "$(cat "$LOG"/*.trace)" '^[0-9]+ [0-9]+ !' 'no rule is broken'
unlike "$(cat "$LOG"/*.trace)" 'C .*eve@' 'no attack reached the wire'
finish
