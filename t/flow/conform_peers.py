# SPDX-License-Identifier: ISC
"""The commands that the conformance suite can run: osmtp, or $SENDMAIL.

A kind knows how to configure its command in a case's folder, what environment
it needs, and how much waits in its queue. Peers whose files are compiled in
find them where conform-peers has put them.
"""
import os
import shutil
import sys

DOMAIN = "d.example"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, 0o600)


class Program:
    strict = False
    patience = 10       # seconds until what still runs is ended

    def __init__(self, path):
        self.path = os.path.abspath(path)

    def configure(self, place, port):
        pass

    def command(self, place, name):
        """The path under this name, so that argv[0] is it."""
        link = place.path(name)
        if not os.path.lexists(link):
            os.symlink(self.path, link)
        return link

    def environment(self, place):
        return {}

    def settle(self, place):
        """What has to be done until mail leaves."""

    def queued(self, place):
        return 0

    def share(self, place, uid):
        """The folder becomes this user's; whoever may not get at the command
        gets a copy."""
        own = place.path("sendmail")
        shutil.copy(self.path, own)
        for folder, _, names in os.walk(place.folder):
            for name in ["", *names]:
                os.chown(os.path.join(folder, name), uid, uid)
        os.chown(own, 0, 0)

    def clear(self, place):
        """What it left outside the folder."""


class Osmtp(Program):
    strict = True

    CONFIGURATION = """
runner = false;
domain = "%s";
spool = "%s/spool";
state = "%s/state";
log = { to = "%s/log"; };
%s
profiles = { plain = {
  kind = "system"; address = "plain@d.example"; rewrite = false;
  server = "smtp://127.0.0.1:%d"; tls = { mode = "none"; }; auth = "none";
}; };
"""

    def configure(self, place, port, more=""):
        """The user's own file, which counts whatever HOME says."""
        write(place.path("config/osmtp/osmtp.conf"), self.CONFIGURATION %
              (DOMAIN, *[place.folder] * 3, more, port))

    def share(self, place, uid):
        """With the system's file, for users who have none of their own."""
        super().share(place, uid)
        own = place.path("config/osmtp/osmtp.conf")
        with open(own, encoding="ascii") as f:
            text = f.read()
        os.remove(own)
        write(place.path("etc/osmtp/osmtp.conf"), text)
        os.chmod(place.path("etc/osmtp/osmtp.conf"), 0o644)

    def environment(self, place):
        return {"OSMTP_TEST_HOME": place.home,
                "OSMTP_TEST_ETC": place.path("etc"),
                "XDG_CONFIG_HOME": place.path("config"),
                "OSMTP_TEST_STATE": place.path("state"),
                "OSMTP_TEST_HOSTNAME": "test.example.test"} | {
                    k: v for k, v in os.environ.items()
                    if k.endswith("SAN_OPTIONS")}

    def queued(self, place):
        return sum(not name.endswith(".state")
                   for folder in ("new", "queue", "failed", "bad")
                   for _, _, names in os.walk(place.path(f"spool/{folder}"))
                   for name in names)


class Peer(Program):
    """conform-peers gives it an /etc of its own, which it may write, and the
    libraries that it needs."""

    def environment(self, place):
        path = os.environ.get("SENDMAIL_LIBRARY_PATH")
        return {"LD_LIBRARY_PATH": path} if path else {}


class Msmtp(Peer):
    patience = 1
    CONFIGURATION = """
account default
host 127.0.0.1
port %d
tls off
auth off
domain d.example
from %%U@d.example
allow_from_override on
set_from_header auto
set_date_header auto
set_msgid_header auto
"""

    def configure(self, place, port, more=""):
        """For the system if that can be, since HOME may be anything."""
        system = "/etc/msmtprc"
        if os.access(system, os.W_OK):
            with open(system, "w", encoding="ascii") as f:
                f.write(self.CONFIGURATION % port)
        else:
            write(place.home + "/.msmtprc", self.CONFIGURATION % port)


class Dma(Peer):
    """Delivers in the background, and waits there for its next attempt: that
    is cut short."""
    patience = 2
    SPOOL = "/var/spool/dma"
    CONFIGURATION = """
SMARTHOST 127.0.0.1
PORT %d
MAILNAME d.example
NULLCLIENT
"""

    def configure(self, place, port, more=""):
        with open("/etc/dma/dma.conf", "w", encoding="ascii") as f:
            f.write(self.CONFIGURATION % port)

    def queued(self, place):
        return sum(name.startswith("Q") for name in os.listdir(self.SPOOL))

    def clear(self, place):
        for name in os.listdir(self.SPOOL):
            if name != "flush":
                os.remove(f"{self.SPOOL}/{name}")


KINDS = {"osmtp": Osmtp, "msmtp": Msmtp, "dma": Dma}


def choose():
    """The command that is to be tested."""
    path = os.environ.get("SENDMAIL")
    if not path:
        here = os.path.dirname(os.path.abspath(__file__))
        return Osmtp(os.environ.get("OSMTP", here + "/../osmtp-test"))
    kind = os.environ.get("SENDMAIL_KIND") or os.path.basename(path)
    if kind not in KINDS:
        sys.exit(f"SENDMAIL_KIND={kind}: want one of {', '.join(KINDS)}")
    return KINDS[kind](path)
