#!/bin/sh
# SPDX-License-Identifier: ISC
# How long a provider lets a consent live is learnt: after three that lasted as
# long as each other, the end of the fourth is told beforehand.
# shellcheck source=harness.sh disable=SC2016 # $token is the server's
. "${0%/*}/harness.sh"
# shellcheck source=login.sh
. "${0%/*}/login.sh"

# Its refresh tokens are good for nothing: each consent ends at its first use.
auth anna '' '{"json": {"access_token": "$token", "expires_in": 600,
    "refresh_token": "gone", "scope": "mail.send offline_access",
    "id_token": "$id_token"}}'
login_profile anna anna "$(urls anna)"
start_login
begun=$(date +%s)
# after N: N tenths of a day after the beginning; date_of N: that day
after() { export OSMTP_TEST_NOW=$(((begun + $1 * 8640) * 1000)); }
date_of() { date -u -d "@$((begun + $1 * 8640))" +%Y-%m-%d; }

# live FROM TO: a login, and a use with which the consent ends.
live() {
	after "$1"
	run "$OSMTP" login anna
	exits 0 "a login at $1"
	run "$OSMTP" profiles --json
	is "$(json login) $(json consent)" \
	    "anna@example.com $((begun + $1 * 8640))" 'who, and when'
	unlike "$out" consent_max 'nothing learnt yet'
	after "$2"
	run "$OSMTP" token anna
	exits 77 "ended at $2"
	like "$err" 'osmtp login anna' 'what to do'
	run "$OSMTP" token anna
	exits 77 'and again'
}
live 0 70
live 75 146
live 150 219
after 220
run "$OSMTP" login anna
exits 0 'the fourth login'
run "$OSMTP" profiles
like "$out" "consent of anna@example.com since $(date_of 220)" 'since when'
like "$out" 'scope: mail.send offline_access' 'for what'
like "$out" "consent ends on $(date_of 289), in 6 days: the last 3 consents lasted 6\.9 days \(osmtp login anna\)" \
    'until when, and why that is thought'
run "$OSMTP" run --once
unlike "$(cat "$TMP/log")" 'event=forecast' 'it is no news yet'
after 280
run "$OSMTP" run --once
like "$(cat "$TMP/log")" \
    'event=forecast profile=anna what=consent_max .*days=1 ' 'a day before'

# Two that differ are no rule.
after 300
run "$OSMTP" token anna
after 301
run "$OSMTP" login anna
exits 0 'the fifth login'
run "$OSMTP" profiles
like "$out" 'needs_login|ok' 'it is there'
unlike "$out" 'the last 3 consents' 'no rule any more'

# What is forgotten is forgotten.
run "$OSMTP" logout anna
exits 0 'a logout'
run "$OSMTP" profiles
like "$out" 'no consent yet' 'nobody has consented'
unlike "$out" 'consent of' 'and nothing is shown'
finish
