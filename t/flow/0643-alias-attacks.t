#!/bin/sh
# SPDX-License-Identifier: ISC
# Alias files that are no files, are too large, or lead nowhere and everywhere:
# the command ends soon, says why, and newaliases says the same.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"

start_fake - <<'END'
{"listeners": {"smtp": {}}}
END
aliases=$TMP/aliases list=$TMP/list
conf <<END
domain = "example.com";
aliases = "$aliases";
profiles = { plain = {
  kind = "system"; address = "plain@example.com"; rewrite = false;
  server = "smtp://localhost:@PORT:smtp@"; tls = { mode = "none"; };
  auth = "none"; }; };
END
ln -s "$OSMTP" "$TMP/sendmail"
printf 'Subject: x\n\ntext\n' >"$TMP/in"

# refuses REGEX NAME: mail to root, and newaliases.
refuses() {
	run timeout 20 "$TMP/sendmail" root <"$TMP/in"
	exits 78 "$2: refused"
	like "$err" "$1" '... and it says why'
	run timeout 20 "$TMP/sendmail" -bi
	exits 78 '... newaliases, too'
	like "$err" "$1" '... and says why'
}
# goes RCPTS NAME: to those of root; newaliases has no complaint.
goes() {
	run timeout 20 "$TMP/sendmail" root <"$TMP/in"
	exits 0 "$2: goes"
	is "$(grep -o 'RCPT TO:<[^>]*>' "$LOG/smtp.trace" |
	    tail -n "$(echo "$1" | wc -w)" |
	    sed 's/.*<\(.*\)>/\1/' | paste -s -d ' ' -)" "$1" "... to $1"
	run timeout 20 "$TMP/sendmail" -bi
	exits 0 '... newaliases has no complaint'
}
# zeros N: so many zeros.
zeros() { head -c "$1" /dev/zero | tr '\0' 0; }

mkfifo "$aliases"
refuses 'not a regular file' 'a FIFO'
rm "$aliases"
mkdir "$aliases"
refuses 'not a regular file' 'a directory'
rmdir "$aliases"
{ printf '# ' && zeros 5000000; } >"$aliases"
refuses 'larger than 4194304 octets' '5 MB'
for c in '(' '"' '<' 'a@b:'; do
	{ printf 'root: ' && zeros 1000000 | sed "s/0/$c/g"; } >"$aliases"
	refuses 'aliases:1: root: address: ' "a million times $c"
done
{ printf 'root: ' && zeros 1000000 | tr 0 ,; } >"$aliases"
refuses 'aliases:1: root: has no recipient' 'a million commas'
echo 'root: undisclosed-recipients:;' >"$aliases"
refuses 'aliases:1: root: has no recipient' 'a group of nobody'

# ---- included files

echo "root: :include:$list" >"$aliases"
mkfifo "$list"
refuses 'root: open: .*list: not a regular file' 'an included FIFO'
rm "$list"
ln -s /dev/zero "$list"
refuses 'root: open: .*list: not a regular file' '/dev/zero'
rm "$list"
zeros 1000 | sed "s|0|:include:$list\\n|g" >"$list"
refuses 'list:1: root: includes itself: a loop' 'a file that includes itself'
seq -f 'u%.0f@example.org' 60000 >"$list"
refuses 'list:50001: root: more than 50000 recipients' '60,000 recipients'
i=0
while [ $i -lt 14 ]; do
	j=$((i + 1))
	for _ in 1 2 3 4; do echo ":include:$list$j"; done >"$list$i"
	i=$j
done
echo a@example.org >"$list$i"
echo "root: :include:${list}0" >"$aliases"
goes a@example.org '4^14 paths to one recipient'
{ printf '# ' && zeros 4000000; } >"$list"
{
	printf 'root: b@example.org'
	zeros 3000 | sed "s|0|, :include:$list|g"
	echo
} >"$aliases"
goes b@example.org 'a large file, named 3,000 times'

# ---- chains: as deep whatever was looked at before

seq 0 15 | awk '{ printf "a%02d: a%02d\n", $1, $1 + 1 }' >"$aliases"
echo 'root: c@example.org, a01' >>"$aliases"
goes 'c@example.org a16@example.com' 'a chain of 16'
sed -i 's/^root.*/root: a00/' "$aliases"
refuses 'aliases of aliases, too many' 'a chain of 17'
finish
