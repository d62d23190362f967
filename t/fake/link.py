# SPDX-License-Identifier: ISC
"""link: one connection of the fake server: octets, TLS, trace, scripted acts.

A trace line reads "CONNECTION RECV KIND TEXT". RECV counts the recv() calls
that brought data, so commands with the same number came in one write (with
TLS, where a recv() ends at a record's end: in one record). KIND:
  *  an event (connected, tls, auth, eof, ...)
  R  a recv() and how many octets it brought
  C  a line of the client, S a line of the server
  !  the client broke the protocol
"""

import select
import socket
import ssl
import struct
import time

ENDLESS = 64 << 20      # more than any client may want to hold
EARLY = 0.02            # how long one who speaks too early is waited for
OUTPUT = ("reply", "raw", "drip", "endless", "lines", "starttls_inject")
ENDING = ("close", "cut", "reset", "hang")
ACTION_KEYS = set(OUTPUT + ENDING + ("delay", "interval", "code"))


class Over(Exception):
    """This connection has ended, by the peer's will or the script's."""


class Trace:
    """The trace file of a listener, whole lines only."""

    def __init__(self, path, lock):
        self.file = open(path, "w", encoding="utf-8", buffering=1)
        self.lock = lock

    def write(self, connection, recv, kind, text):
        safe = "".join(c if c.isprintable() else f"\\x{ord(c):02x}"
                       for c in text[:2000])
        with self.lock:
            self.file.write(f"{connection} {recv} {kind} {safe}\n")


class Link:
    def __init__(self, sock, number, trace):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.number = number
        self.trace = trace
        self.recvs = 0
        self.buf = bytearray()
        self.tls = None
        self.client = None  # common name of its certificate

    def note(self, kind, text):
        self.trace.write(self.number, self.recvs, kind, text)

    def over(self, why):
        self.note("*", why)
        raise Over(why)

    # Reading.

    def fill(self):
        """One recv() into buf."""
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise
        except OSError as e:
            self.over(f"broken: {getattr(e, 'reason', None) or e.strerror}")
        if not data:
            self.over("eof")
        self.recvs += 1
        self.note("R", str(len(data)))
        self.buf += data

    def take(self, n):
        """The next n octets of buf."""
        data = bytes(self.buf[:n])
        del self.buf[:n]
        return data

    def exactly(self, n):
        while len(self.buf) < n:
            self.fill()
        return self.take(n)

    def until(self, mark, most=1 << 20):
        """What comes up to and with mark."""
        start = 0
        while (at := self.buf.find(mark, start)) < 0:
            if len(self.buf) > most:
                self.over(f"no {mark!r} within {most} octets")
            start = max(0, len(self.buf) - len(mark) + 1)
            self.fill()
        return self.take(at + len(mark))

    def line(self):
        """The next line of the client, without CRLF."""
        octets = self.until(b"\r\n")[:-2]
        try:
            text = octets.decode()
        except UnicodeDecodeError:
            text = octets.decode("latin-1")
        self.note("C", text)
        return text

    def spoke_early(self):
        """Is there more from the client than was answered?"""
        if not self.buf:
            self.sock.settimeout(EARLY)
            try:
                self.fill()
            except (TimeoutError, Over):
                pass    # an end is found again by the next fill()
            self.sock.settimeout(None)
        return bool(self.buf)

    # Writing.

    def send(self, data):
        for text in data[:100000].split(b"\r\n")[:40]:
            if text:
                self.note("S", text.decode("latin-1")[:200])
        self.put(data)

    def put(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            self.over(f"broken: {e.strerror}")

    # TLS.

    def start_tls(self, context):
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except OSError as e:
            self.over(f"tls failed: {getattr(e, 'reason', None) or e}")
        self.tls = self.sock.version()
        sni = getattr(self.sock, "sni", None) or "-"
        self.client = common_name(self.sock.getpeercert())
        shown = f" client={self.client}" if self.client else ""
        self.note("*", f"tls {self.tls} sni={sni}{shown}")

    # Scripted acts.

    def answer(self, action, default=""):
        """Do what the script says, else send default. Returns what was said
        as text ("" for nothing); raises Over where the script ends it."""
        action = action or {}
        time.sleep(action.get("delay", 0))
        said = self.speak(action, default)
        for how in ENDING:
            if action.get(how):
                self.note("*", how)
                getattr(self, "end_by_" + how)()
                raise Over(how)
        return said

    def speak(self, action, default):
        code = str(action.get("code") or default[:3] or "250")
        if "reply" in action:
            said = action["reply"].replace("\n", "\r\n") + "\r\n"
        elif "raw" in action:
            said = action["raw"]
        elif "starttls_inject" in action:
            said = default + "\r\n" + action["starttls_inject"]
        elif "drip" in action:
            return self.drip(action["drip"] + "\r\n", action)
        elif "lines" in action:
            more = (f"{code}-line {i}\r\n" for i in range(1, action["lines"]))
            said = "".join(more) + f"{code} last\r\n"
        elif "endless" in action:
            self.endless(code)
            return ""
        elif default and not any(action.get(how) for how in ENDING):
            said = default + "\r\n"
        else:
            return ""
        self.send(said.encode("latin-1" if "raw" in action else "utf-8"))
        return said

    def drip(self, text, action):
        self.note("S", text.rstrip())
        for octet in text.encode("latin-1"):
            self.put(bytes([octet]))
            time.sleep(action.get("interval", 0.01))
        return text

    def endless(self, code):
        """A reply line that does not end, until the client has enough."""
        self.note("*", "endless")
        self.put(code.encode() + b" ")
        for _ in range(ENDLESS // 65536):
            self.put(b"x" * 65536)
        self.end_by_hang()
        raise Over("endless")

    # Ways to end. All leave the descriptor closed but hang, which waits for
    # the client to go and reads nothing in between.

    def end_by_close(self):
        """Close in peace: what was sent arrives, though more was coming."""
        try:
            if self.tls:
                self.sock.settimeout(0)
                try:
                    self.sock.unwrap()  # says close_notify, waits for none
                except (OSError, ValueError):
                    pass
            self.sock.shutdown(socket.SHUT_WR)
            self.linger()
        except OSError:
            pass
        self.sock.close()

    def linger(self):
        """Read what still comes, since the kernel answers a close with
        unread octets by a reset, which may overtake our last reply."""
        fd = self.sock.fileno()
        until = time.monotonic() + 1
        plain = socket.socket(fileno=fd)
        try:
            while (left := until - time.monotonic()) > 0:
                plain.settimeout(left)
                if not plain.recv(65536):
                    break
        finally:
            plain.detach()

    def end_by_cut(self):
        """End of file without TLS's close_notify."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.linger()
        except OSError:
            pass
        self.sock.close()

    def end_by_reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    def end_by_hang(self):
        poll = select.poll()
        poll.register(self.sock.fileno(), select.POLLRDHUP)
        poll.poll()
        self.sock.close()


def common_name(cert):
    """Of a verified certificate, or None."""
    return next((value for part in (cert or {}).get("subject", ())
                 for key, value in part if key == "commonName"), None)


def make_context(certs, cert, tls_max=None, client_ca=None):
    """A server's TLS context with certificate cert of the folder certs, which
    asks for one signed by client_ca and goes on without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certs}/{cert}.pem")
    if client_ca:
        context.load_verify_locations(f"{certs}/{client_ca}.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
    if tls_max:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion["TLSv" +
                                                 tls_max.replace(".", "_")]

    def keep_name(sock, name, _):
        sock.sni = name
    context.sni_callback = keep_name
    return context
