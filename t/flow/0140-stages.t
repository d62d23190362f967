#!/bin/sh
# SPDX-License-Identifier: ISC
# Whatever a server does before the body: the right class, the right exit
# status, in time, and nothing sent.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=stages.sh
. "${0%/*}/stages.sh"

# ehlo-more: libcurl drops what it has read behind EHLO's reply.
stages 6s <<'END'
plain delivered 0 - FINAL
connect-close later 75 L GREETING "connect": {"close": true}
connect-reset later 75 L (CONNECT|GREETING) "connect": {"reset": true}
greeting-close later 75 L GREETING "greeting": {"close": true}
greeting-reset later 75 L (CONNECT|GREETING) "greeting": {"reset": true}
greeting-noise later 75 L GREETING "greeting": {"raw": "SSH-2.0-x\r\n"}
greeting-half later 75 L GREETING "greeting": {"raw": "220 he", "close": true}
greeting-kind later 75 L GREETING "greeting": {"reply": "354 go"}
greeting-421 later 75 L GREETING "greeting": {"reply": "421 4.3.2 busy"}
greeting-450 later 75 L GREETING "greeting": {"reply": "450 4.3.2 busy"}
greeting-554 later 75 L GREETING "greeting": {"reply": "554 5.7.1 no"}
greeting-more later 75 L AUTH "greeting": {"raw": "220 hi\r\n250-a\r\n250 AUTH PLAIN\r\n"}
greeting-lines later 75 L GREETING "greeting": {"lines": 3000, "code": "220"}
ehlo-close later 75 L EHLO "ehlo": {"close": true}
ehlo-reset later 75 L EHLO "ehlo": {"reset": true}
ehlo-noise later 75 L EHLO "ehlo": {"raw": "hello\r\n"}
ehlo-half later 75 L EHLO "ehlo": {"raw": "250-he", "close": true}
ehlo-kind later 75 L EHLO "ehlo": {"reply": "354 go"}
ehlo-mixed later 75 L EHLO "ehlo": {"raw": "250-a\r\n550 b\r\n"}
ehlo-421 later 75 L EHLO "ehlo": {"reply": "421 4.3.2 busy"}
ehlo-451 later 75 L EHLO "ehlo": {"reply": "451 4.3.2 busy"}
ehlo-550 later 75 L EHLO "ehlo": {"reply": "550 5.7.1 no"}
ehlo-more delivered 0 - FINAL "ehlo": {"raw": "250-h\r\n250 AUTH PLAIN\r\n535 no\r\n"}
ehlo-lines later 75 L EHLO "ehlo": {"lines": 3000, "code": "250"}
auth-close later 75 L AUTH "verdict": {"close": true}
auth-reset later 75 L AUTH "verdict": {"reset": true}
auth-noise later 75 L AUTH "verdict": {"raw": "hello\r\n"}
auth-half later 75 L AUTH "verdict": {"raw": "235 we", "close": true}
auth-kind later 75 L AUTH "verdict": {"reply": "250 ok"}
auth-mixed later 75 L AUTH "verdict": {"raw": "235-a\r\n250 b\r\n"}
auth-421 later 75 L AUTH "verdict": {"reply": "421 4.3.2 busy"}
auth-454 later 75 L AUTH "verdict": {"reply": "454 4.7.0 busy"}
auth-more later 75 L MAIL "verdict": {"raw": "235 ok\r\n250 ok\r\n"}
auth-lines later 75 L AUTH "verdict": {"lines": 3000, "code": "235"}
mail-close later 75 L MAIL "mail": {"close": true}
mail-reset later 75 L MAIL "mail": {"reset": true}
mail-noise later 75 L MAIL "mail": {"raw": "hello\r\n"}
mail-half later 75 L MAIL "mail": {"raw": "250 o", "close": true}
mail-digits later 75 L MAIL "mail": {"raw": "2500 ok\r\n"}
mail-kind later 75 L MAIL "mail": {"reply": "354 go"}
mail-421 later 75 L MAIL "mail": {"reply": "421 4.3.2 busy", "close": true}
mail-451 later 75 L MAIL "mail": {"reply": "451 4.3.2 busy"}
mail-more later 75 L DATA "mail": {"raw": "250 ok\r\n250 ok\r\n"}
mail-ahead later 75 L RCPT "mail": {"raw": "250 ok\r\n354 go\r\n250 ok\r\n"}
mail-lines later 75 L MAIL "mail": {"lines": 3000}
mail-100 delivered 0 - FINAL "mail": {"lines": 100}
rcpt-close later 75 T RCPT "rcpt": {"close": true}
rcpt-reset later 75 T RCPT "rcpt": {"reset": true}
rcpt-noise later 75 L RCPT "rcpt": {"raw": "hello\r\n"}
rcpt-half later 75 T RCPT "rcpt": {"raw": "250 o", "close": true}
rcpt-kind later 75 L RCPT "rcpt": {"reply": "354 go"}
rcpt-421 later 75 T RCPT "rcpt": {"reply": "421 4.3.2 busy", "close": true}
rcpt-450 later 75 T RCPT "rcpt": {"reply": "450 4.2.1 grey"}
rcpt-550 refused 67 M RCPT "rcpt": {"reply": "550 5.1.1 no"}
rcpt-more later 75 L DATA "rcpt": {"raw": "250 ok\r\n250 ok\r\n"}
rcpt-lines later 75 L RCPT "rcpt": {"lines": 3000}
data-close later 75 T DATA "data": {"close": true}
data-reset later 75 T DATA "data": {"reset": true}
data-noise later 75 L DATA "data": {"raw": "hello\r\n"}
data-half later 75 T DATA "data": {"raw": "354 g", "close": true}
data-kind later 75 L DATA "data": {"reply": "250 ok"}
data-421 later 75 T DATA "data": {"reply": "421 4.3.2 busy", "close": true}
data-451 later 75 T DATA "data": {"reply": "451 4.3.2 busy"}
data-554 refused 69 M DATA "data": {"reply": "554 5.6.0 no"}
data-more later 75 L BODY "data": {"raw": "354 go\r\n250 ok\r\n"}
data-lines later 75 L DATA "data": {"lines": 3000, "code": "354"}
END
finish
