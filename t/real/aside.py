# SPDX-License-Identifier: ISC
"""Servers that are unpacked and not installed, so that nothing of them starts.

What apt-get or npm fetch lies below .cache at the top of the tree, or in
$OSMTP_SANDBOX_CACHE. Each sandbox gets a copy of what it runs.
"""
import filecmp
import glob
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("OSMTP_SANDBOX_CACHE") or os.path.join(
    os.path.dirname(os.path.dirname(HERE)), ".cache")

DOVECOT = ["dovecot-core", "dovecot-submissiond"]
# What of them will run, below usr/ of the packages and programs/ of a sandbox.
DOVECOT_PROGRAMS = ["sbin/dovecot", "bin/doveconf"] + [
    "lib/dovecot/" + name for name in (
        "anvil", "auth", "config", "dns-client", "log", "stats", "submission",
        "submission-login", "libdovecot.so.0", "libdovecot-login.so.0",
        "libdovecot-storage.so.0", "modules/libssl_iostream_openssl.so",
        "modules/old-stats/libstats_auth.so")]

# With the libraries that are there for its sake alone.
GLEWLWYD = ["glewlwyd", "libcbor0.8", "libhoel1.4", "libiddawc1.1",
            "libmariadb3", "libmicrohttpd12", "liboath0", "liborcania2.3",
            "libpq5", "librhonabwy1.1", "libulfius2.7", "libyder2.0"]
GLEWLWYD_SCHEMA = "share/dbconfig-common/data/glewlwyd/install/sqlite3"

NPM = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit",
       "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]


class Trouble(Exception):
    """Something to tell the user, without a trace; output: of a program."""

    output = ""


def quiet(argv, **more):
    """Run a program; its words matter only to its caller or if it fails."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **more)
    if done.returncode:
        tail = "\n  ".join(done.stdout.splitlines()[-5:])
        trouble = Trouble(f"{argv[0]} failed:\n  {tail}")
        trouble.output = done.stdout
        raise trouble
    return done.stdout


def fetch(providers):
    """Get what is not there yet. What npm can't give is done without: the
    answer tells why, by the name of what is missing."""
    unpacked("dovecot", DOVECOT, "1:2.3.", DOVECOT_PROGRAMS)
    if "glewlwyd" in providers:
        unpacked("glewlwyd", GLEWLWYD, "2.7.", ["bin/glewlwyd"])
    if "oidc" in providers:
        try:
            from_npm()
        except Trouble as e:
            code = re.search(r"code (E\w+)", e.output)
            return {"oidc-provider": f"npm says {code[1]}" if code else str(e)}
    return {}


def unpacked(name, packages, version, programs):
    """Debian's packages, the first of which is of that version."""
    tree = os.path.join(CACHE, name)
    if os.path.isdir(tree):
        return tree
    work = os.path.join(CACHE, f"unpack.{os.getpid()}")
    os.makedirs(work)
    try:
        quiet(["apt-get", "-q", "download"] + packages, cwd=work)
        for package in glob.glob(os.path.join(work, "*.deb")):
            quiet(["dpkg", "-x", package, os.path.join(work, "tree")])
        found = quiet(["dpkg-deb", "-f", glob.glob(
            os.path.join(work, packages[0] + "_*.deb"))[0], "Version"])
        if not found.startswith(version):
            raise Trouble(f"{name} {found.strip()}: the configuration here is"
                          f" for {version}x, as in Debian 12")
        check_libraries(name, os.path.join(work, "tree", "usr"), programs)
        os.rename(os.path.join(work, "tree"), tree)
    finally:
        shutil.rmtree(work)
    return tree


def library_path(usr):
    """Where the programs below usr have libraries of their own."""
    return ":".join([f"{usr}/lib/dovecot",
                     f"{usr}/lib/dovecot/modules/old-stats",
                     *glob.glob(f"{usr}/lib/*-linux-gnu*")])


def check_libraries(name, usr, programs):
    env = dict(os.environ, LD_LIBRARY_PATH=library_path(usr))
    missing = set()
    for program in programs:
        for line in quiet(["ldd", f"{usr}/{program}"], env=env).splitlines():
            if "not found" in line:
                missing.add(line.split()[0])
    if missing:
        raise Trouble(f"{name} lacks libraries: {' '.join(sorted(missing))};"
                      " ./bootstrap real installs them")


def from_npm():
    """What package-lock.json names, by the user's own npm configuration."""
    tree = os.path.join(CACHE, "node")
    lock = os.path.join(HERE, "package-lock.json")
    try:
        if filecmp.cmp(lock, f"{tree}/package-lock.json", shallow=False):
            return tree
    except FileNotFoundError:
        pass
    if not shutil.which("npm") or not shutil.which("node"):
        raise Trouble("no npm here; ./bootstrap real installs it")
    work = os.path.join(CACHE, f"node.{os.getpid()}")
    os.makedirs(work)
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(HERE, name), work)
        quiet(NPM, cwd=work)
        shutil.rmtree(tree, ignore_errors=True)
        os.rename(work, tree)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return tree


def copy_programs(to, providers):
    """What a sandbox with these providers runs, below the directory to."""
    copy_dovecot(os.path.join(CACHE, "dovecot"), to)
    if "glewlwyd" in providers:
        usr = os.path.join(CACHE, "glewlwyd", "usr")
        for part in "bin", "lib":
            shutil.copytree(f"{usr}/{part}", f"{to}/glewlwyd/{part}",
                            symlinks=True)
        shutil.copy(f"{usr}/{GLEWLWYD_SCHEMA}", f"{to}/glewlwyd/schema.sql")
    if "oidc" in providers:
        shutil.copytree(os.path.join(CACHE, "node", "node_modules"),
                        f"{to}/node_modules", symlinks=True)


def copy_dovecot(tree, to):
    """Copy what is needed, with one string changed.

    libdovecot looks for its TLS module in a directory that is compiled in. In
    the copy that name becomes "modules", which is relative: the processes do
    that with the base directory as their working directory.
    """
    # The master insists on the program of each service it knows of.
    others = glob.glob("lib/dovecot/[!l]*", root_dir=f"{tree}/usr")
    for name in DOVECOT_PROGRAMS + others:
        if os.path.isfile(f"{tree}/usr/{name}"):
            target = os.path.join(to, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(f"{tree}/usr/{name}", target)
    library = os.path.join(to, "lib/dovecot/libdovecot.so.0")
    with open(library, "rb") as f:
        octets = f.read()
    old = b"/usr/lib/dovecot/modules\0"
    if octets.count(old) != 1:
        raise Trouble("libdovecot: not the library that is expected here")
    with open(library, "wb") as f:
        f.write(octets.replace(old, b"modules".ljust(len(old), b"\0")))
