# SPDX-License-Identifier: ISC
"""A Debian that is unpacked and not installed: programs that call sendmail.

All packages that the programs want are fetched, from libc6 up, whatever the
host has of them, so that the tree is the same everywhere. No script of a
package is run: guest.py does what of them the cases need. What is fetched
lies below .cache (see aside.py).
"""
import glob
import os
import re
import shutil

from aside import CACHE, Trouble, quiet

VERSION = "cron", "3.0pl1-"         # tells Debian 12

BASE = """base-files bash coreutils dash debianutils diffutils findutils
    gawk grep gzip hostname libc-bin ncurses-base procps sed tar
    util-linux libdb5.3 libicu72 libnsl2 libsasl2-2 libssl3 libcurl3-gnutls libgnutls30 libconfig9 libidn2-0 libjansson4
    """.split()
PROGRAMS = """alpine anacron apt-listchanges arpwatch at bsd-mailx cron
    dovecot-sieve fail2ban git-email libemail-sender-perl libmailtools-perl
    libmime-lite-perl libphp-phpmailer logcheck logwatch maildrop mailutils
    mdadm mime-construct mpack mutt neomutt nmh node-nodemailer nodejs
    php-symfony-mailer php8.2-cli php8.2-mbstring procmail rss2email
    ruby-mail s-nail smartmontools sudo unattended-upgrades vacation
   """.split()
# Beside the above they can't be installed; each is a layer of its own.
OTHERS = ["systemd-cron", "postfix"]
# The tree has no use for these, or, the mailer, its own.
WITHOUT = """dbus fonts-font-awesome fonts-lato libgccjit0 logrotate
    systemd systemd-sysv udev xdg-utils""".split()
LEFT_OUT = "doc", "locale", "man", "info", "icons"


def tree():
    """Root's files have to be root's, so whoever is not has another tree."""
    return os.path.join(CACHE, "debian" if os.getuid() == 0 else
                        f"debian.{os.getuid()}")


def fetch():
    """Get what is not there yet. It is there if it was made of these lists."""
    lists = repr((BASE, PROGRAMS, OTHERS, WITHOUT, LEFT_OUT))
    try:
        with open(os.path.join(tree(), "lists")) as f:
            if f.read() == lists:
                return
    except FileNotFoundError:
        pass
    work = os.path.join(CACHE, f"unpack.{os.getpid()}")
    os.makedirs(os.path.join(work, "new", "guest"))
    try:
        unpack(work, choose(work))
        with open(os.path.join(work, "new", "lists"), "w") as f:
            f.write(lists)
        shutil.rmtree(tree(), ignore_errors=True)
        os.rename(os.path.join(work, "new"), tree())
    finally:
        shutil.rmtree(work)


def choose(work):
    """Names and versions of all packages, by apt-get, for a system that has
    nothing but what it is to do without."""
    stanza = ("Package: {}\nStatus: install ok installed\nVersion: 999\n"
              "Architecture: {}\nMulti-Arch: foreign\nDescription: none\n"
              "Maintainer: none <none@example.test>\n{}\n").format
    arch = quiet(["dpkg", "--print-architecture"]).strip()
    status = os.path.join(work, "status")
    with open(status, "w") as f:
        f.write(stanza("osmtp", arch, "Provides: mail-transport-agent\n"))
        f.writelines(stanza(name, arch, "") for name in WITHOUT)
    said = quiet(["apt-get", "-s", "-o", "Dir::State::status=" + status, "-o",
                  "APT::Install-Recommends=0", "-o",
                  "APT::Install-Suggests=0", "install"] + BASE + PROGRAMS)
    found = dict(re.findall(r"^Inst (\S+) \((\S+) ", said, re.M))
    name, version = VERSION
    if not found[name].startswith(version):
        raise Trouble(f"{name} {found[name]}: the cases are for {version}x,"
                      " as in Debian 12")
    return found


def unpack(work, found):
    packages = os.path.join(work, "packages")
    new = os.path.join(work, "new")
    os.mkdir(packages)
    quiet(["apt-get", "-q", "download", *OTHERS, *(
        f"{name}={version}" for name, version in found.items())],
          cwd=packages)
    for name in ["root"] + OTHERS:
        os.makedirs(f"{new}/{name}/usr")
        for folder in "bin", "lib", "lib32", "lib64", "libx32", "sbin":
            os.makedirs(f"{new}/{name}/usr/{folder}")
            os.symlink("usr/" + folder, f"{new}/{name}/{folder}")
    for package in sorted(glob.glob(packages + "/*.deb")):
        name, version, _ = os.path.basename(package).split("_")
        to = new + "/" + (name if name in OTHERS else "root")
        quiet(["sh", "-c", 'dpkg-deb --fsys-tarfile "$1" | tar -x -p -C "$2"'
               ' --keep-directory-symlink --numeric-owner'
               + "".join(f" --exclude=./usr/share/{x}" for x in LEFT_OUT),
               "-", package, to])
        os.unlink(package)
        if name in PROGRAMS + OTHERS:
            with open(new + "/versions", "a") as f:
                f.write(f"{name} {version.replace('%3a', ':')}\n")


def layers(at, names):
    """The directories of a root out of the tree there, upper ones first."""
    return [os.path.join(at, name) for name in (*names, "root")]


def place(at):
    """A directory of the tree there to mount a guest on."""
    return os.path.join(at, "guest")


def versions():
    """The programs, one a line with its version."""
    with open(os.path.join(tree(), "versions")) as f:
        return f.read().splitlines()
