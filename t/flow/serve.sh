# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # codes, S are for the tests
# serve: what tests of -bs share; behind queue.sh.

# serve SESSION [ARGUMENTS...]: the session, as of printf(1), in one write. Sets
# status, out, err; codes are those of the replies.
serve() {
	printf '%b' "$1" >"$TMP/session"
	shift
	whole "$SENDMAIL" -bs "$@" <"$TMP/session"
	codes=$(tr -d '\r' <"$TMP/out" | sed -n 's/^\([0-9]*\) .*/\1/p' |
	    tr '\n' ' ' | sed 's/ $//')
}
M='MAIL FROM:<box@example.com>\r\n'
R='RCPT TO:<a@example.org>\r\n'
S=$M$R'DATA\r\n'

# newest: the name of the last message that the server has.
newest() { echo "msg-$(sent)"; }
# text NAME: the body of that message, its line ends as backslash n.
text() {
	tr -d '\r' <"$LOG/$1.eml" | sed '1,/^$/d' |
	    awk '{ printf "%s\\n", $0 }'
}
