# SPDX-License-Identifier: ISC
"""Programs that are written in PHP, Perl, Python, Ruby or JavaScript send by
what their language's library makes of sendmail, most of them as www-data. The
profile leaves it as it is."""
from harness import want

TEXT = "Größe: 5 €\n.\n..dots\nend"
SUBJECT = "Größe"


def program(g, name, text, *argv, words="sent"):
    """Run it as www-data, in a profile that does not rewrite; it has to say
    that it was content. The addresses web, alice, hidden of the domain."""
    g.configure(rewrite=False, auto_submitted=False)
    g.write(f"/var/www/{name}", text.replace("@D", "@" + g.domain)
            .replace("%TEXT", TEXT.replace("\n", "\\n")))
    said = g.run(*argv, f"/var/www/{name}", user="www-data")
    want(words in said, f"{name} says: {said}")
    return [f"{who}@{g.domain}" for who in ("web", "alice", "hidden")]


def attached(mail):
    parts = [p for p in mail.message.walk() if p.get_filename() == "x.bin"]
    want(len(parts) == 1 and parts[0].get_payload(decode=True) == b"\0\1\xff",
         f"x.bin has not arrived: {mail.octets}")


def php(g):
    """What the packages' scripts would have done."""
    g.write("/etc/php/8.2/cli/conf.d/20-modules.ini", "".join(
        f"extension={x}\n" for x in ("ctype", "iconv", "mbstring")))


def c_php_mail(g):
    """PHP mail(): CRLF in the header, Bcc, -f; and without any header"""
    web, alice, hidden = program(g, "mail.php", r"""<?php
        $ok = mail("alice@D, root", "=?UTF-8?Q?Gr=C3=B6=C3=9Fe?=",
            "%TEXT\r\nlast", "From: Web <web@D>\r\nBcc: hidden@D\r\n" .
            "X-A: 1\r\nMIME-Version: 1.0\r\n" .
            "Content-Type: text/plain; charset=utf-8", "-fbounce@D")
            && mail("root", "plain", "text\r\n");
        echo $ok ? "sent" : "no";
        """, "php")
    rich, poor = g.mails(2)
    rich.expect("bounce@" + g.domain, [alice, g.admin, hidden],
                body=TEXT + "\nlast\n", From=f"Web <{web}>", Subject=SUBJECT,
                To=f"{alice}, root@{g.domain}", X_A="1")
    poor.expect("www-data@" + g.domain, [g.admin], body="text\n\n",
                From=f"www-data <www-data@{g.domain}>", Subject="plain")


def c_phpmailer(g):
    """PHPMailer: 8-bit HTML and text, an attachment, Bcc"""
    php(g)
    web, alice, hidden = program(g, "mailer.php", r"""<?php
        require '/usr/share/php/libphp-phpmailer/autoload.php';
        $m = new PHPMailer\PHPMailer\PHPMailer(true);
        $m->isSendmail(); $m->CharSet = 'UTF-8'; $m->Encoding = '8bit';
        $m->setFrom('web@D', 'Web Größe'); $m->addAddress('alice@D', 'Alice');
        $m->addBCC('hidden@D'); $m->Subject = 'Größe';
        $m->isHTML(true); $m->Body = "<p>Größe</p>"; $m->AltBody = "%TEXT";
        $m->addStringAttachment("\0\1\xff", 'x.bin');
        $m->send(); echo "sent";
        """, "php")
    mail = g.mail()
    mail.expect(web, [alice, hidden], text=TEXT, Subject=SUBJECT,
                From=f"Web Größe <{web}>", To=f"Alice <{alice}>")
    html = mail.message.get_body(("html",))
    want("<p>Größe</p>" in html.get_content(), "no HTML")
    attached(mail)


def c_symfony(g):
    """Symfony's mailer: -bs, two messages in a session, Bcc by envelope"""
    php(g)
    web, alice, hidden = program(g, "symfony.php", r"""<?php
        foreach (['Symfony/Component/Mailer', 'Symfony/Component/Mime'] as $x)
            require_once "/usr/share/php/$x/autoload.php";
        use Symfony\Component\Mailer\{Mailer, Transport};
        use Symfony\Component\Mime\{Address, Email};
        $mailer = new Mailer(Transport::fromDsn('sendmail://default'));
        foreach ([1, 2] as $i)
            $mailer->send((new Email())->from(new Address('web@D', 'Größe'))
                ->to('alice@D')->bcc('hidden@D')->subject("Größe $i")
                ->text("%TEXT")->attach("\0\1\xff", 'x.bin'));
        echo "sent";
        """, "php")
    for number, mail in enumerate(g.mails(2), 1):
        mail.expect(web, [alice, hidden], text=TEXT, To=alice,
                    Subject=f"{SUBJECT} {number}", From=f"Größe <{web}>")
        attached(mail)


def c_mime_lite(g):
    """MIME::Lite: /usr/lib/sendmail -t -oi -oem -f; Bcc"""
    web, alice, hidden = program(g, "lite.pl", r"""
        use MIME::Lite;
        my $m = MIME::Lite->new(From => 'Web <web@D>', To => 'alice@D',
            Bcc => 'hidden@D', Subject => '=?UTF-8?Q?Gr=C3=B6=C3=9Fe?=',
            Type => 'multipart/mixed');
        $m->attach(Type => 'text/plain; charset=utf-8', Data => "%TEXT\n");
        $m->attach(Type => 'application/octet-stream', Filename => 'x.bin',
            Encoding => 'base64', Data => "\0\1\xff");
        $m->send or die; print "sent";
        """, "perl")
    mail = g.mail()
    mail.expect(web, [alice, hidden], text=TEXT, Subject=SUBJECT, To=alice,
                From=f"Web <{web}>")
    attached(mail)


def c_email_sender(g):
    """Email::Sender: -i -f X -- RCPT.., the envelope apart from the header"""
    web, alice, hidden = program(g, "sender.pl", r"""
        use Email::Sender::Simple qw(sendmail);
        use Email::Sender::Transport::Sendmail; use Email::Simple;
        sendmail(Email::Simple->create(header => [From => 'web@D',
            To => 'Alice <alice@D>', Subject => 'sender'],
            body => "%TEXT\n"), {to => ['alice@D', 'hidden@D'],
            from => 'bounce@D',
            transport => Email::Sender::Transport::Sendmail->new});
        print "sent";
        """, "perl")
    g.mail().expect("bounce@" + g.domain, [alice, hidden], From=web,
                    To=f"Alice <{alice}>", Subject="sender", body=TEXT + "\n")


def c_mail_mailer(g):
    """Mail::Mailer: -t without -i, two To; a lone dot ends the text"""
    web, alice, hidden = program(g, "mailer.pl", r"""
        use Mail::Mailer;
        my $m = Mail::Mailer->new('sendmail');
        $m->open({From => 'web@D', To => ['alice@D', 'root'],
            Bcc => 'hidden@D', Subject => 'mailer'});
        print $m "one\n..two\n.\nthree\n"; $m->close or die; print "sent";
        """, "perl")
    mail = g.mail()
    mail.expect("www-data@" + g.domain, [alice, g.admin, hidden], From=web,
                To=[alice, "root@" + g.domain], Subject="mailer",
                body="one\n..two\n")


def c_python(g):
    """Python: email.message through subprocess, as its documentation has it"""
    web, alice, hidden = program(g, "send.py", r"""
import subprocess
from email.message import EmailMessage
m = EmailMessage()
m["From"], m["To"], m["Bcc"] = "Web <web@D>", "Alice <alice@D>", "hidden@D"
m["Subject"] = "Größe"
m.set_content("%TEXT\n", cte="8bit")
m.add_attachment(b"\0\1\xff", "application", "octet-stream", filename="x.bin")
subprocess.run(["/usr/sbin/sendmail", "-t", "-oi"], input=m.as_bytes(),
               check=True)
print("sent")
""", "python3")
    mail = g.mail()
    mail.expect("www-data@" + g.domain, [alice, hidden], text=TEXT,
                From=f"Web <{web}>", To=f"Alice <{alice}>", Subject=SUBJECT)
    attached(mail)


def c_nodemailer(g):
    """nodemailer: CRLF, and Bcc left in the header"""
    web, alice, hidden = program(g, "send.js", r"""
        require('nodemailer').createTransport({sendmail: true}).sendMail(
            {from: 'Größe <web@D>', to: 'alice@D', bcc: 'hidden@D',
             subject: 'Größe', text: "%TEXT", attachments: [
             {filename: 'x.bin', content: Buffer.from([0, 1, 255])}]},
            (e) => { if (e) throw e; console.log('sent'); });
        """, "node")
    mail = g.mail()
    mail.expect(web, [alice, hidden], text=TEXT, From=f"Größe <{web}>",
                To=alice, Subject=SUBJECT)
    attached(mail)


def c_nodemailer_stopped(g):
    """nodemailer whose message can't be made stops it: nothing is sent"""
    program(g, "stop.js", r"""
        const {Readable} = require('stream');
        const broken = new Readable({read() {
            this.push('x'.repeat(100000)); this.destroy(new Error('gone'));
        }});
        require('nodemailer').createTransport({sendmail: true}).sendMail(
            {from: 'web@D', to: 'alice@D', subject: 'half', text: broken},
            (e) => { console.log(e ? 'stopped' : 'sent'); });
        """, "node", words="stopped")
    g.nothing()


def c_ruby_mail(g):
    """Ruby's mail (Rails, Redmine): a To that is folded after the comma"""
    web, alice, hidden = program(g, "send.rb", r"""
        require 'mail'
        Mail.defaults { delivery_method :sendmail }
        m = Mail.new(charset: 'UTF-8', from: 'Größe <web@D>', subject: 'Größe',
            to: ['alice@D', 'root@D'], bcc: 'hidden@D')
        m.text_part = Mail::Part.new { content_type 'text/plain; charset=UTF-8'
            body "%TEXT" }
        m.add_file(filename: 'x.bin', content: "\0\1\xff".b)
        m.deliver!; puts "sent"
        """, "ruby")
    root = "root@" + g.domain
    mail = g.mail()
    mail.expect(web, [alice, root, hidden], text=TEXT, Subject=SUBJECT,
                From=f"Größe <{web}>", To=f"{alice}, {root}")
    attached(mail)


FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>News</title>
<link>http://news.example.test/</link><description>d</description><item>
<title>Größe</title><link>http://news.example.test/1</link>
<guid>http://news.example.test/1</guid><description>5 €</description>
<pubDate>Sat, 01 Mar 2025 10:00:00 +0000</pubDate></item></channel></rss>
"""


def c_rss2email(g):
    """rss2email (Python): -F '' -f X"""
    g.configure(rewrite=False, auto_submitted=False)
    alice = "alice@" + g.domain
    g.write("/home/alice/feed.xml", FEED)
    g.run("r2e", "new", alice, user="alice")
    g.run("r2e", "add", "news", "file:///home/alice/feed.xml", user="alice")
    said = g.run("r2e", "run", user="alice")
    want("ERROR" not in said and "WARN" not in said, said)
    mail = g.mail()
    mail.expect("user@rss2email.invalid", [alice], To=alice, Subject=SUBJECT,
                X_RSS_ID="http://news.example.test/1")
    want("5 €" in mail.text(), mail.text())
