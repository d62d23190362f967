# SPDX-License-Identifier: ISC
"""disk: what may be on a disk after a power cut, by the record of what was
done to files (fault.c tells its form).

The rules, which hold on ext4, xfs and btrfs alike:

-   what is written to a file, and its length, is there for good once the file
    was synced after it;
-   a name that a file was given is there for good once the file or the folder
    was synced after it; a name that was taken away, once the folder was;
-   all is there for good after syncfs(2);
-   anything else is there or not, each on its own; a write may also have left
    octets of zero.
"""

import hashlib
import os


class Act:
    """Something that was done to a file or to a name."""

    def __init__(self, kind, file=None, path=None, old=None, **more):
        self.kind = kind    # write size grow name unlink mkdir
        self.file = file    # the number of a file in the record
        self.path = path
        self.old = old      # of a renamed file
        self.more = more
        self.lasts = False  # as far as the record was read

    def folders(self):
        return {os.path.dirname(p) for p in (self.path, self.old) if p}


class Record:
    """The record of a home; marks are lines "mark WORD..." of the test."""

    def __init__(self, lines, home):
        self.lines = [line.split("\t") for line in lines]
        self.home = home
        self.files = 0      # how many there were
        self.by_inode = {}  # -> number of a file, or path of a folder
        self.names = {}     # path -> number of a file
        self.acts = []
        self.marks = []

    def short(self, path):
        return os.path.relpath(path, self.home)

    def cuts(self):
        """Read line by line; yields (line, whether much was promised or is
        about to be) after each that changes anything."""
        for n, line in enumerate(self.lines):
            before = len(self.acts), len(self.marks)
            if line[0] == "mark":
                self.marks.append(tuple(line[1:]))
            else:
                getattr(self, "do_" + line[0])(*line[1:])
            ahead = self.lines[n + 1][0] if n + 1 < len(self.lines) else "end"
            weighty = {line[0], ahead} & {"mark", "sync", "syncall", "end"}
            if before != (len(self.acts), len(self.marks)) or weighty:
                yield line, bool(weighty)

    def new_file(self, inode):
        self.files += 1
        self.by_inode[inode] = self.files
        return self.files

    def add(self, *args, **more):
        self.acts.append(Act(*args, **more))

    def do_open(self, inode, what, path):
        path = self.short(path) if path.startswith("/") else path
        if what == "folder":
            self.by_inode[inode] = path
        elif what == "unnamed":
            self.new_file(inode)
        elif what == "new":
            self.names[path] = self.new_file(inode)
            self.add("name", self.names[path], path)
        elif path in self.names:
            self.by_inode[inode] = self.names[path]
            if what == "cut":
                self.add("size", self.names[path], size=0)
        else:   # it was there before the record began: not of our spool
            self.by_inode.pop(inode, None)

    def change(self, kind, inode, **more):
        if isinstance(self.by_inode.get(inode), int):
            self.add(kind, self.by_inode[inode], **more)

    def do_write(self, inode, offset, when, octets):
        self.change("write", inode, at=int(offset), data=bytes.fromhex(octets),
                    time=int(when.replace(".", "")))

    def do_size(self, inode, size):
        self.change("size", inode, size=int(size))

    def do_grow(self, inode, size):
        self.change("grow", inode, size=int(size))

    def do_link(self, inode, path):
        if isinstance(self.by_inode.get(inode), int):
            path = self.short(path)
            self.names[path] = self.by_inode[inode]
            self.add("name", self.names[path], path)

    def do_rename(self, old, path):
        old, path = self.short(old), self.short(path)
        if old in self.names:
            self.names[path] = self.names.pop(old)
            self.add("name", self.names[path], path, old)

    def do_unlink(self, path):
        path = self.short(path)
        self.names.pop(path, None)
        self.add("unlink", path=path)

    def do_mkdir(self, path):
        self.add("mkdir", path=self.short(path))

    def do_sync(self, inode):
        what = self.by_inode.get(inode)
        for act in self.acts:
            if isinstance(what, int):
                act.lasts |= act.file == what
            elif what is not None:
                act.lasts |= os.path.normpath(what) in {
                    os.path.normpath(f or ".") for f in act.folders()}

    def do_syncall(self):
        for act in self.acts:
            act.lasts = True

    def states(self, each):
        """What may be there if the power goes now: (words, Tree). each: with
        every act that may have been lost or kept alone."""
        seen = {a.file for a in self.acts if a.kind == "name"} | {None}
        loose = [a for a in self.acts if not a.lasts and a.file in seen]
        yield "nothing unsynced", self.tree(lambda a: a.lasts)
        if loose:
            yield "everything", self.tree(lambda a: True)
        for one in loose if each else ():
            words = f"{one.kind} {one.path or one.file}"
            yield "all but " + words, self.tree(lambda a: a is not one)
            yield "but for " + words, self.tree(
                lambda a: a.lasts or a is one)
            if one.kind == "write":
                yield "zeros for " + words, self.tree(lambda a: True, one)

    def tree(self, happened, zeroed=None):
        tree = Tree()
        for act in self.acts:
            if happened(act):
                tree.apply(act, act is zeroed)
        return tree


class Tree:
    def __init__(self):
        self.names = {}
        self.folders = set()
        self.data = {}
        self.times = {}

    def apply(self, act, zeroed):
        if act.kind == "mkdir":
            self.folders.add(act.path)
        elif act.kind == "unlink":
            self.names.pop(act.path, None)
        elif act.kind == "name":
            self.names.pop(act.old, None)
            self.names[act.path] = act.file
        else:
            self.change(act, self.data.setdefault(act.file, bytearray()),
                        zeroed)

    def change(self, act, data, zeroed):
        size = act.more.get("size", 0)
        if act.kind == "size":
            del data[size:]
        if act.kind == "write":
            new = act.more["data"]
            size = act.more["at"] + len(new)
            self.times[act.file] = act.more["time"]
        data.extend(bytes(max(0, size - len(data))))
        if act.kind == "write":
            data[act.more["at"]:size] = bytes(len(new)) if zeroed else new

    def digest(self):
        found = hashlib.sha256(repr(sorted(self.folders)).encode())
        for path, file in sorted(self.names.items()):
            found.update(b"\0" + path.encode() + b"\0")
            found.update(self.data.get(file, b""))
        return found.digest()

    def build(self, home):
        for path in sorted(self.folders):
            os.makedirs(f"{home}/{path}", 0o700, exist_ok=True)
        for path, file in self.names.items():
            whole = f"{home}/{path}"
            os.makedirs(os.path.dirname(whole), 0o700, exist_ok=True)
            with open(whole, "wb") as f:
                f.write(self.data.get(file, b""))
            os.chmod(whole, 0o600)
            if file in self.times:
                os.utime(whole, ns=(self.times[file],) * 2)


def states(lines, home):
    """Each state once: (where, words, tree, marks)."""
    rec, seen = Record(lines, home), set()
    for line, weighty in rec.cuts():
        marks = frozenset(rec.marks)
        where = " ".join(line).replace(home + "/", "")[:90]
        for words, tree in rec.states(weighty):
            key = (tree.digest(), marks)
            if key not in seen:
                seen.add(key)
                yield f"after {where}", words, tree, marks
