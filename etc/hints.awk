# SPDX-License-Identifier: ISC
# hints.awk: etc/refusals.tsv -> src/mail/hint_table.inc, two arrays for
# src/mail/hint.c. POSIX awk, in the locale C:
#
#	LC_ALL=C awk -f etc/hints.awk etc/refusals.tsv >hint_table.inc
#
# Nothing that it is given may be wrong: whatever does not fit is told with its
# line, all at once, and the exit status is 1.

function bad(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what >"/dev/stderr"
	faults++
}

# As a C string; "-" is an empty one.
function quoted(s) {
	if (s == "-")
		s = ""
	gsub(/"/, "\\\"", s)
	return "\"" s "\""
}

function known(s, words) {
	return index(" " words " ", " " s " ") > 0
}

# "mail,final" -> the bits of the stages; first is the one that is shown.
function stage_bits(list,    names, n, i, bits) {
	n = split(list, names, ",")
	bits = ""
	for (i = 1; i <= n; i++) {
		if (!known(names[i], STAGES))
			bad("stage: " names[i])
		# a login's steps have no stage of their own yet
		if (names[i] == "device" || names[i] == "authorize")
			names[i] = "token"
		bits = bits (i > 1 ? " | " : "") "BIT(" toupper(names[i]) ")"
	}
	first = "OUTCOME_AT_" toupper(names[1])
	return bits
}

function check_fields(    i) {
	for (i = 1; i <= 14; i++)
		if ($i == "" || $i ~ /^ | $|\\|[^ -~]/)
			bad("field " i ": empty, with blanks around it, with" \
			    " a backslash, or not ASCII")
	if ($1 !~ /^[a-z0-9-]+$/)
		bad("id: " $1)
	if ($1 in ids)
		bad("id: " $1 ": a second time")
	ids[$1] = 1
	if (!($2 in providers))
		bad("provider: " $2 ": neither host nor software names it")
}

function check_key() {
	if ($4 != "-" && $4 !~ /^[2-5][0-9][0-9]$/)
		bad("code: " $4)
	if ($5 != "-" && $5 !~ /^[245]\.[0-9]+\.[0-9]+$/)
		bad("enhanced: " $5)
	if ($5 != "-" && substr($5, 1, 1) != substr($4, 1, 1))
		bad("enhanced: " $5 " does not go with " $4)
	if ($6 !~ /^[A-Za-z0-9_.-]+$/ || length($6) > 47)
		bad("error: " $6)
	if ($7 !~ /^[A-Za-z0-9_.-]+$/ || length($7) > 23)
		bad("detail: " $7)
	if ($6 != "-" && $4 != "-")
		bad("code: it is not looked at beside an error")
	if ($6 == "-" && $7 != "-")
		bad("detail: without an error")
	if (!known($8, "key text"))
		bad("by: " $8)
	if ($8 == "text" && $9 == "-")
		bad("match: by text, and there is none")
	if ($4 == "-" && $6 == "-" && $8 == "key")
		bad("by: key: there is neither code nor error")
}

function check_verdict() {
	if (!known($10, "F L T P C M"))
		bad("class: " $10)
	if ($10 ~ /[TM]/ && $3 ~ /token|device|authorize|connect|tls|greeting|ehlo|auth/)
		bad("class: " $10 ": no message has been tried at that stage")
	if ($10 == "M" && $4 !~ /^5/)
		bad("class: M: only a 5xx returns mail")
	if (!known($11, "admin person sender nobody"))
		bad("who: " $11)
	if ($12 !~ /\.$/)
		bad("meaning: not a sentence")
	if ($13 ~ /\.$/)
		bad("remedy: with a full stop")
}

# Placeholders that hint.c does not know would be shown as they are.
function check_remedy(    s) {
	s = $13
	gsub(/<user>|<host>/, "", s)
	if (s ~ /</)
		bad("remedy: only <user> and <host> are known")
	if (s ~ /(^|[^.A-Za-z])osmtp (login|check|test|rotate|token)/ &&
	    s !~ /osmtp (login|check|test|rotate|token) NAME/)
		bad("remedy: a command without NAME")
}

# What one key decides, it decides in one way.
function check_peers(    key) {
	key = $2 FS $3 FS $4 FS $5 FS $6 FS $7
	if ($8 != "key")
		return
	if (key in class_of && class_of[key] != $10)
		bad("class: " $10 ": another line says " class_of[key] \
		    " by the same key")
	if ((key, $9) in match_of)
		bad("match: another line has the same key and match")
	class_of[key] = $10
	match_of[key, $9] = 1
}

BEGIN {
	FS = "\t"
	STAGES = "token device authorize connect tls greeting ehlo auth mail" \
	    " rcpt data final"
}

/^#/ || /^$/ { next }

$1 == "host" {
	if (NF != 3 || $2 !~ /^[a-z0-9.*-]+$/ || $2 ~ /\*.*\*/ ||
	    $3 !~ /^[a-z0-9.-]+$/ || length($3) > 15)
		bad("want: host PATTERN PROVIDER")
	providers[$3] = 1
	hosts[++n_hosts] = "\t{ " quoted($2) ", " quoted($3) " },"
	next
}

$1 == "software" {
	if (NF != 2 || $2 !~ /^[a-z0-9.-]+$/ || length($2) > 15)
		bad("want: software PROVIDER")
	providers[$2] = 1
	software[$2] = 1
	next
}

{
	if (NF != 14) {
		bad("has " NF " fields, not 14")
		next
	}
	check_fields()
	check_key()
	check_verdict()
	check_remedy()
	check_peers()
	bits = stage_bits($3)
	rows[++n_rows] = sprintf("\t{ { %s, %s, %s, OUTCOME_CLASS_%s, %s,\n" \
	    "\t\t%s,\n\t\t%s },\n\t\t%s, %s, %s, %s, %s, %s, %s, %s },",
	    quoted($1), quoted($2), first, $10, quoted($11), quoted($12),
	    quoted($13), bits, $4 == "-" ? "0" : $4, quoted($5), quoted($6),
	    quoted($7), quoted($9), $8 == "text" ? "true" : "false",
	    $2 in software ? "true" : "false")
}

END {
	if (n_rows == 0 || n_hosts == 0) {
		print "hints.awk: no lines" >"/dev/stderr"
		faults++
	}
	if (faults)
		exit 1
	print "/* Made of etc/refusals.tsv by etc/hints.awk: change those. */"
	print "static const struct host hosts[] = {"
	for (i = 1; i <= n_hosts; i++)
		print hosts[i]
	print "};\nstatic const struct row rows[] = {"
	for (i = 1; i <= n_rows; i++)
		print rows[i]
	print "};"
}
