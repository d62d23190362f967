#!/bin/sh
# SPDX-License-Identifier: ISC
# A login through a browser: started here, elsewhere with ssh -L, or with what
# is copied out of it; the first answer that is one wins, all else is harmless.
# shellcheck source=harness.sh disable=SC2016 # $@ is of another shell
. "${0%/*}/harness.sh"
# shellcheck source=login.sh
. "${0%/*}/login.sh"

code='grant = "authorization_code";'
add() {
	auth "$1" "${2-}"
	login_profile "$1" "$1" "$code $(urls "$1" | grep -v device_url) ${3-}"
}
add anna
add local '' 'redirect_host = "localhost";'
add denied '"authorize": "access_denied"'
add spent '"authorize": {"code": "c-none"}'
add taken '' 'redirect_port = @PORT:smtp@;'
auth odd
login_profile odd odd "$code"'
    authorize_url = "http://localhost:@PORT:odd@/authorize?x=$(touch$IFS@TMP@/owned);touch$IFS@TMP@/owned&y=%27";'
start_login

tokens=$state/tokens
mkfifo "$TMP/in"
# Its standard input is a pipe that stays open as long as we like.
begin() {
	exec 4<>"$TMP/in"
	start env --default-signal=INT "$@" <&4
}
tell() { printf '%s\n' "$1" >&4; }
end() {
	ends
	exec 4>&-
}
browse() { "$T/fake/browser" "$@" >"$TMP/page" 2>&1; }
posts() { requests "$1" 'POST /token'; }

# ---- a browser of ours

cat >"$TMP/browser" <<'END'
#!/bin/sh
printf '%s\n' "$#" "$@" >"$TMP/argv"
exec "$T/fake/browser" "$1" >"$TMP/page"
END
chmod 755 "$TMP/browser"
export BROWSER="$TMP/nowhere:$TMP/browser"

run "$OSMTP" login anna --browser
exits 0 'by a browser'
like "$out" '^Your browser opens\.' 'says so'
like "$out" '^Signed in as anna@example.com\.  Granted: mail.send' 'granted'
like "$out" '^Testing .* 235 accepted' 'tested'
like "$out" '^Stored\.' 'stored'
check 'the token is at hand' has anna
is "$(sed -n 1p "$TMP/argv")" 1 'the browser gets the address alone'
like "$(cat "$TMP/argv")" 'code_challenge_method=S256' '... with a challenge'
like "$(cat "$TMP/argv")" 'login_hint=anna%40example.com' '... and the person'
like "$(cat "$TMP/page")" '^200$' 'the page has arrived'
like "$(cat "$TMP/page")" '<h1>Back to osmtp</h1>' '... and says where to go'
is "$(fact token-1 form.grant_type)" authorization_code 'the grant'
like "$(fact token-1 form.redirect_uri)" '^http://127\.0\.0\.1:[0-9]+$' \
    'the redirect, without a path'
unlike "$out$err$(cat "$TMP/page" "$TMP/log")" '[ctr]-[0-9]*-?[0-9a-f]{16}' \
    'no code and no token anywhere'
DISPLAY=:9 run "$OSMTP" login local
exits 0 'a desktop: without being told; localhost'
like "$(fact token-2 form.redirect_uri)" '^http://localhost:' '... as configured'
DISPLAY=:9 run "$OSMTP" login odd
exits 0 'an address that a shell would take to heart'
check '... is seen by none' test ! -e "$TMP/owned"
like "$(sed -n 2p "$TMP/argv")" 'touch' '... and comes as it is'

BROWSER='/bin/false %s' begin "$OSMTP" login anna --browser
said 'no browser could be started'
said 'ssh -L'
browse "$(shown_url)"
end
exits 0 'a browser that does not start'
begin env PATH=/nowhere BROWSER= "$OSMTP" login anna --browser
said 'there is no browser to start'
browse "$(shown_url)"
end
exits 0 'no browser at all'
unset BROWSER

# ---- from elsewhere: the port, or a paste

export SSH_CONNECTION='192.0.2.1 1 192.0.2.2 22' DISPLAY=:9
begin "$OSMTP" login anna
said 'paste it here:'
like "$(cat "$TMP/out")" \
    'ssh -L ([0-9]+):127.0.0.1:[0-9]+ test.example.test ' 'what to run there'
browse state=foreign "$(shown_url)"
like "$(cat "$TMP/page")" '^400$' 'a foreign state'
like "$(cat "$TMP/page")" 'Not the answer' '... is told so'
browse code= "$(shown_url)"
like "$(cat "$TMP/page")" '^400$' 'no code'
said 'what came to port [0-9]+ is not the answer: .*state'
tell 'http://127.0.0.1/?code=SESAME&state=x'
said 'what was pasted is not the answer: .*another login'
tell "$(shown_url)"
said 'the address to be opened'
is "$(posts anna)" 3 'nothing of that was redeemed'
browse "$(shown_url)"
end
exits 0 'and then the right one'
is "$(posts anna)" 4 '... once'
unlike "$out$err" SESAME 'what was pasted is not repeated'

begin "$OSMTP" login anna
said 'paste it here:'
i=0
while [ $i -lt 8 ]; do
	browse "code=$i" state=foreign "$(shown_url)"
	i=$((i + 1))
done
browse "$(shown_url)"
end
exits 0 'many strangers'
is "$(printf '%s\n' "$err" | grep -c 'not the answer') $(grep -c '^>' "$TMP/out")" \
    '5 6' '... do not bury the prompt'

# paste NAME SED: what a person copies, changed by that script.
paste() {
	begin "$OSMTP" login anna --paste
	said 'paste it here:'
	browse "$(shown_url)"
	tell "$(sed -e "$2" "$TMP/page")"
	end
	exits 0 "pasted: $1"
}
paste 'the whole address' ''
paste 'its query' 's/.*?//'
paste 'the code alone' 's/.*code=//; s/&.*//'
paste 'in quotes' 's/.*/ "&" /'
unlike "$out$err" 'c-[0-9a-f]{8}' '... and not repeated'
unset SSH_CONNECTION DISPLAY
begin "$OSMTP" login anna
said 'paste it here:'
browse redirect=x "$(shown_url)"
end
exits 0 'no desktop, no ssh: the port'

printf 'c-1\0x\n' >"$TMP/binary"
run "$OSMTP" login anna --paste <"$TMP/binary"
exits 75 'octets that are no text'
like "$err" 'what was pasted is not the answer: it is no text' '... are no code'
run "$OSMTP" login anna --paste <&-
exits 75 'nothing to read from'
like "$err" 'standard input has ended' '... says so'
run "$OSMTP" login anna --paste </dev/null
exits 75 'an empty input'
start "$OSMTP" login anna </dev/null
said 'ssh -L'
browse "$(shown_url)"
ends
exits 0 'an empty input: the port goes on'
begin "$OSMTP" login anna --json
said '"event":"url"'
out=$(cat "$TMP/out")
like "$(json redirect_uri)" '^http://127.0.0.1:' 'as JSON'
is "$(json listens) $(json reads) $(json sign_in_as)" \
    'true true anna@example.com' '... which ways'
browse "$(json url)"
end
exits 0 '... done'
is "$(printf '%s\n' "$out" | grep -c .) $(json event 4)" '4 done' '... by events'
is "$err" '' '... and nothing else'

# ---- a terminal: a line longer than a terminal's buffer

cat >"$TMP/terminal.py" <<'END'
import os, pty, subprocess, sys
url, state = None, os.environ["TMP"] + "/page"
pid, fd = pty.fork()
if pid == 0:
    os.execv(os.environ["OSMTP"], ["osmtp", "login", "anna", "--paste"])
seen = b""
def until(words):
    global seen
    while words not in seen:
        seen += os.read(fd, 4096)
    seen, rest = seen[:0], seen
    return rest.decode()
text = until(b"> ")
url = [w for w in text.split() if "/authorize" in w][0]
page = subprocess.run([os.environ["T"] + "/fake/browser", url],
                      capture_output=True, text=True).stdout.strip()
os.write(fd, (page + "&filler=" + "x" * 9000 + "\n").encode())
try:
    while True:
        seen += os.read(fd, 4096)
except OSError:
    pass
print("Stored." in seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
run python3 "$TMP/terminal.py"
exits 0 'pasted at a terminal, longer than its lines'
is "$out" True '... stored'

# ---- a terminal: the time that is left, until the browser is back

cat >"$TMP/waits" <<'END'
#!/bin/sh
until [ -e "$TMP/drawn" ]; do sleep 0.02; done
exec "$TMP/browser" "$@"
END
chmod 755 "$TMP/waits"
cat >"$TMP/terminal.py" <<'END'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.environ["BROWSER"] = os.environ["TMP"] + "/waits"
    os.execv(os.environ["OSMTP"], ["osmtp", "login", "anna", "--browser"])
seen = b""
try:
    while True:
        seen += os.read(fd, 4096)
        if b"9:59 left" in seen:
            open(os.environ["TMP"] + "/drawn", "w").close()
except OSError:
    pass
print(seen.decode().replace("\r", "\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
run python3 "$TMP/terminal.py"
exits 0 'by a browser, at a terminal'
like "$out" '^Waiting .  9:59 left  \(Ctrl-C stops' '... with the time left'
like "$out" '^Signed in as' '... which goes'

# ---- refused, spent, in use, stopped

begin "$OSMTP" login denied
said 'paste it here:'
browse "$(shown_url)"
like "$(cat "$TMP/page")" 'Not granted' 'refused: the page'
end
exits 77 'refused'
like "$err" 'access_denied.*nothing was changed' '... says so'
check '... nothing is stored' test ! -e "$tokens/denied"
begin "$OSMTP" login spent
said 'paste it here:'
browse "$(shown_url)"
end
exits 75 'a code that is not taken'
like "$err" 'the answer was not taken \(.*invalid_grant.*begin again' \
    '... says so'
run "$OSMTP" login taken
exits 75 'a port in use'
like "$err" "127.0.0.1:$(port smtp): the port is in use" '... says so'
like "$err" 'change oauth.redirect_port' '... and what to do'
for signal in INT TERM; do
	begin "$OSMTP" login spent
	said 'paste it here:'
	kill -"$signal" "$pid"
	end
	is "$((status > 128))" 1 "SIG$signal: ended by it"
	like "$err" 'stopped; nothing was changed' "SIG$signal: says so"
done
check 'no token is stored' test ! -e "$tokens/spent"
check 'the older one lives' has anna
finish
