# SPDX-License-Identifier: ISC
"""Postfix, a relay on the same host, as so many machines have one: without TLS
and AUTH, and with opinions of its own on what it is told."""
import os
import socket
import time

from harness import want

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = {
    "compatibility_level": "3.6", "maillog_file": "/var/log/postfix.log",
    "mydestination": "", "mynetworks": "127.0.0.0/8",
    "inet_interfaces": "loopback-only", "inet_protocols": "ipv4",
    "smtp_host_lookup": "native", "smtpd_recipient_limit": "10",
    "message_size_limit": "100000", "smtputf8_enable": "yes",
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def postfix(g):
    """Start it: it hands on to the sink. osmtp sends to it, and leaves
    messages as they are."""
    port = free_port()
    g.write("/etc/passwd", g.read("/etc/passwd")
            + "postfix:x:110:110::/var/spool/postfix:/bin/false\n")
    g.write("/etc/group", g.read("/etc/group")
            + "postfix:x:110:\npostdrop:x:111:\n")
    main = MAIN | {
        "myhostname": f"relay.{g.domain}",
        "relayhost": f"[127.0.0.1]:{g.facts['sink']['port']}",
        "smtpd_recipient_restrictions": "check_recipient_access "
        f"inline:{{ {{ no@{g.domain} = 550 5.1.1 no such user }} }}"}
    g.write("/etc/postfix/main.cf",
            "".join(f"{k} = {v}\n" for k, v in main.items()))
    g.write("/etc/postfix/master.cf", MASTER.format(port=port))
    os.chown(g.path("/var/lib/postfix"), 110, 110)
    g.run("/usr/sbin/postfix", "check", status=None)
    g.start("/usr/lib/postfix/sbin/master", "-d")
    due = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            want(time.monotonic() < due, "Postfix does not listen: "
                 + g.read("/var/log/postfix.log"))
            time.sleep(0.1)
    g.configure(server=f"smtp://127.0.0.1:{port}", tls={"mode": "none"},
                auth="none", rewrite=False, auto_submitted=False)


def letter(g, text, **fields):
    return "".join(f"{k}: {v}\n" for k, v in fields.items()) + "\n" + text


def c_postfix(g):
    """Postfix: 8-bit text, DSN, one recipient refused, 23 of them at 10 a
    transaction, a message beyond its SIZE"""
    postfix(g)
    who = [f"r{i}@{g.domain}" for i in range(23)]
    said = g.run("sendmail", "-i", "-f", f"web@{g.domain}", "-N", "success",
                 "-V", "a=b", *who, f"no@{g.domain}", user="alice", status=67,
                 text=letter(g, "Größe\n.\n", Subject="Größe"))
    want(f"no@{g.domain}" in said and "no such user" in said, said)
    got = []
    for mail in g.mails(3, within=30):
        want(mail.sender == f"web@{g.domain}", mail.sender)
        want("ENVID=a+3Db" in mail.parameters, mail.envelope)
        want(all("NOTIFY=SUCCESS" in x for x in mail.envelope[1:]),
             mail.envelope)
        want(mail["Subject"] == "Größe", mail["Subject"])
        want(mail.body == "Größe\r\n.\r\n".encode(), mail.body)
        got += mail.rcpts
    want(sorted(got) == sorted(who), f"goes to {got}")
    said = g.run("sendmail", "-i", who[0], user="alice", status=65,
                 text=letter(g, "line\n" * 30000, Subject="long"))
    want("SIZE" in said, said)
    time.sleep(1)
    g.nothing()


c_postfix.layers = ("postfix",)


def c_postfix_smuggling(g):
    """Postfix: what looks like the end of the text is text, in -bs, too"""
    postfix(g)
    to, evil = f"ann@{g.domain}", f"evil@{g.domain}"
    ends = "\n.\n", "\n.\r\n", "\r\n.\n", "\r\n.\r\n", "\r.\r", "\n.\r", \
        "\r\r\n.\r\r\n"
    for end in ends:
        text = (f"first{end}MAIL FROM:<{evil}>\r\nRCPT TO:<{evil}>\r\nDATA\r\n"
                f"Subject: smuggled\r\n\r\nsecond{end}last\n")
        g.quietly("sendmail", "-i", to, user="alice",
                  text=letter(g, text, Subject="one"))
        mail = g.mail(within=20)
        want(mail.rcpts == [to] and mail["Subject"] == "one", mail.envelope)
        for word in b"first", b"RCPT TO:<evil", b"second", b"last":
            want(word in mail.body, f"{end!r}: {mail.body!r}")
    said = g.run("sendmail", "-bs", user="alice", text=(
        f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<{to}>\r\nDATA\r\nSubject: one\r\n"
        f"\r\nfirst\n.\nMAIL FROM:<{evil}>\r\nlast\r\n.\r\nQUIT\r\n"))
    want("250 2.0.0" in said and "221 " in said, said)
    mail = g.mail(within=20)
    want(mail.sender == "" and mail.rcpts == [to], mail.envelope)
    want(b"last" in mail.body, mail.body)
    time.sleep(1)
    g.nothing()


c_postfix_smuggling.layers = ("postfix",)
