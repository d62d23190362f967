#!/bin/sh
# SPDX-License-Identifier: ISC
# t/run and the harness: what must fail fails, and says so.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

mkdir -p "$TMP/s/t/flow"
cp -R "$T/fake" "$T/flow" "$TMP/s/t" && rm "$TMP/s/t/flow/"[0-9]*

# script NAME: a flow test from standard input.
script() {
	{ echo '#!/bin/sh'; cat; } >"$TMP/s/t/flow/$1.t"
	chmod +x "$TMP/s/t/flow/$1.t"
}

limit=30

# verdict WANT NAME: run t/run on what script() wrote; WANT is its last line.
verdict() {
	run "$T/run" --build "$TMP/s" --source "$TMP/s" --limit "$limit"
	is "$(printf '%s\n' "$out" | tail -n 1)" "$1" "$2"
	case $1 in
	*' 0 failed'*) exits 0 "... exits 0" ;;
	*) exits 1 "... exits 1" ;;
	esac
	rm -f "$TMP/s/t/flow/"[0-9]*
}

script 1 <<'END'
. "${0%/*}/harness.sh"
run sh -c 'cat; echo oops >&2; exit 3' <"$0"
exits 3 status
like "$out" 'exits 3' out
is "$err" oops err
unlike "$out" '^nothing like it$' unlike
check check test -d "$HOME"
finish
END
verdict '5 passed, 0 failed' 'harness: all pass'

script 1 <<'END'
. "${0%/*}/harness.sh"
run false
exits 0 one
like "$out" x two
is "a
b" c three
unlike abc b four
check five false
finish
END
verdict '0 passed, 5 failed' 'harness: all fail'
like "$out" '# expected: c' '... with diagnostics'
like "$out" '^FAILED +flow/1.t' '... and the name'

script 1 <<'END'
. "${0%/*}/harness.sh"
start_fake <<'JSON'
{"listeners": {"a": {}, "token": {"type": "token", "responses": [{"body": ""}]}}}
JSON
conf <<'CONF'
port @PORT:a@ @PORT:token@; ca @CERTS@; tmp @TMP@;
CONF
is "$(cat "$HOME/.config/osmtp/osmtp.conf")" \
    "spool = \"none\"; port $(port a) $(port token); ca $FAKE_CERTS; tmp $TMP;" conf
like "$(port a)" '^[0-9]+$' port
python3 -c 'import smtplib, sys
smtplib.SMTP("127.0.0.1", int(sys.argv[1])).sendmail("a@b.test", ["c@d.test"],
"x")' "$(port a)"
is "$(fact msg-1 rcpts.0.address)" c@d.test fact
stop_fake
start_fake <<'JSON'
{"listeners": {"a": {}}}
JSON
finish
END
verdict '3 passed, 0 failed' 'harness: the fake server'

script 1 <<'END'
. "${0%/*}/harness.sh"
start_fake <<'JSON'
{"listeners": {"a": {"tsl": "none"}}}
JSON
finish
END
verdict '0 passed, 1 failed' 'harness: a misspelt script'
like "$out" 'a: tsl: unknown key' '... is named'

script 1 <<'END'
echo 'ok 1 - one'
END
verdict '1 passed, 1 failed' 'no plan'
script 1 <<'END'
echo 1..0
END
verdict '0 passed, 1 failed' 'nothing planned'
script 1 <<'END'
echo 1..2
echo 'ok 1 - one'
END
verdict '1 passed, 1 failed' 'a short run'
script 1 <<'END'
echo 'ok 1 - one'
echo 1..1
exit 3
END
verdict '1 passed, 1 failed' 'a bad exit status'
script 1 <<'END'
echo 'ok 1 - one'
echo 1..1
echo why >&2
kill -9 $$
END
verdict '1 passed, 1 failed' 'a crash'
like "$out" '^    why$' '... shows standard error'
script 1 <<'END'
echo 'ok 1 - one'
echo 1..1
sleep 60
END
limit=0.5
verdict '1 passed, 1 failed' 'the time limit'
limit=30
like "$out" 'killed after 0.5 seconds' '... is named'
script 1 <<'END'
python3 -c 'import os, time; os.setpgid(0, 0); time.sleep(60)' &
echo 'ok 1 - one'
echo 1..1
END
verdict '1 passed, 1 failed' 'a process left behind'
like "$out" 'left behind: python3' '... is named'
script 1 <<'END'
echo '1..0 # SKIP no such thing here'
END
script 2 <<'END'
echo 'ok 1 # skip not today'
echo 'ok 2'
echo 1..2
END
verdict '1 passed, 0 failed, 2 skipped' 'skipping'
run "$T/run" --build "$TMP/s" --source "$TMP/s"
exits 1 'no test at all is no success'

finish
