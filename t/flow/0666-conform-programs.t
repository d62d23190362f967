#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The command lines of real programs, with input as they write it."""
import signal

from conform import (A, B, C, DATA, LOGIN, ME, TEXT, address, both, case,
                     clean, content, crlf, declared, decoded, field, like,
                     main, none, nothing, nowhere, octets, one_of, refused,
                     row, sent, want)

BARE = {"USER": None, "LOGNAME": None}
USER = LOGIN            # cron's and at's user: a bare name


def program(name, argv, stdin, hold, **how):
    row("programs: " + name, argv, stdin, hold, **how)


def text(*lines):
    return "".join(line + "\n" for line in lines)


# ---- cron and its kind

CRON = text(
    "From: root (Cron Daemon)", f"To: {USER}",
    "Subject: Cron <root@web1> echo Größe; cat list", "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=UTF-8",
    "Content-Transfer-Encoding: 8bit", "X-Cron-Env: <SHELL=/bin/sh>",
    "X-Cron-Env: <HOME=/root>", "X-Cron-Env: <PATH=/usr/bin:/bin>",
    f"X-Cron-Env: <LOGNAME={USER}>", "", "Größe", ".", "last")
CRON_HAS = [
    field("From", "root@d.example (Cron Daemon)"),
    field("To", f"{USER}@d.example"),
    field("X-Cron-Env", "<SHELL=/bin/sh>", "<HOME=/root>",
          "<PATH=/usr/bin:/bin>", f"<LOGNAME={USER}>"),
    decoded("Subject", "Cron <root@web1> echo Größe; cat list"),
    declared("BODY=8BITMIME")]
program("cron of Debian", f"-FCronDaemon -i -B8BITMIME -oem {USER}", CRON,
        sent(ME, body="Größe\r\n.\r\nlast\r\n", has=CRON_HAS), env=BARE)
CRONIE = text(
    f'From: "(Cron Daemon)" <{USER}>',
    f"To: {USER}", f"Subject: Cron <{USER}@web1> /usr/bin/job",
    "MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8",
    "Content-Transfer-Encoding: 8bit", "Auto-Submitted: auto-generated",
    "Precedence: bulk", "X-Cron-Env: <LANG=C.UTF-8>", "", "a", ".", "b")
program("cronie", f"-FCronDaemon -i -odi -oem -oi -t -f {USER}", CRONIE,
        sent(ME, body="a\r\n.\r\nb\r\n", has=[
            address("From", ("(Cron Daemon)", ME)), field("To", ME),
            field("Auto-Submitted", "auto-generated"),
            field("Precedence", "bulk")]), env=BARE)
program("cron of FreeBSD", "-FCronDaemon -odi -oem -oi -t", text(
    f"From: {USER} (Cron Daemon)", f"To: {USER}",
    f"Subject: Cron <{USER}@web1> job", "X-Cron-Env: <PATH=/bin>", "", "out"),
        sent(ME, body="out\r\n", has=[
            field("From", f"{ME} (Cron Daemon)")]), env=BARE)
BUSYBOX = text(f"To: {USER}", "Subject: cron: job", "", "out")
program("crond of BusyBox", "-ti", BUSYBOX,
        sent(ME, body="out\r\n", has=[field("To", ME)]))
program("crond of BusyBox, older", "-t -oem -i", BUSYBOX,
        sent(ME, body="out\r\n"))
program("crond of BusyBox, oem as an operand", "-ti oem", BUSYBOX,
        lambda got: want(ME in [r for m in got.mails for r in m.rcpts],
                         "to the header's recipient", got.mails))
program("systemd-cron", f"-i -B 8BITMIME {A}", text(
    "Date: Sat, 28 Nov 2026 12:00:00 +0000", f"To: {A}",
    "From: root (systemd-cron)", "Subject: [web1] job größer: failed",
    "MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8",
    "Content-Transfer-Encoding: binary", "Auto-Submitted: auto-generated",
    "", "● job größer"),
        one_of(sent(A, has=[
            content("● job größer\n"),
            field("From", "root@d.example (systemd-cron)"),
            decoded("Subject", "[web1] job größer: failed"),
            like("Content-Transfer-Encoding", "^(8bit|base64|quoted)")]),
            sent(A, has=[content("● job größer\n"),
                         decoded("Subject", "[web1] job größer: failed")])),
        env=BARE)
program("anacron", f"-FAnacron -odi {USER}", text(
    "From: Anacron <root>", f"To: {USER}",
    "Content-Type: text/plain; charset=\"ANSI_X3.4-1968\"",
    "Subject: Anacron job 'cron.daily' on web1", "", "/etc/cron.daily/x:",
    "out"), sent(ME, body="/etc/cron.daily/x:\r\nout\r\n", has=[
        address("From", ("Anacron", "root@d.example"))]))
program("at", f"-i {USER}", text(
    "Subject: Output from your job        1", f"To: {USER}", "", "out", ".",
    "more"), sent(ME, body="out\r\n.\r\nmore\r\n", has=[
        address("From", (None, ME)), field("To", ME),
        field("Subject", "Output from your job        1")]), env=BARE)

# ---- mail readers

program("mail of mailutils", f"-oi -f {ME} -t", text(
    f"To: <{A}>,<{B}>", "Subject: Größe", "User-Agent: mail (GNU Mailutils "
    "3.15)", "Date: Sat, 28 Nov 2026 12:00:00 +0000",
    "Message-Id: <20261128120000.123ABC@web1>", f"From: Root <{ME}>", "",
    "Grüße"), sent(A, B, has=[
        content("Grüße\n"), decoded("Subject", "Größe"),
        field("Message-ID", "<20261128120000.123ABC@web1>")]),
        close=[1, 2], ignore=[signal.SIGPIPE])
BSD = text(f"To: {A}, root", "Subject: status", "Bcc: " + C,
           "MIME-Version: 1.0",
           'Content-Type: text/plain; charset="ANSI_X3.4-1968"',
           "Content-Transfer-Encoding: 8bit", "")
program("bsd-mailx", "-i -t", BSD + "Größe\n", sent(
    A, "root@d.example", C, body="Größe\r\n",
    has=[none("Bcc"), nowhere(C), field("To", f"{A}, root@d.example")]))
program("bsd-mailx -r", f"-i -t -f {B}", BSD + "x\n", sent(
    A, "root@d.example", C, sender=B))
program("bsd-mailx, an empty body", "-i -t", BSD,
        sent(A, "root@d.example", C, body=""))
program("s-nail", f"-i -f {B} -- {A} {C}", text(
    "Date: Sat, 28 Nov 2026 12:00:00 +0000", f"From: {B}", f"To: {A}",
    "Subject: x", "Message-ID: <20261128120000.a%b%c@web1>",
    "User-Agent: s-nail v14.9.24", "", "text"), sent(
        A, C, sender=B, body=TEXT, has=[
            field("Message-ID", "<20261128120000.a%b%c@web1>"), nowhere(C)]))
MUTT = text("Date: Sat, 28 Nov 2026 12:00:00 +0000",
            f"From: Bob <{B}>", f"To: {A}", "Subject: x",
            "Message-ID: <Y4SkA+/1@web1>", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Disposition: inline",
            "Content-Transfer-Encoding: 8bit", "", "Größe", ".")
program("mutt", f"-oem -oi -- {A}", MUTT, sent(
    A, body="Größe\r\n.\r\n", has=[declared("BODY=8BITMIME")]))
program("mutt, all its options",
        f"-oem -oi -B8BITMIME -f {B} -N failure,delay -R hdrs -- {A} {C}",
        MUTT, sent(A, C, sender=B, body="Größe\r\n.\r\n", has=[
            declared("RET=HDRS"), lambda mail: want(
                all("NOTIFY=FAILURE,DELAY" in r or "NOTIFY=DELAY,FAILURE" in r
                    for r in mail.rcpt_params), "NOTIFY",
                mail.rcpt_params)]))
PATCH = text(
    f"From: Bob <{B}>", f"To: {A}",
    "Cc: " + ",\n\t".join(f"Person {n} <person{n}@many.example>"
                          for n in range(30)),
    "Subject: [PATCH 1/2] a change", "Date: Sat, 28 Nov 2026 12:00:00 +0000",
    "Message-Id: <20261128120000.12345-1-bob@b.example>",
    "X-Mailer: git-send-email 2.39.5", "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=UTF-8",
    "Content-Transfer-Encoding: 8bit", "", "Größe of it", "---",
    " a | 2 +-", "", "diff --git a/a b/a", "@@ -1,3 +1,3 @@", "-old  ",
    "+new\t", " ", ".", "-- ", "2.39.5", "")
PEOPLE = [f"person{n}@many.example" for n in range(30)]
program("git send-email", ["-i", A, *PEOPLE], PATCH, sent(
    A, *PEOPLE, body=crlf(PATCH.split("\n\n", 1)[1])))
program("git send-email with --envelope-sender", ["-f", B, "-i", A], PATCH,
        sent(A, sender=B, body=crlf(PATCH.split("\n\n", 1)[1])))
program("alpine", "-bs -odb -oem", crlf(text(
    "EHLO web1", f"MAIL FROM:<{B}>", f"RCPT TO:<{A}>", "DATA",
    f"From: {B}", f"To: {A}", "Subject: x", "", "..", "text", ".", "QUIT")),
        sent(A, sender=B, body=".\r\ntext\r\n", out=None))


@case("programs: nmh, which tries recipients first")
def nmh(place):
    tried = [f"MAIL FROM:<{B}>", "RCPT TO:<tried@a.example>", "RSET"]
    place.run("-bs -odb -oem -om", crlf(text(
        "EHLO web1", *tried, f"MAIL FROM:<{B}>", f"RCPT TO:<{A}>", "DATA",
        f"From: {B}", f"To: {A}", "", "text", ".", "QUIT")),
        sent(A, sender=B, body=TEXT, out=None))


program("nmh, by a pipe", "-t -i", text(
    f"BCC: {A}, {C}", f"From: {B}", "Subject: x",
    "Date: Sat, 28 Nov 2026 12:00:00 +0000", "", "text"),
        sent(A, C, body=TEXT, has=[nowhere(A, C)]))
program("emacs", f"-oi -f {B} -oem -odb -t", text(
    f"From: Bob <{B}>", f"To: {A}", f"BCC: {C}", "Subject: x",
    "User-Agent: Gnus/5.13 (Gnus v5.13)", "", ".", "text"),
        sent(A, C, sender=B, body=".\r\ntext\r\n", has=[nowhere(C)]))
program("emacs, with aliases and a wish",
        "-oi -oA/etc/aliases -oep -odi -t -N failure,delay", text(
            f"From: Bob <{B}>", f"To: {A}", "Subject: x", "", "text"),
        sent(A, body=TEXT))

# ---- PHP, JavaScript, Ruby, Perl, Python

PHP = (f"To: {A}\r\nSubject: Hallo\r\nX-PHP-Originating-Script: 0:x.php\r\n"
       f"From: web@b.example\r\nBcc: {C}\r\n\r\n")
program("PHP mail()", "-t -i", PHP + "one\n.\ntwo\r\n", sent(
    A, C, body="one\r\n.\r\ntwo\r\n",
    has=[none("Bcc"), nowhere(C), field("Subject", "Hallo")]))
program("PHP mail() with a sender", f"-t -i -f{B}", PHP + "one\r\n", sent(
    A, C, sender=B, body="one\r\n"))
program("PHPMailer", f"-oi -f{B} -t", text(
    "Date: Sat, 28 Nov 2026 12:00:00 +0000", f"To: Ann <{A}>",
    f"From: Web <{B}>", f"Bcc: {C}", "Subject: =?UTF-8?B?R3LDtsOfZQ==?=",
    "Message-ID: <abc@web1>", "X-Mailer: PHPMailer 6.6",
    "MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8",
    "Content-Transfer-Encoding: 8bit", "", "<p>Größe</p>", ""),
        sent(A, C, sender=B, body="<p>Größe</p>\r\n\r\n", has=[
            nowhere(C), declared("BODY=8BITMIME"), decoded("Subject", "Größe")
        ]))
SWIFT = crlf(text(
    "EHLO [127.0.0.1]", f"MAIL FROM:<{B}>", f"RCPT TO:<{A}>", "DATA",
    "Message-ID: <swift@b.example>", f"From: {B}", f"To: {A}", "Subject: x",
    "MIME-Version: 1.0", "", "text", ".", "RSET"))
program("SwiftMailer, Symfony", "-bs", SWIFT,
        sent(A, sender=B, body=TEXT, out=None))
program("Laravel", "-bs -i", SWIFT + SWIFT.split(b"\r\n", 1)[1], both(
    lambda got: want(len(got.mails) == 2 and all(
        m.rcpts == [A] for m in got.mails), "two messages", got.mails),
    clean))
NODE = (f"From: {B}\r\nTo: {A}\r\nBcc: {C}\r\nSubject: x\r\n"
        "Message-ID: <n@b.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\ntext\r\n")
program("nodemailer", f"-i -f {B} {A} {C}", NODE, sent(
    A, C, sender=B, body=TEXT, has=[none("Bcc"), nowhere(C)]))
program("nodemailer, with LF", f"-i -f {B} {A}", NODE.replace("\r", ""), sent(
    A, sender=B, body=TEXT, has=[none("Bcc"), nowhere(C)]))


@case("programs: nodemailer, which stops a message with SIGINT")
def node_stops(place):
    child = place.start(["-i", "-f", B, A])
    child.stdin.write(octets(NODE) + b"half\r\n" * 20000)
    child.stdin.flush()
    child.send_signal(signal.SIGINT)
    place.finish(child, hold=nothing)


program("mail of Ruby", f"-i -f {B} -- {A} {C}", (
    f"Date: Sat, 28 Nov 2026 12:00:00 +0000\r\nFrom: {B}\r\nTo: {A}, \r\n {C}"
    "\r\nMessage-ID: <r@b.example>\r\nSubject: x\r\nMime-Version: 1.0\r\n"
    "Content-Type: text/plain;\r\n charset=UTF-8\r\n"
    "Content-Transfer-Encoding: 7bit\r\n\r\ntext\r\n"),
        sent(A, C, sender=B, body=TEXT, has=[address("To", ("", A), ("", C))]))
PERL = text(f"From: {B}", f"To: {A}", "Subject: x", "MIME-Version: 1.0",
            "Content-Type: text/plain", "Content-Transfer-Encoding: binary",
            "X-Mailer: MIME::Lite 3.033", "", "one", ".", "two")
program("Perl MIME::Lite", f"-t -oi -oem -f{B}", PERL,
        sent(A, sender=B, body="one\r\n.\r\ntwo\r\n"))
program("Perl Email::Sender", f"-i -f {B} -- {A} {C}", PERL,
        sent(A, C, sender=B, body="one\r\n.\r\ntwo\r\n"))
program("Perl Email::Send", "-t -oi", PERL,
        sent(A, body="one\r\n.\r\ntwo\r\n"))
program("Perl Mail::Mailer", "-t", PERL, sent(A, body="one\r\n"))
PYTHON = text(
    'Content-Type: text/plain; charset="utf-8"', "MIME-Version: 1.0",
    "Content-Transfer-Encoding: quoted-printable",
    "Subject: unattended-upgrades result for web1: SUCCESS", "From: root",
    "To: root", "Auto-Submitted: auto-generated", "", "Gr=C3=B6=C3=9Fe =",
    "x", ".")
program("unattended-upgrades, apt-listchanges", "-oi -t", PYTHON, sent(
    "root@d.example", body="Gr=C3=B6=C3=9Fe =\r\nx\r\n.\r\n", has=[
        field("From", "root@d.example"), field("To", "root@d.example"),
        field("Content-Transfer-Encoding", "quoted-printable")]))
program("a Python script with a sender", f"-oi -t -f{B}", PYTHON, sent(
    "root@d.example", sender=B))

# ---- ticket systems, lists, delivery agents

TICKET = text(
    "Subject: [web #12] x", f'From: "Bob via RT" <{B}>', f"To: {A}",
    "Reply-To: rt@b.example", "In-Reply-To: <t@a.example>",
    "RT-Ticket: web #12", "Precedence: bulk", "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=\"----------=_1-2-3\"", "",
    "This is a multi-part message in MIME format...", "",
    "------------=_1-2-3", 'Content-Type: text/plain; charset="utf-8"',
    "Content-Transfer-Encoding: 8bit", "", "Größe", "",
    "------------=_1-2-3--")
TICKET_BODY = crlf(TICKET.split("\n\n", 1)[1])
program("Request Tracker, bounces", ["-oi", "-t", "-f", "<>"], TICKET,
        sent(A, sender="", body=TICKET_BODY))
program("Request Tracker",
        f"-oi -ODeliveryMode=b -OErrorMode=m -t -f {B}", TICKET,
        sent(A, sender=B, body=TICKET_BODY, has=[
            field("From", f'"Bob via RT" <{B}>')]))
program("OTRS", ["-i", "-f", B, A], TICKET,
        sent(A, sender=B, body=TICKET_BODY))
program("OTRS, no sender", ["-i", "-f", "", A], TICKET,
        sent(A, sender="", body=TICKET_BODY))
program("sympa", "-oi -odi -oem -N success,delay,failure -V 20261128x1 "
        f"-f list-owner@b.example -- {A} {C}", text(
            f"From: {B}", "To: list@b.example", "Subject: [list] x",
            "List-Id: <list.b.example>", "", "text"),
        sent(A, C, sender="list-owner@b.example", body=TEXT, has=[
            declared("ENVID=20261128x1"), field("To", "list@b.example"),
            lambda mail: want(all(any(
                sorted(p[7:].split(",")) == ["DELAY", "FAILURE", "SUCCESS"]
                for p in r if p.startswith("NOTIFY=")) for r in
                mail.rcpt_params), "NOTIFY", mail.rcpt_params)]))
program("dovecot (sieve)", ["-i", "-f", "<>", "--", A], (
    f"X-Sieve: Pigeonhole Sieve 0.5.19\r\nMessage-ID: <s@web1>\r\n"
    f"Date: Sat, 28 Nov 2026 12:00:00 +0000\r\nFrom: {B}\r\nTo: <{A}>\r\n"
    "Subject: Automatically rejected mail\r\n"
    "Auto-Submitted: auto-replied (rejected)\r\n\r\none\r\n.\r\ntwo\r\n"),
        sent(A, sender="", body="one\r\n.\r\ntwo\r\n", has=[
            field("Auto-Submitted", "auto-replied (rejected)")]))
VACATION = text(f"To: {A}", "Subject: away from my mail",
                "Auto-Submitted: auto-replied", "Precedence: junk", "",
                "I am away.")
program("vacation", f"-f {LOGIN} -- {A}", VACATION,
        sent(A, body="I am away.\r\n", has=[address("From", (None, ME))]))
program("vacation, quiet", f"-eq -f {LOGIN} -- {A}", VACATION,
        sent(A, body="I am away.\r\n", has=[address("From", (None, ME))]))
program("procmail", f"-oi {A} {C}", text(
    f"Return-Path: <{B}>", "Received: from b by a; "
    "Sat, 28 Nov 2026 12:00:00 +0000", f"From: Bob <{B}>", f"To: {ME}",
    "Subject: x", "Date: Sat, 28 Nov 2026 12:00:00 +0000",
    "Message-ID: <o@b.example>", "", "text", "."),
        sent(A, C, body="text\r\n.\r\n", has=[
            none("Return-Path"), field("From", f"Bob <{B}>"),
            field("To", ME), lambda mail: want(
                mail.values("Received")[-1] ==
                "from b by a; Sat, 28 Nov 2026 12:00:00 +0000", "Received",
                mail.fields)]))

# ---- daemons and watchers

program("fail2ban", f"-f fail2ban {A}", text(
    "Subject: [Fail2Ban] sshd: banned 192.0.2.1 from web1",
    "Date: Sat, 28 Nov 2026 12:00:00 +0000", "From: Fail2Ban <fail2ban>",
    f"To: {A}", "", "Hi,", "", "The IP 192.0.2.1 has just been banned.",
    "Regards,", "", "Fail2Ban")[:-1], sent(
        A, sender="fail2ban@d.example", body="Hi,\r\n\r\nThe IP 192.0.2.1 has "
        "just been banned.\r\nRegards,\r\n\r\nFail2Ban\r\n", has=[
            field("From", "Fail2Ban <fail2ban@d.example>")]))


@case("programs: sudo")
def sudo(place):
    with open("/dev/null", "wb") as null:
        place.run("-t", text(
            "To: root", "From: root", "Auto-Submitted: auto-generated",
            "Subject: *** SECURITY information for web1 ***", "",
            "web1 : Nov 28 12:00:00 : joe : user NOT in sudoers ; PWD=/"),
                  sent("root@d.example", has=[
                      field("Auto-Submitted", "auto-generated"),
                      field("From", "root@d.example"),
                      field("To", "root@d.example")]),
                  stdout=null, stderr=null, ignore=[signal.SIGPIPE],
                  env={"HOME": "/"})


program("logwatch", "-t", text(
    f"To: {A}", "From: Logwatch", "Subject: Logwatch for web1 (Linux)",
    "Auto-Submitted: auto-generated", "Precedence: bulk", "MIME-Version: 1.0",
    "Content-Transfer-Encoding: 8bit",
    'Content-Type: text/plain; charset="utf-8"', "", " ",
    " ####### Logwatch 7.5.6 #######", " Größe"), sent(
        A, body=" \r\n ####### Logwatch 7.5.6 #######\r\n Größe\r\n", has=[
            field("From", "Logwatch@d.example")]), env={"LC_ALL": "C"})
program("mdadm", "-t", text(
    "From: mdadm monitoring <root>", f"To: {A}",
    "Subject: DegradedArray event on /dev/md0:web1", "",
    "This is an automatically generated mail message from mdadm", "",
    "A DegradedArray event had been detected on md device /dev/md0."), sent(
        A, has=[field("From", "mdadm monitoring <root@d.example>")]))
program("arpwatch", f"-odi {A}", text(
    "From: arpwatch (Arpwatch web1)", f"To: {A}",
    "Subject: new station (gate) eth0", "", "hostname: gate"), sent(
        A, body="hostname: gate\r\n", has=[
            field("From", "arpwatch@d.example (Arpwatch web1)")]))
program("smartd, by mailx", "-i -t", text(
    f"To: {A}", "Subject: SMART error (FailedTest) detected on host: web1",
    "MIME-Version: 1.0", 'Content-Type: text/plain; charset="UTF-8"',
    "Content-Transfer-Encoding: 8bit", "",
    "This message was generated by the smartd daemon running on:"),
        sent(A))

# ---- by hand

program("echo text | sendmail root", "root", "text\n",
        sent("root@d.example", body=TEXT))
program("printf text | sendmail root", "root", "text",
        sent("root@d.example", body=TEXT))
program("(echo Subject: x; echo; df) | sendmail root", "root", text(
    "Subject: x", "", "Filesystem 1K-blocks", "/dev/sda1  10 %"), sent(
        "root@d.example", body="Filesystem 1K-blocks\r\n/dev/sda1  10 %\r\n",
        has=[field("Subject", "x")]))
program("sendmail -t <<EOF", "-t", text(
    f"To: {A}", "Subject: x", "", "text"), sent(A, body=TEXT))
program("sendmail -t <<EOF, indented by mistake", "-t", text(
    f"    To: {A}", "    Subject: x", "", "    text"), refused(DATA))

main()
