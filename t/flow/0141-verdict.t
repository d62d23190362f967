#!/bin/sh
# SPDX-License-Identifier: ISC
# Whatever a server does with the body and behind the dot: no delivery told that
# was none, none made twice, and where nobody can know, that is said.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=stages.sh
. "${0%/*}/stages.sh"

stages 6s <<'END'
body-close later 75 T BODY "body": {"after_bytes": 99999, "close": true}
body-reset later 75 T BODY "body": {"after_bytes": 99999, "reset": true}
body-451 later 75 T BODY "body": {"after_bytes": 9, "reply": "451 4.3.1 full"}
body-552 refused 69 M BODY "body": {"after_bytes": 9, "reply": "552 5.3.4 big"}
body-554 refused 69 M BODY "body": {"after_bytes": 9, "reply": "554 5.6.0 bad", "close": true}
body-250 later 75 L BODY "body": {"after_bytes": 9, "reply": "250 ok"}
body-noise later 75 L BODY "body": {"after_bytes": 9, "raw": "hello\r\n"}
body-ok delivered 0 - FINAL "mail": {"delay": 0.1}
final-close unclear 75 T FINAL "final": {"close": true}
final-cut unclear 75 T FINAL "final": {"cut": true}
final-reset unclear 75 T FINAL "final": {"reset": true}
final-dot unclear 75 T FINAL "body": {"rst_after_dot": true}
final-noise unclear 75 T FINAL "final": {"raw": "hello\r\n"}
final-half unclear 75 T FINAL "final": {"raw": "250 o", "close": true}
final-half2 unclear 75 T FINAL "final": {"raw": "250-ok\r\n", "close": true}
final-kind unclear 75 T FINAL "final": {"reply": "354 go"}
final-mixed unclear 75 T FINAL "final": {"raw": "250-ok\r\n550 no\r\n"}
final-421 later 75 T FINAL "final": {"reply": "421 4.3.2 busy", "close": true}
final-451 later 75 T FINAL "final": {"reply": "451 4.3.0 scanner"}
final-554 refused 69 M FINAL "final": {"reply": "554 5.7.1 spam"}
final-quota later 75 L FINAL "final": {"reply": "550 5.4.5 daily quota"}
final-bare delivered 0 - FINAL "final": {"raw": "250\n"}
final-more delivered 0 - FINAL "final": {"raw": "250 ok\r\n550 no\r\n"}
final-late delivered 0 - FINAL "final": {"drip": "250 ok", "interval": 0.05}
final-lines unclear 75 T FINAL "final": {"lines": 3000}
quit-close delivered 0 - FINAL "quit": {"close": true}
quit-noise delivered 0 - FINAL "quit": {"raw": "hello\r\n"}
END

eml=$(grep -ls '"listener": "body-ok"' "$LOG"/msg-*.json)
sed 1,2d "$TMP/big" >"$TMP/want"
tr -d '\r' <"${eml%.json}.eml" | sed '1,/^$/d' >"$TMP/got"
check 'a large message is whole' cmp "$TMP/got" "$TMP/want"
finish
