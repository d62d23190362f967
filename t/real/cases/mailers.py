# SPDX-License-Identifier: ISC
"""The mail programs of people, as packaged by Debian: each sends what alice
writes. The profile leaves it as it is."""
from harness import want

TEXT = "Größe: 5 €\n.\n..dots\n.\nend\n"
SUBJECT = "Größe & Maß"


def people(g, *names):
    """The profile does not rewrite; these addresses."""
    g.configure(rewrite=False, auto_submitted=False)
    return [f"{name}@{g.domain}" for name in names]


def c_bsd_mailx(g):
    """bsd-mailx: a charset that the text does not have, Bcc, -r"""
    alice, bob, hidden = people(g, "alice", "bob", "hidden")
    g.quietly("bsd-mailx", "-s", SUBJECT, "-b", hidden, bob, "root",
              user="alice", text=TEXT, LC_ALL="C")
    g.mail().expect(
        alice, [bob, g.admin, hidden], body=TEXT, Subject=SUBJECT,
        From=f"Alice Example <{alice}>", To=f"{bob}, root@{g.domain}",
        Cc=None)
    g.run("bsd-mailx", "-s", "", "-r", "support@" + g.domain, bob,
          user="alice", text="")
    g.mail().expect("support@" + g.domain, [bob], body="",
                    From="support@" + g.domain)


def c_s_nail(g):
    """s-nail: Bcc only as operand, its own Message-ID"""
    alice, bob, hidden = people(g, "alice", "bob", "hidden")
    g.quietly("s-nail", "-s", SUBJECT, "-r", alice, "-b", hidden, "-a",
              "/etc/hostname", bob, user="alice", text=TEXT)
    mail = g.mail()
    mail.expect(alice, [bob, hidden], text=TEXT, Subject=SUBJECT, To=bob,
                From=alice)
    want("s-nail" in mail["User-Agent"], "no User-Agent")
    want(mail.parts() == {"hostname": "web1\r\n"}, f"{mail.parts()}")
    mark = mail["Message-ID"].split("@")[1]
    want(f"{g.domain}>" in mark, f"Message-ID at {mark}")


def c_mailutils(g):
    """mailutils mail: raw UTF-8 without MIME fields, outputs closed"""
    alice, bob, hidden = people(g, "alice", "bob", "hidden")
    g.quietly("mail.mailutils", "-E", "set nodot", "-s", SUBJECT, "-a",
              "Bcc: " + hidden, f"{bob},root", user="alice", text=TEXT)
    g.mail().expect(f"alice@web1.{g.domain}", [bob, g.admin, hidden],
                    body=TEXT, Subject=SUBJECT,
                    To=f"{bob}, root@{g.domain}")


def mutt(g, program):
    alice, bob, hidden, carol = people(g, "alice", "bob", "hidden", "carol")
    g.quietly(program, "-s", SUBJECT, "-e", f"set from={alice}", "-e",
              "set use_envelope_from", "-e", 'set dsn_notify="failure,delay"',
              "-e", "set dsn_return=hdrs", "-b", hidden, "-c", carol, "-a",
              "/etc/hostname", "--", bob, user="alice", text=TEXT)
    mail = g.mail()
    mail.expect(alice, [bob, carol, hidden], text=TEXT, Subject=SUBJECT,
                To=bob, Cc=carol, From=f"Alice Example <{alice}>")
    want(mail.parts() == {"hostname": "web1\r\n"}, f"{mail.octets}")
    want("RET=HDRS" in mail.parameters, f"{mail.envelope}")
    for line in mail.envelope[1:]:
        want("NOTIFY=FAILURE,DELAY" in line, f"{mail.envelope}")


def c_mutt(g):
    """mutt: 8-bit text, an attachment, Bcc, -N and -R"""
    mutt(g, "mutt")


def c_neomutt(g):
    """neomutt: the same"""
    mutt(g, "neomutt")


REPOSITORY = r"""
git init -q repo && cd repo
git config user.name 'Alice Größe'
git config user.email alice@$D
printf 'one\n.\ntrailing  \nGr\303\266\303\237e\n\tend\n' >file
git add file
git commit -q -m 'first: a file with dots

Cc: Bob Nobody <bob@'$D'>'
git format-patch -q --root -o ../out
git send-email --quiet --confirm=never --to=root@$D --bcc=hidden@$D \
    --cc='"Carol, of the list with a rather long name" <carol@'$D'>' \
    --envelope-sender=alice@$D ../out/*.patch 2>&1
"""


def c_git_send_email(g):
    """git send-email: the patch arrives byte for byte"""
    alice, bob, hidden, carol, root = people(
        g, "alice", "bob", "hidden", "carol", "root")
    g.shell(REPOSITORY, user="alice", D=g.domain)
    mail = g.mail()
    mail.expect(alice, [root, alice, bob, carol, hidden], To=root,
                From=f"Alice Größe <{alice}>",
                Subject="[PATCH] first: a file with dots")
    want(mail["Cc"].startswith('"Carol, of the list'), mail["Cc"])
    sent = g.read("/home/alice/out/0001-first-a-file-with-dots.patch")
    patch = sent.split("\n\n", 1)[1].encode()
    got = mail.body.replace(b"\r\n", b"\n")
    want(got == patch, f"{got!r} is not {patch!r}")
    g.write("/home/alice/repo/m.eml", mail.octets.replace(b"\r\n", b"\n"))
    g.shell("git clone -q repo copy; cd copy; git config user.email a@b\n"
            "git config user.name a; git checkout -q --orphan new\n"
            "git rm -q -f file; git am -q ../repo/m.eml\n"
            "cmp file ../repo/file", user="alice")


def c_alpine(g):
    """alpine at a terminal: -bs"""
    alice, bob = people(g, "alice", "bob")
    g.write("/home/alice/.pinerc", f"user-domain={g.domain}\n"
            "personal-name=Alice Example\n"
            "feature-list=no-save-will-quote-leading-froms\n"
            "last-time-prune-questioned=126.11\nlast-version-used=99.99\n"
            "inbox-path=/home/alice/mbox\nfcc-name-rule=\n"
            'default-fcc=""\n', owner="alice")
    typed = TEXT.encode().replace(b"\n", b"\r")
    g.terminal("alpine", "-url", f"mailto:{bob}?subject=alpine%20here",
               user="alice", keys=[(rb"Message Text", typed),
                                   (rb"end", b"\x18"),
                                   (rb"Send message", b"y")])
    g.mail().expect(alice, [bob], text=TEXT, Subject="alpine here", To=bob,
                    From=f"Alice Example <{alice}>")


DRAFT = """From: Alice <alice@{0}>
To: bob@{0}
Bcc: hidden@{0}
Subject: nmh

one
.
end
"""


def nmh(g, way):
    """Whoever is blind gets a copy of its own, with a wrapping."""
    alice, bob, hidden = people(g, "alice", "bob", "hidden")
    g.write("/home/alice/.mh_profile", "Path: Mail\n", owner="alice")
    g.folder("/home/alice/Mail", owner="alice")
    g.write("/home/alice/draft", DRAFT.format(g.domain), owner="alice")
    g.quietly("/usr/bin/mh/send", "-mts", way,
              "/home/alice/draft", user="alice")
    open_copy, blind_copy = g.mails(2)
    open_copy.expect(alice, [bob], text="one\n.\nend\n", Subject="nmh",
                     From=f"Alice <{alice}>", To=bob)
    blind_copy.expect(alice, [hidden], Subject="nmh", To=None)
    want("\n.\nend\n" in blind_copy.text(), blind_copy.text())


def c_nmh_pipe(g):
    """nmh, sendmail/pipe: -t with BCC: alone"""
    nmh(g, "sendmail/pipe")


def c_nmh_smtp(g):
    """nmh, sendmail/smtp: -bs, recipients tried and taken back"""
    nmh(g, "sendmail/smtp")


def c_mpack(g):
    """mpack: a file in MIME"""
    alice, bob = people(g, "alice", "bob")
    g.quietly("mpack", "-s", "mpack", "/etc/hostname", bob, user="alice")
    mail = g.mail()
    mail.expect(alice, [bob], Subject="mpack", To=bob,
                From=f"Alice Example <{alice}>")
    want([p.get_content() for p in mail.message.walk()
          if p.get_filename() == "hostname"] == [b"web1\n"], f"{mail.octets}")


def c_mime_construct(g):
    """mime-construct: -oi with recipients as operands"""
    alice, bob, hidden = people(g, "alice", "bob", "hidden")
    g.quietly("mime-construct", "--to", bob, "--bcc", hidden, "--subject",
              "construct", "--string", TEXT, "--file-attach",
              "/etc/hostname", user="alice")
    mail = g.mail()
    mail.expect(alice, [bob, hidden], Subject="construct", To=bob)
    want(mail.parts() == {"hostname": b"web1\r\n"}, f"{mail.parts()}")
