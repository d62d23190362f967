#!/bin/sh
# SPDX-License-Identifier: ISC
# Servers that hang, drip or talk without end, at each stage; and the next server
# where one is out of order.
# shellcheck source=harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=stages.sh
. "${0%/*}/stages.sh"

stages 6s '
list = {
  kind = "system"; address = "list@example.com"; password = "pa55";
  server = [ "smtp://localhost:1", "smtp://localhost:@PORT:greeting-421@",
    "smtp://localhost:@PORT:plain@" ];
  tls = { mode = "none"; };
};
one = {
  kind = "system"; address = "one@example.com"; password = "wrong";
  server = [ "smtp://localhost:@PORT:quit-hang-slow@",
    "smtp://localhost:@PORT:plain@" ];
  tls = { mode = "none"; };
};' <<'END'
plain delivered 0 - FINAL
greeting-421 later 75 L GREETING "greeting": {"reply": "421 4.3.2 busy"}
connect-hang-slow later 75 L GREETING "connect": {"hang": true}
greeting-hang-slow later 75 L GREETING "greeting": {"hang": true}
ehlo-hang-slow later 75 L EHLO "ehlo": {"hang": true}
auth-hang-slow later 75 L AUTH "verdict": {"hang": true}
mail-hang-slow later 75 L MAIL "mail": {"hang": true}
rcpt-hang-slow later 75 T RCPT "rcpt": {"hang": true}
data-hang-slow later 75 T DATA "data": {"hang": true}
body-hang-slow later 75 T BODY "body": {"after_bytes": 9, "hang": true}
final-hang-slow unclear 75 T FINAL "final": {"hang": true}
quit-hang-slow delivered 0 - FINAL "quit": {"hang": true}
greeting-drip-slow later 75 L GREETING "greeting": {"drip": "220 hello", "interval": 0.3}
ehlo-drip-slow later 75 L EHLO "ehlo": {"drip": "250 hello", "interval": 0.3}
auth-drip-slow later 75 L AUTH "verdict": {"drip": "235 hello", "interval": 0.3}
mail-drip-slow later 75 L MAIL "mail": {"drip": "250 hello", "interval": 0.3}
rcpt-drip-slow later 75 T RCPT "rcpt": {"drip": "250 hello", "interval": 0.3}
data-drip-slow later 75 T DATA "data": {"drip": "354 hello", "interval": 0.3}
final-drip-slow unclear 75 T FINAL "final": {"drip": "250 hello", "interval": 0.3}
greeting-endless-slow later 75 L GREETING "greeting": {"endless": true}
ehlo-endless-slow later 75 L EHLO "ehlo": {"endless": true}
auth-endless-slow later 75 L AUTH "verdict": {"endless": true}
mail-endless-slow later 75 L MAIL "mail": {"endless": true}
rcpt-endless-slow later 75 L RCPT "rcpt": {"endless": true}
data-endless-slow later 75 L DATA "data": {"endless": true}
fg-connect later 75 L CONNECT "greeting": {"hang": true}
fg-auth later 75 L AUTH "verdict": {"hang": true}
fg-mail later 75 L MAIL "mail": {"hang": true}
fg-final delivered 0 - FINAL "final": {"delay": 1.5, "reply": "250 ok"}
final-endless-slow unclear 75 T FINAL "final": {"endless": true}
END

# ---- a list of servers

run "$OSMTP" -a list b@example.org <"$TMP/in"
exits 0 'the third server is tried where two are out of order'
for port in 1 "$(port greeting-421)"; do
	like "$(cat "$TMP/log")" "event=connect profile=list\
 server=localhost:$port " "and the trouble with :$port is logged"
done
run "$OSMTP" --now -a one b@example.org <"$TMP/in"
exits 78 'a refused login is refused'
is "$(grep -c connected "$LOG/plain.trace")" 2 'the next server is not asked'
finish
