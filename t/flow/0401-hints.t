#!/bin/sh
# SPDX-License-Identifier: ISC
# The table of refusals is made the same way each time, and a line that says
# something wrong stops the build.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

etc=$T/../etc
make() { awk -f "$etc/hints.awk" "$1"; }

make "$etc/refusals.tsv" >"$TMP/one" && make "$etc/refusals.tsv" >"$TMP/two"
check 'twice the same' cmp "$TMP/one" "$TMP/two"
is "$(grep -c '^	{ { ' "$TMP/one")" \
    "$(grep -vc -e '^#' -e '^$' -e '^host	' -e '^software	' \
	"$etc/refusals.tsv")" 'a row for each line'

good='x-1	gmx	auth	535	5.7.8	-	-	key	no	C	admin	No.	mend it	page'
# one LINE: a table with this line and a good host.
one() { printf 'host\tmail.gmx.net\tgmx\nsoftware\tpostfix\n%s\n' "$1"; }
one "$good" >"$TMP/in"
check 'a good line' make "$TMP/in"

# NAME, awk that spoils the good line, words of the complaint
while IFS='|' read -r name spoil words; do
	one "$(printf '%s\n' "$good" |
		awk -F '	' -v OFS='	' "{ $spoil; print }")" >"$TMP/in"
	run make "$TMP/in"
	exits 1 "$name: stops"
	like "$err" "in:3: $words" "$name: says where and what"
	is "$out" '' "$name: makes nothing"
done <<'END'
too few fields|NF = 13|has 13 fields
too many fields|$15 = "x"|has 15 fields
empty field|$12 = ""|field 12
not ASCII|$12 = "\303\251."|field 12
backslash|$13 = "a\\b"|field 13
id|$1 = "X 1"|id: X 1
unknown provider|$2 = "nobody"|provider: nobody
unknown stage|$3 = "auth,bed"|stage: bed
no code|$4 = "53"|code: 53
enhanced status|$5 = "5.7"|enhanced: 5.7
enhanced of another code|$5 = "4.7.8"|enhanced: 4.7.8 does not go with
code beside an error|$6 = "invalid_grant"|code: it is not looked at
detail without an error|$7 = "7"|detail: without
long detail|$4 = "-"; $6 = "x"; $7 = "123456789012345678901234"|detail: 1234
neither key nor text|$8 = "both"|by: both
text without match|$8 = "text"; $9 = "-"|match: by text
no key|$4 = $5 = "-"|by: key: there is neither
class|$10 = "X"|class: X
message at login|$10 = "M"|class: M: no message
returned by a 4xx|$3 = "rcpt"; $4 = "450"; $5 = "-"; $10 = "M"|class: M: only
who|$11 = "me"|who: me
no sentence|$12 = "no"|meaning: not
full stop|$13 = "mend it."|remedy: with
unknown placeholder|$13 = "give <id>"|remedy: only
command without NAME|$13 = "then osmtp login"|remedy: a command
END

{ one "$good"; printf '%s\n' "$good"; } >"$TMP/in"
run make "$TMP/in"
exits 1 'an id twice: stops'
like "$err" 'in:4: id: x-1: a second time' 'an id twice'
like "$err" 'in:4: match: another line' 'a key twice'
{ one "$good"; printf '%s\n' "$good" | sed 's/^x-1/x-2/; s/	C	/	L	/'
} >"$TMP/in"
run make "$TMP/in"
exits 1 'one key, two classes: stops'
like "$err" 'in:4: class: L: another line says C' 'one key, two classes'
printf 'host\t*.a.*\tgmx\n%s\n' "$good" >"$TMP/in"
run make "$TMP/in"
exits 1 'two stars: stops'
: >"$TMP/in"
run make "$TMP/in"
exits 1 'an empty table: stops'
finish
