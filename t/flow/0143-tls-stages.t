#!/bin/sh
# SPDX-License-Identifier: ISC
# Whatever a server does at STARTTLS, in its handshake, and inside TLS: the
# right class, in time, no login before, no delivery told that was none.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=stages.sh
. "${0%/*}/stages.sh"

# As that of stages.sh, with TLS; at once where the name begins with s-.
write_row() { # NAME TIME ACTS
	scheme=smtp tls=starttls time=$2
	case $1 in s-*) scheme=smtps tls=implicit ;; esac
	case $1 in *-slow) time=1500ms ;; esac
	cat >>"$TMP/script" <<-END
		"$1": {"tls": "$tls", "auth": {"PLAIN": ["pa55"]},
		    "require_auth": true, "on": {$3}},
	END
	cat >>"$TMP/conf" <<-END
		$1 = {
		  kind = "system"; address = "$1@example.com";
		  password = "pa55";
		  server = "$scheme://localhost:@PORT:$1@";
		  tls = { ca_file = "@CERTS@/ca.pem"; };
		  timeouts = { connect = "$time"; tls = "$time";
		    reply = "$time"; data = "$time"; final = "$time"; };
		};
	END
}

stages 6s <<'END'
plain delivered 0 - FINAL
start-close later 75 L EHLO "starttls": {"close": true}
start-reset later 75 L EHLO "starttls": {"reset": true}
start-half later 75 L EHLO "starttls": {"raw": "220 g", "close": true}
start-421 later 75 L EHLO "starttls": {"reply": "421 4.3.2 busy", "close": true}
start-kind later 75 L (EHLO|TLS) "starttls": {"reply": "354 go"}
start-noise later 75 L (EHLO|TLS) "starttls": {"raw": "hello\r\n", "close": true}
start-lines later 75 L (EHLO|TLS) "starttls": {"lines": 3000, "code": "220"}
start-hang-slow later 75 L EHLO "starttls": {"hang": true}
start-drip-slow later 75 L EHLO "starttls": {"drip": "220 hello", "interval": 0.3}
start-endless-slow later 75 L (EHLO|TLS) "starttls": {"endless": true}
tls-reset later 75 L TLS "tls": {"reset": true}
tls-endless-slow later 7[58] [LC] TLS "tls": {"endless": true}
s-tls-reset later 75 L (CONNECT|TLS) "tls": {"reset": true}
s-tls-hang-slow later 75 L TLS "tls": {"hang": true}
s-tls-endless-slow later 7[58] [LC] TLS "tls": {"endless": true}
ehlo2-close later 75 L EHLO "ehlo": [null, {"close": true}]
ehlo2-421 later 75 L EHLO "ehlo": [null, {"reply": "421 4.3.2 busy"}]
ehlo2-550 later 75 L EHLO "ehlo": [null, {"reply": "550 5.7.1 no"}]
ehlo2-hang-slow later 75 L EHLO "ehlo": [null, {"hang": true}]
s-greeting-cut later 75 L GREETING "greeting": {"cut": true}
s-greeting-hang-slow later 75 L GREETING "greeting": {"hang": true}
s-ehlo-451 later 75 L EHLO "ehlo": {"reply": "451 4.3.2 busy"}
auth-cut later 75 L AUTH "verdict": {"cut": true}
mail-cut later 75 L MAIL "mail": {"cut": true}
rcpt-cut later 75 T RCPT "rcpt": {"cut": true}
data-more later 75 L BODY "data": {"raw": "354 go\r\n250 ok\r\n"}
body-cut later 75 T BODY "body": {"after_bytes": 99999, "cut": true}
body-552 refused 69 M BODY "body": {"after_bytes": 99999, "reply": "552 5.3.4 big", "close": true}
final-cut unclear 75 T FINAL "final": {"cut": true}
final-close unclear 75 T FINAL "final": {"close": true}
final-hang-slow unclear 75 T FINAL "final": {"hang": true}
final-half unclear 75 T FINAL "final": {"raw": "250 o", "cut": true}
final-drip delivered 0 - FINAL "final": {"drip": "250 ok", "interval": 0.05}
final-ends delivered 0 - FINAL "final": {"reply": "250 ok", "cut": true}
END
while read -r name _; do
	case $name in
	start-* | tls-* | s-tls-* | ehlo2-*) unlike "$(cat "$LOG/$name.trace")" \
	    ' C (AUTH|MAIL)' "$name: neither login nor mail" ;;
	esac
done <"$TMP/rows"
finish
