# SPDX-License-Identifier: ISC
"""The system's own programs, as packaged by Debian, report to root or to a
user. They send by a system profile, which rewrites: all goes to admin, and
who sent it is said."""
import re
import struct
import time

from harness import want

TEXT = "Größe: 5 €\n.\n..dots\nend\n"
JOB = r"printf 'Gr\303\266\303\237e: 5 \342\202\254\n.\n..dots\nend\n'"
MINUTE = 80     # seconds until a job of cron's next minute has sent its mail


def no_complaint(g, program):
    """It has said in the system's log what it does, and no more."""
    bad = [line for line in g.syslog if program in line and re.search(
        r"fail|error|status|cannot|can't|denied", line, re.I)
        and "pam_env" not in line]
    want(not bad, f"{program} complains: {bad}")


def only_our_jobs(g):
    """Without those that packages bring."""
    g.write("/etc/crontab", "")
    g.shell("rm -f /etc/cron.d/*")


def c_cron(g):
    """cron: jobs of root and alice, 8-bit in command and output, a lone dot"""
    only_our_jobs(g)
    g.write("/etc/cron.d/job", f"* * * * * root {JOB} # Größe\n"
            "* * * * * root true\n")
    g.run("crontab", "-u", "alice", "-", text=f"MAILTO=alice\n* * * * * {JOB}"
          "\n")
    g.start("cron", "-f", "-L", "15")
    for mail in g.mails(2, within=MINUTE):
        who = "root" if "root@web1" in mail["Subject"] else "alice"
        command = JOB + (" # Größe" if who == "root" else "")
        g.system(mail, who, who, body=TEXT,
                 Subject=f"Cron <{who}@web1> {command}")
        environment = mail.message.get_all("X-Cron-Env")
        want(f"<LOGNAME={who}>" in environment and len(environment) >= 4,
             f"X-Cron-Env: {environment}")
        want("BODY=8BITMIME" in mail.parameters, f"{mail.envelope}")
    no_complaint(g, "CRON")


def c_cron_as_it_is(g):
    """cron, a profile that does not rewrite: From is completed, its comment
    stays"""
    g.configure(rewrite=False, auto_submitted=False)
    only_our_jobs(g)
    g.run("crontab", "-u", "bob", "-", text=f"* * * * * {JOB}\n")
    g.start("cron", "-f", "-L", "15")
    bob = "bob@" + g.domain
    g.mail(within=MINUTE).expect(bob, [g.admin], body=TEXT, To=bob,
                                 From=f"root@{g.domain}")
    no_complaint(g, "CRON")


def c_anacron(g):
    """anacron: -FAnacron -odi, no -i: a lone dot ends its report"""
    g.write("/usr/local/bin/job", f"#!/bin/sh\n{JOB}\n", 0o755)
    g.write("/etc/anacrontab", "SHELL=/bin/sh\n1 0 daily /usr/local/bin/job\n")
    g.folder("/var/spool/anacron")
    g.quietly("anacron", "-s", "-f", "-n", "-q")
    g.system(g.mail(within=30), body=TEXT.split("\n.\n")[0] + "\n",
             Subject="Anacron job 'daily' on web1")
    no_complaint(g, "anacron")


def c_at(g):
    """at: jobs of root and alice, no From, blanks in Subject"""
    g.write("/var/spool/cron/atjobs/.SEQ", "")
    # Only root can unpack what belongs to others.
    g.shell("chown -R daemon:daemon /var/spool/cron/at* /usr/bin/at\n"
            "chgrp daemon /etc/at.deny\n"
            "chmod 1770 /var/spool/cron/at*; chmod 6755 /usr/bin/at")
    g.start("atd", "-f")
    g.await_file("/run/atd.pid")
    g.run("at", "now", text=JOB + "\n")
    g.run("at", "now", text=JOB + "\n", user="alice")
    for mail in g.mails(2, within=30):
        number = re.fullmatch(r"Output from your job +(\d)", mail["Subject"])
        want(number, f"{mail['Subject']!r}")
        who = {"1": "root", "2": "alice"}[number[1]]
        g.system(mail, who, who, body=TEXT)
    no_complaint(g, "atd")


def c_systemd_cron(g):
    """systemd-cron: From: root (systemd-cron), what systemctl says in UTF-8"""
    g.write("/usr/bin/systemctl", "#!/bin/sh\n"     # nobody runs units here
            'case $3 in *User) echo User=alice ;; *ment) echo Environment= ;;'
            " *) echo 'job.service - Größe'; echo .; exit 3 ;; esac\n", 0o755)
    g.quietly("/usr/lib/systemd-cron/mail_on_failure", "job.service")
    g.system(g.mail(), to="alice", text="job.service - Größe\n.\n",
             Subject="[web1] job job.service failed")


c_systemd_cron.layers = ("systemd-cron",)


def c_mdadm(g):
    """mdadm --monitor --test: -t without -i"""
    g.write("/etc/mdadm/mdadm.conf", "MAILADDR root\nMAILFROM raid\n")
    g.run("mdadm", "--monitor", "--oneshot", "--test", "/dev/md0")
    mail = g.mail()
    g.system(mail, Subject="TestMessage event on /dev/md0:web1")
    want("TestMessage event had been detected on md device /dev/md0."
         in mail.text(), mail.text())


def c_smartd(g):
    """smartd's warning scripts, which run mail(1)"""
    g.link("/usr/bin/mail", "bsd-mailx")
    g.quietly("/usr/share/smartmontools/smartd_warning.sh", **{
        "SMARTD_" + name: value for name, value in {
            "MAILER": "/usr/share/smartmontools/smartd-runner",
            "DEVICE": "/dev/sda", "DEVICETYPE": "sat", "PREVCNT": "0",
            "DEVICESTRING": "/dev/sda [SAT]", "DEVICEINFO": "Größe 1 TB",
            "FAILTYPE": "EmailTest", "ADDRESS": "root", "SUBJECT": "",
            "MESSAGE": "TEST EMAIL from smartd", "NEXTDAYS": "",
            "TFIRST": "now", "TFIRSTEPOCH": "1"}.items()})
    mail = g.mail()
    g.system(mail, Subject="SMART error (EmailTest) detected on host: web1")
    for words in "TEST EMAIL from smartd", "Größe 1 TB":
        want(words in mail.text(), mail.text())


def c_sudo(g):
    """sudo: alice is not in sudoers. -t, SIGPIPE ignored, no groups of hers"""
    g.gid("alice", "osmtp")
    said = g.run("sudo", "id", user="alice", status=1)
    want("reported to the administrator" in said, said)
    mail = g.mail(within=10)
    g.system(mail, "alice")
    want("SECURITY information" in mail["Subject"], mail["Subject"])
    want("user NOT in sudoers" in mail.text(), mail.text())


def c_fail2ban(g):
    """fail2ban's action: no -i, no last line end, -f fail2ban"""
    g.folder("/run/fail2ban")
    g.write("/var/log/auth.log", "")
    g.remove("/etc/fail2ban/jail.d/defaults-debian.conf")
    g.write("/etc/fail2ban/jail.local", "[DEFAULT]\nbackend = polling\n"
            "[sshd]\nenabled = true\nlogpath = /var/log/auth.log\n"
            "action = sendmail[name=SSH, dest=root, sender=fail2ban, "
            "sendername=Fail2Ban]\n")
    g.start("fail2ban-server", "-xf", "--logtarget", "/var/log/fail2ban.log",
            "--syslogsocket", "none", "start")
    start = g.mail(within=30)
    g.run("fail2ban-client", "set", "sshd", "banip", "192.0.2.1")
    ban = g.mail(within=30)
    g.run("fail2ban-client", "stop")
    stop = g.mail(within=30)
    for mail, what, end in ((start, "started on", "successfully"),
                            (ban, "banned 192.0.2.1 from", "attempts against"),
                            (stop, "stopped on", "stopped")):
        g.system(mail, Subject=f"[Fail2Ban] SSH: {what} web1.{g.domain}")
        want(end in mail.text() and mail.text().endswith("Fail2Ban\n"),
             f"{mail.text()!r}")
    said = g.read("/var/log/fail2ban.log")
    want("ERROR" not in said, f"fail2ban complains: {said}")


def c_logwatch(g):
    """logwatch: LC_ALL=C, 8-bit, the first line is a blank"""
    g.folder("/var/cache/logwatch")
    g.write("/var/log/auth.log", time.strftime("%b %e %T") +
            " web1 sshd[1]: Invalid user größe from 192.0.2.1\n")
    g.quietly("logwatch", "--output", "mail", "--mailto", "root", "--range",
              "today", "--service", "sshd", "--detail", "high", LC_ALL="C")
    mail = g.mail()
    g.system(mail, Subject="Logwatch for web1 (Linux)", Precedence="bulk")
    want("größe: 1 Time" in mail.text(), mail.text())
    want(mail.body.startswith(b" \r\n #"), f"{mail.body!r}")


def c_logcheck(g):
    """logcheck, by mime-construct: mail of its own user"""
    for name in "/run/lock/logcheck", "/var/lib/logcheck":
        g.folder(name, owner="logcheck")
    g.shell("chown logcheck /var/lib/logcheck /run/lock/logcheck\n"
            "rm -f /etc/logcheck/logcheck.logfiles.d/*\n"
            "echo /var/log/syslog >/etc/logcheck/logcheck.logfiles")
    g.write("/var/log/syslog", time.strftime("%b %e %T") +
            " web1 kernel: größe is odd\n")
    g.quietly("logcheck", user="logcheck")
    mail = g.mail()
    g.system(mail, "logcheck", "logcheck")
    want("System Events" in mail["Subject"], mail["Subject"])
    want("größe is odd".encode() in mail.message.get_payload(decode=True),
         f"{mail.octets}")


def c_unattended_upgrades(g):
    """unattended-upgrades (Python): a real run, with nothing to do"""
    for name in ("lib/dpkg/info", "lib/dpkg/updates", "lib/apt/lists/partial",
                 "cache/apt/archives/partial", "log/unattended-upgrades",
                 "lib/apt/periodic", "log/apt"):
        g.folder("/var/" + name)
    g.write("/var/lib/dpkg/status", "")
    g.write("/etc/apt/apt.conf.d/99mail", 'Unattended-Upgrade::Mail "root";\n'
            'Unattended-Upgrade::MailReport "always";\n')
    said = g.run("unattended-upgrade", "--debug")
    want("mail returned: 0" in said, said)
    mail = g.mail()
    g.system(mail)
    want("unattended-upgrades result" in mail["Subject"], mail["Subject"])
    want("No packages found that can be upgraded" in
         mail.text().replace("\n", " "), mail.text())


def c_apt_listchanges(g):
    """apt-listchanges (Python): -oi -t, the changelog of a package"""
    g.shell("mkdir -p p/DEBIAN p/usr/share/doc/tool\n"
            "cat >p/DEBIAN/control\n"
            "printf 'tool (2.0-1) unstable; urgency=low\\n\\n  * Größe.\\n\\n'"
            ">log; echo ' -- A <a@example.test>  Sat, 01 Mar 2025 10:00:00"
            " +0000' >>log\n"
            "gzip -9nc log >p/usr/share/doc/tool/changelog.Debian.gz\n"
            "dpkg-deb -b p tool_2.0-1_all.deb", text="Package: tool\n"
            "Version: 2.0-1\nArchitecture: all\nMaintainer: A <a@b.test>\n"
            "Description: tool\n")
    g.run("apt-listchanges", "-f", "mail", "--email-address=root",
          "--which=both", "--show-all", "tool_2.0-1_all.deb")
    mail = g.mail()
    g.system(mail, Subject="apt-listchanges: changelogs for web1")
    want("  * Größe.\n" in mail.text(), mail.text())


def c_arpwatch(g):
    """arpwatch: -odi root by /usr/lib/sendmail, From: arpwatch (..)"""
    frame = (b"\xff" * 6 + b"\2\0\0\0\0\1" + struct.pack(
        ">HHHBBH", 0x806, 1, 0x800, 6, 4, 1) + b"\2\0\0\0\0\1\xc0\0\2\7"
        + b"\0" * 6 + b"\xc0\0\2\1").ljust(60, b"\0")
    g.write("/tmp/pcap", struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535,
                                     1) + struct.pack(
        "<IIII", 1740823200, 0, len(frame), len(frame)) + frame)
    g.write("/var/lib/arpwatch/arp.dat", "")
    g.run("arpwatch", "-r", "/tmp/pcap", "-m", "root")
    mail = g.mail(within=30)
    g.system(mail, Subject="new station (192.0.2.7) (from file)")
    want(re.search(r"ethernet address: +0?2:0?0:0?0:0?0:0?0:0?1\n",
                   mail.text()), mail.text())


# ---- mail that comes in, and goes on

LETTER = """Return-Path: <peer@remote.example.test>
Received: from remote.example.test by web1; Sat, 01 Mar 2025 10:00:00 +0000
From: Peer <peer@{0}>
To: alice@{0}
Subject: question
Message-ID: <question@{0}>
Date: Sat, 01 Mar 2025 10:00:00 +0000

Größe?
.
..dots
"""


def forwards(g, *argv, sender, others=0, end=""):
    """A program that sends the letter on to bob, as alice; what others it
    sends."""
    g.configure(rewrite=False, auto_submitted=False)
    g.quietly(*argv, user="alice", text=LETTER.format(g.domain))
    mail, *rest = g.mails(1 + others)
    mail.expect(sender, ["bob@" + g.domain], From=f"Peer <peer@{g.domain}>",
                To="alice@" + g.domain, Message_ID=f"<question@{g.domain}>",
                Date="Sat, 01 Mar 2025 10:00:00 +0000",
                body=LETTER.split("\n\n", 1)[1] + end)
    want("from remote.example.test" in mail.message.get_all("Received")[-1],
         "the Received field is lost")
    return rest


def c_procmail(g):
    """procmail's !: Received stays, Return-Path goes, the envelope is alice"""
    g.write("/home/alice/rc", f":0\n! bob@{g.domain}\n", owner="alice")
    forwards(g, "procmail", "-m", "/home/alice/rc",
             sender="alice@" + g.domain, end="\n")


def c_maildrop(g):
    """maildrop's to "!..": -f with an empty word, the null sender"""
    g.write("/home/alice/rc", f'to "! bob@{g.domain}"\n', 0o600, "alice")
    forwards(g, "maildrop", "/home/alice/rc", sender="")


SIEVE = """require ["copy", "vacation"];
redirect :copy "bob@{0}";
vacation :subject "Größe" "Not here: Größe.";
"""
LDA = """mail_location = maildir:/home/alice/maildir
postmaster_address = postmaster@{0}
hostname = web1.{0}
base_dir = /home/alice/run
log_path = /home/alice/log
ssl = no
protocol lda {{
  mail_plugins = sieve
}}
plugin {{
  sieve = /home/alice/rules.sieve
}}
"""


def c_sieve(g):
    """Dovecot's Sieve: redirect, and vacation with CRLF and the null sender"""
    g.write("/home/alice/rules.sieve", SIEVE.format(g.domain), owner="alice")
    g.write("/home/alice/lda.conf", LDA.format(g.domain), owner="alice")
    alice, peer = "alice@" + g.domain, "peer@" + g.domain
    answer = forwards(
        g, "/usr/lib/dovecot/dovecot-lda", "-c", "/home/alice/lda.conf", "-f",
        peer, "-a", alice, "-r", alice, sender=peer, others=1)[0]
    answer.expect("", [peer], From=alice, To=f"Peer <{peer}>",
                  Subject="Größe", text="Not here: Größe.",
                  In_Reply_To=f"<question@{g.domain}>")
    want("vacation" in answer["Auto-Submitted"], f"{answer.octets}")
    log = g.read("/home/alice/log")
    want("forwarded to" in log and "sent vacation response" in log, log)
    want("Error" not in log, log)


def c_vacation(g):
    """vacation: -f LOGIN -- RCPT, no From, raw 8-bit Subject"""
    g.configure(rewrite=False, auto_submitted=False)
    g.write("/home/alice/.vacation.msg", "Subject: away: Größe\n"
            "Precedence: bulk\n\nGröße.\n", owner="alice")
    g.quietly("vacation", "-i", user="alice")
    peer = "peer@" + g.domain
    g.quietly("vacation", "alice", user="alice", text=
              f"From {peer} Sat Mar  1 10:00:00 2025\n"
              + LETTER.format(g.domain).split("\n", 2)[2])
    g.mail().expect("alice@" + g.domain, [peer], To=peer, body="Größe.\n",
                    Subject="away: Größe",
                    From=f"Alice Example <alice@{g.domain}>")
