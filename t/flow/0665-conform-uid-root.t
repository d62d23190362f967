#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Callers with other uids."""
import os
import pwd
import sys
import tempfile

from conform import (A, B, address, case, letter, main, one_of, refused, sent,
                     want)

M = letter("Subject: x")
OTHER = pwd.getpwnam("daemon").pw_uid
NOBODY = 54321


def known(uid):
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def caller(label, uid, argv, stdin, hold, *, effective=None, **how):
    @case("uid: " + label)
    def check(place):
        euid = uid if effective is None else effective
        place.program.share(place, euid)

        def become():
            os.setgroups([])
            os.setresgid(euid, euid, euid)
            os.setresuid(uid, euid, euid)

        place.run(argv, stdin, hold, before=become, **how)


def as_uid(n):
    return sent(A, sender=f"uid{n}@d.example",
                has=[address("From", (None, f"uid{n}@d.example"))])


def somewhere_of_d(got):
    """Sent, from an address that is no lie but in its local part."""
    mail, = got.mails
    want(got.status == 0 and mail.rcpts == [A] and
         mail.sender.endswith("@d.example") and
         mail.addresses("From")[0][1].endswith("@d.example"), "sent",
         mail.sender, mail.fields)


caller("another user", OTHER, [A], M, sent(
    A, sender="daemon@d.example",
    has=[address("From", (None, "daemon@d.example"))]))
caller("another user, LOGNAME says root", OTHER, [A], M, sent(
    A, sender="daemon@d.example"), env={"LOGNAME": "root", "USER": "root"})
caller("the real uid counts, not the effective one", OTHER, [A], M, sent(
    A, sender="daemon@d.example"), effective=0)
caller("no passwd entry, -f and From are given", NOBODY, ["-f", B, A],
       letter(f"From: {B}"), sent(A, sender=B))
caller("no passwd entry, nothing is given", NOBODY, [A], M,
       one_of(as_uid(NOBODY), refused(None), somewhere_of_d))
caller("no passwd entry, no environment", NOBODY, [A], M,
       one_of(as_uid(NOBODY), refused(None), somewhere_of_d),
       env={"HOME": None, "PATH": None, "USER": None, "LOGNAME": None})
caller("mailq of another user", OTHER, ["-bp"], b"",
       lambda got: want(got.status == 0, "exit status", got.err))


@case("uid: -q of another user: his own mail", ours=True)
def own_queue(place):
    def become():
        os.setgroups([])
        os.setgid(OTHER)
        os.setuid(OTHER)

    place.program.share(place, OTHER)
    got = place.run([A], M, before=become,
                    plan={"answers": {"rcpt": "450 4.2.0 not now"}})
    want(got.status == 0 and got.queued() == 1, "put off", got.err)
    place.run(["-q"], b"", sent(A, sender="daemon@d.example", out=None),
              before=become, plan={})


if os.getuid() != 0 or known(NOBODY):
    print("1..0 # SKIP needs root, and a uid that nobody has")
    sys.exit()
os.chmod(tempfile.gettempdir(), os.stat(tempfile.gettempdir()).st_mode | 0o11)
main()
