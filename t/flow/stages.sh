# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# shellcheck disable=SC2034 # status and out are for exits
# stages: servers that do something at one stage, and what becomes of it.
#
# stages TIME [MORE]: take rows from standard input, each with a server, and a
# profile of that name; run all of them, and look what became of each. MORE are
# further profiles. A row has
#	name, what is told (or delivered), exit status, class (- for none),
#	stage that is told, what the server does ("on" of t/fake/server);
#	status, class and stage are expressions
# Time-outs are TIME, but short if the name ends in -slow; foreground is short
# if it begins with fg-; body-* have a large message.

write_row() { # NAME TIME ACTS
	foreground=25s time=$2
	case $1 in
	*-slow) time=1500ms ;;
	fg-*) foreground=1s ;;
	esac
	cat >>"$TMP/script" <<-END
		"$1": {"auth": {"PLAIN": ["pa55"]}, "require_auth": true,
		    "ehlo": ["PIPELINING", "SIZE"], "on": {$3}},
	END
	cat >>"$TMP/conf" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com"; password = "pa55";
		  server = "smtp://localhost:@PORT:$1@"; tls = { mode = "none"; };
		  timeouts = { connect = "$time"; tls = "$time"; reply = "$time";
		    data = "$time"; final = "$time"; foreground = "$foreground"; };
		};
	END
}

start_stages() { # TIME MORE
	echo '{"listeners": {' >"$TMP/script"
	cat >"$TMP/conf" <<-END
		hostname = "h.example.com";
		log = { to = "@TMP@/log"; };
		profiles = {
		$2
	END
	while read -r name _ _ _ _ acts; do
		write_row "$name" "$1" "$acts"
	done <"$TMP/rows"
	echo '"end": {}}}' >>"$TMP/script"
	echo '};' >>"$TMP/conf"
	start_fake "$TMP/script"
	conf <"$TMP/conf"
	printf 'From: a@example.com\nTo: b@example.org\n\nhello\n' >"$TMP/in"
	# More than the sockets of both sides can hold.
	awk 'BEGIN { print "Subject: large\n"; x = "................"
		for (i = 0; i < 100000; i++) print i, x x x }' >"$TMP/big"
}

# In the background; its status, words and seconds are kept.
attempt() { # NAME
	input=$TMP/in
	case $1 in body-*) input=$TMP/big ;; esac
	(
		exec 9>&-
		begun=$(date +%s)
		"$OSMTP" --now -a "$1" b@example.org <"$input" \
		    >"$TMP/run/$1.out" 2>"$TMP/run/$1.err"
		echo "$? $(($(date +%s) - begun))" >"$TMP/run/$1.end"
	) &
	pids="$pids $!"
}

# shellcheck disable=SC2086 # they are words
attempt_all() {
	mkdir "$TMP/run"
	pids='' n=0
	while read -r name _; do
		attempt "$name"
		n=$((n + 1))
		[ $((n % 12)) -eq 0 ] || continue
		wait $pids
		pids=''
	done <"$TMP/rows"
	[ -z "$pids" ] || wait $pids
}

judge() { # NAME KIND STATUS CLASS STAGE
	read -r status seconds <"$TMP/run/$1.end"
	out=$(cat "$TMP/run/$1.out") err=$(cat "$TMP/run/$1.err")
	like "$status" "^($3)\$" "$1: exit status"
	case $2 in
	delivered) is "$err" '' "$1: nothing is told" ;;
	unclear) like "$err" "b@example\.org: unclear, may have been delivered:\
 .*\($5, localhost" "$1: what is told" ;;
	*) like "$err" "b@example\.org: $2: .*\($5, localhost" \
	    "$1: what is told" ;;
	esac
	want="result=$2 .* profile=$1 server.* class=$4 stage=$5 "
	[ "$4" != - ] || want="result=$2 .* profile=$1 .* stage=$5 "
	like "$(grep -e "event=delivery .* profile=$1 " "$TMP/log")" "$want" \
	    "$1: log"
	arrived=$(grep -c -e "\"$1\"" "$TMP/arrived")
	case $2 in
	delivered) want=1 ;;
	unclear) want=$((arrived > 0)) ;;
	*) want=0 ;;
	esac
	breaches=$(grep -c '^[0-9]* [0-9]* !' "$LOG/$1.trace")
	# AUTH behind what looked like EHLO's reply
	[ "$1" != greeting-more ] || breaches=0
	is "$arrived arrived, $(grep -c connected "$LOG/$1.trace") connection,\
 $breaches breaches, late: $((seconds > 10))" \
	    "$want arrived, 1 connection, 0 breaches, late: 0" \
	    "$1: arrived so often"
}

stages() {
	cat >"$TMP/rows"
	start_stages "$1" "${2-}"
	attempt_all
	grep -hs '"listener":' "$LOG"/msg-*.json >"$TMP/arrived"
	while read -r name kind want class stage _; do
		judge "$name" "$kind" "$want" "$class" "$stage"
	done <"$TMP/rows"
}
