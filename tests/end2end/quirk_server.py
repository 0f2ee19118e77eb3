"""A scripted RTSP server: each path of it is one camera with its own log-in, answers and bad habits.

Runs in threads of the test's process. A camera is a `Script`; the server keeps what it was asked (`seen`), so that a test can
count log-ins, keep-alives and farewells. The picture is a raw H.264 clip sent again and again as RTP, interleaved or over UDP.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
import socket
import ssl
import struct
import threading
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

Picture = list[bytes]  # NAL units without start code


def pictures(clip: Path) -> list[Picture]:
    """A raw H.264 clip cut into pictures; each slice is one, with what stands before it."""
    found: list[Picture] = []
    waiting: Picture = []
    for nal in re.split(rb"\x00\x00\x00?\x01", clip.read_bytes())[1:]:
        waiting.append(nal.rstrip(b"\0") if nal[0] & 0x1F not in (1, 5) else nal)
        if nal[0] & 0x1F in (1, 5):
            found.append(waiting)
            waiting = []
    return found


@dataclass
class Script:
    """One camera. `habits` are its quirks by name (see `_Client` and `_Stream`); `status` answers a method with an error."""

    challenges: tuple[str, ...] = ()  # what WWW-Authenticate says; {nonce} is filled in
    user: str = "viewer"
    password: str = "secret"
    status: dict[str, str] = field(default_factory=dict)
    describe: bytes = b""  # a captured answer, used in place of our own
    setup: bytes = b""
    play: bytes = b""
    sdp: str = ""
    habits: frozenset[str] = frozenset()
    timeout_s: float = 60.0
    public: str = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
    location: str = ""
    loss: float = 0.0  # of UDP packets; also the share that comes twice or out of order
    with_sets: bool = True  # parameter sets in band

    def __post_init__(self) -> None:
        self.nonce, self.says_stale, self.lock = "n0", True, threading.Lock()


@dataclass
class Request:
    method: str
    url: str
    headers: dict[str, str]


_OWN_SDP = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=quirk
t=0 0
a=control:*
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1{sets}
a=control:track1
"""


class QuirkServer:
    """`scripts` by path; `context`: speak TLS. `seen[path]` are the requests, `logins[path]` counts those with a password."""

    def __init__(self, clip: Path, scripts: dict[str, Script], context: ssl.SSLContext | None = None, fps: float = 25.0,
                 address: str = "127.0.0.1", listener: socket.socket | None = None) -> None:  # fmt: skip
        self.pictures, self.scripts, self.context, self.fps = pictures(clip), scripts, context, fps
        self.seen: dict[str, list[Request]] = defaultdict(list)
        self.logins: dict[str, int] = defaultdict(int)
        self.is_closing = threading.Event()
        self._listener = listener or socket.create_server((address, 0))
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self.clients: list[socket.socket] = []
        self._served: list[_Client] = []
        self._begin(self._accept)

    def url(self, path: str, user_info: str = "", options: str = "") -> str:
        scheme = "rtsps" if self.context is not None else "rtsp"
        return f"{scheme}://{user_info}127.0.0.1:{self.port}/{path}{options}"

    def methods(self, path: str) -> list[str]:
        """The methods asked of a camera, in order."""
        return [request.method for request in list(self.seen[path])]

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="quirk", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.clients.append(link)
            self._served.append(_Client(self, link))
            self._begin(self._served[-1].serve)

    def stream(self, work: Callable[[], None]) -> None:
        self._begin(work)

    def cut(self) -> None:
        """Reset every connection."""
        for link in self.clients:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def cut_camera(self, path: str) -> None:
        """Reset the connections of one camera."""
        for client in [client for client in self._served if client.path == path]:
            with contextlib.suppress(OSError):
                client.link.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.is_closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)
        for link in self.clients:
            link.close()


class _Client:
    """One connection."""

    def __init__(self, server: QuirkServer, link: socket.socket) -> None:
        self.server, self.link, self.lock = server, link, threading.Lock()
        self.path, self.script = "", Script()
        self.session, self.alive_until_s = "", float("inf")
        self.stream: _Stream | None = None
        self.udp_port = 0
        self.is_stale = False

    def send(self, data: bytes) -> None:
        with self.lock, contextlib.suppress(OSError):
            self.link.sendall(data)

    def serve(self) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            if self.server.context is not None:
                self.link = self.server.context.wrap_socket(self.link, server_side=True)
                self.server.clients.append(self.link)
            for request in self._requests():
                name = urlsplit(request.url).path.strip("/").split("/")[0]
                self.path = name if name in self.server.scripts else self.path
                self.script = self.server.scripts.get(self.path, Script(status={"DESCRIBE": "404 Not Found"}))
                self.server.seen[self.path].append(request)
                if not self._answer(request):
                    break
        if self.stream is not None:
            self.stream.is_over.set()
        with contextlib.suppress(OSError):
            self.link.shutdown(socket.SHUT_RDWR)

    def _requests(self) -> Iterator[Request]:
        waiting = b""
        while data := self.link.recv(65536):
            waiting += data
            if waiting[0] == 0x16:
                return  # a TLS greeting: nothing a plain camera understands
            while waiting:
                if waiting[0] == 0x24:  # receiver reports
                    if len(waiting) < 4 or len(waiting) < 4 + int.from_bytes(waiting[2:4]):
                        break
                    waiting = waiting[4 + int.from_bytes(waiting[2:4]) :]
                    continue
                head, end, rest = waiting.partition(b"\r\n\r\n")
                if not end:
                    break
                waiting = rest
                first, *lines = head.decode().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                if first.startswith("RTSP/"):
                    self.server.seen[self.path].append(Request("REPLY", first, headers))
                    continue
                method, url, _ = first.split(" ")
                yield Request(method, url, headers)

    def _answer(self, request: Request) -> bool:
        script, habits = self.script, self.script.habits
        if "silent_" + request.method in habits:
            return True
        if "closes_" + request.method in habits:
            return False
        if script.challenges and not self._is_logged_in(request):
            self._reply(request, "401 Unauthorized", *self._challenges(self.is_stale and script.says_stale))
            return "closes_on_401" not in habits
        if self.session and request.headers.get("session") and request.headers["session"] != self.session:
            self._reply(request, "454 Session Not Found")
            return True
        if request.method in script.status:
            extra = [f"Location: {script.location}"] if script.location else []
            self._reply(request, script.status[request.method], *extra)
            return True
        return bool(getattr(self, "_" + request.method.lower(), self._unknown)(request))

    def _reply(self, request: Request, status: str = "200 OK", *headers: str, body: bytes = b"") -> None:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {request.headers.get('cseq', '0')}", *headers]
        lines += [f"Content-Length: {len(body)}"] if body else []
        end = "\n" if "bare_line_ends" in self.script.habits else "\r\n"
        if "odd_headers" in self.script.habits:
            lines = [lines[0].replace(" OK", ""), "x-folded: a", "  b", "no colon here",
                     *(re.sub(r"^([\w-]+): ?", r"\1  :   ", line) + "  " for line in lines[1:])]  # fmt: skip
        self.send((end.join(lines) + end + end).encode() + body)

    def _captured(self, answer: bytes, request: Request) -> None:
        head, _, body = answer.partition(b"\r\n\r\n")
        head = re.sub(rb"(?im)^CSeq: *\d+", b"CSeq: " + request.headers["cseq"].encode(), head)
        head = re.sub(rb"(?im)^Content-Length: *\d+", b"Content-Length: %d" % len(body), head)
        self.send(head + b"\r\n\r\n" + body)

    # ---- log-in -----------------------------------------------------------------------------------------------------
    def _challenges(self, stale: bool = False) -> list[str]:
        texts = [text.format(nonce=self.script.nonce) + (", stale=true" if stale else "") for text in self.script.challenges]
        return ["WWW-Authenticate: " + ", ".join(texts)] if "one_header" in self.script.habits else [
            "WWW-Authenticate: " + text for text in texts
        ]  # fmt: skip

    def _is_logged_in(self, request: Request) -> bool:
        given, script = request.headers.get("authorization", ""), self.script
        if not given:
            return False
        with script.lock:
            self.server.logins[self.path] += 1
            if given.startswith("Basic "):
                expected = b64encode(f"{script.user}:{script.password}".encode()).decode()
                return given == "Basic " + expected and any(text.startswith("Basic") for text in script.challenges)
            fields = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]*))', given)}
            self.is_stale = fields.get("nonce") != script.nonce
            if self.is_stale:
                return False
            return fields.get("response") == _expected(script, request.method, fields) and fields.get("uri") == request.url

    # ---- methods ----------------------------------------------------------------------------------------------------
    def _options(self, request: Request) -> bool:
        if self.session and "only_get_parameter" not in self.script.habits:
            self._stay()
        self._reply(request, "200 OK", *([f"Public: {self.script.public}"] if self.script.public else []))
        return True

    def _get_parameter(self, request: Request) -> bool:
        if "only_options" in self.script.habits:
            self._reply(request, "405 Method Not Allowed")
            return True
        self._stay()
        self._reply(request)
        return True

    def _set_parameter(self, request: Request) -> bool:
        self._reply(request, "400 Bad Request")
        return True

    def _unknown(self, request: Request) -> bool:
        self._reply(request, "501 Not Implemented")
        return True

    def _stay(self) -> None:
        if "short_session" in self.script.habits:
            self.alive_until_s = time.monotonic() + self.script.timeout_s

    def _describe(self, request: Request) -> bool:
        script, habits = self.script, self.script.habits
        if "garbage" in habits:
            self.send(b"\x00\x01hello" * 20000)
            return True
        if "endless_header" in habits:
            self.send(b"RTSP/1.0 200 OK\r\n" + b"X-Long: " + b"a" * 300_000)
            return True
        if "huge_body" in habits:
            self.send(b"RTSP/1.0 200 OK\r\nCSeq: " + request.headers["cseq"].encode() + b"\r\nContent-Length: 999999999\r\n\r\n")
            return True
        if script.describe:
            self._captured(script.describe, request)
            return True
        sets = self.server.pictures[0]
        text = ",".join(b64encode(nal).decode() for nal in sets if nal[0] & 0x1F in (7, 8))
        if "wrong_sets" in habits:
            text = "Z0IAKeNQFAe2AtwEBAaQeJEV,aM48gA=="
        if "sets_with_tail" in habits:
            text = ",".join(b64encode(nal + b"\0\0\0\1").decode() for nal in sets if nal[0] & 0x1F in (7, 8))
        if "bad_sets" in habits:
            text = "%%%%,====,AAAA"
        body = (script.sdp or _OWN_SDP).replace("{sets}", "" if "no_sets" in habits else ";sprop-parameter-sets=" + text)
        headers = ["Content-Type: application/sdp"] if "no_content_type" not in habits else []
        if "base_without_scheme" in habits:
            headers.append(f"Content-Base: 127.0.0.1:{self.server.port}/{self.path}/")
        elif "base_nonsense" in habits:
            headers.append("Content-Base: (null)")
        elif "no_base" not in habits:
            headers.append(f"Content-Base: rtsp://127.0.0.1:{self.server.port}/{self.path}/")
        self._reply(request, "200 OK", *headers, body=body.replace("\n", "\r\n").encode())
        return True

    def _setup(self, request: Request) -> bool:
        script, habits = self.script, self.script.habits
        transport = request.headers.get("transport", "")
        wants_tcp = "/TCP" in transport
        if ("udp_only" in habits and wants_tcp) or ("tcp_only" in habits and not wants_tcp):
            self._reply(request, "461 Unsupported Transport")
            return True
        self.session = self.session or f"s{random.randrange(10**9)}"
        if "short_session" in habits:
            self._stay()
        if "stale_data" in habits:
            for number in range(5):
                self.send(b"$\0" + struct.pack(">H", 1012) + struct.pack(">BBHII", 0x80, 96, number, 0, 4242) + bytes(1000))
        if script.setup:
            found = re.search(rb"(?im)^Session: *([^;\r]*)", script.setup)
            self.session = found[1].decode().strip() if found else self.session
            self._captured(script.setup, request)
            return True
        if wants_tcp:
            told = "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc= d6d6627;mode=\"play\";" if "odd_transport" in habits else (
                "RTP/AVP/TCP;unicast;interleaved=0-1")  # fmt: skip
        else:
            found = re.search(r"client_port=(\d+)", transport)
            self.udp_port = int(found[1]) if found else 0
            told = f"RTP/AVP;unicast;client_port={self.udp_port}-{self.udp_port + 1};server_port=49152-49153"
        blank = "        " if "odd_headers" in habits else ""
        self._reply(request, "200 OK", f"Transport: {told}", f"Session: {blank}{self.session};timeout={script.timeout_s:g}")
        return True

    def _play(self, request: Request) -> bool:
        script, habits = self.script, self.script.habits
        if self.stream is not None:
            self.stream.is_over.set()
        self.stream = _Stream(self)
        if "early_data" in habits:
            self.stream.send_some(10)
        if script.play:
            head = re.sub(rb"(?im)^Session: *[^;\r]*", b"Session: " + self.session.encode(), script.play)
            self._captured(head, request)
        else:
            name = self.session
            if "session_changes" in habits:
                name = self.session = "s" + str(random.randrange(10**9))
            info = f"RTP-Info: url=track1;seq={self.stream.number};rtptime=0"
            if "bad_rtp_info" in habits:
                info = "RTP-Info: url=rtsp://;seq=1;rtptime=4294967295;;ssrc=x,url=;seq=;rtptime=-1;"
            self._reply(request, "200 OK", f"Session: {name}", "Range: npt=0.000-", info)
        if "never_media" not in habits:
            self.server.stream(self.stream.run)
        return True

    def _pause(self, request: Request) -> bool:
        self._reply(request)
        return True

    def _teardown(self, request: Request) -> bool:
        if self.stream is not None:
            self.stream.is_over.set()
        self.session = ""
        self._reply(request)
        return True


def _expected(script: Script, method: str, fields: dict[str, str]) -> str:
    """The right response, by RFC 7616, written apart from the program's own."""
    algorithm = fields.get("algorithm", "MD5").upper()
    name = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[algorithm.removesuffix("-SESS")]

    def h(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    one = h(f"{script.user}:{fields['realm']}:{script.password}")
    if algorithm.endswith("-SESS"):
        one = h(f"{one}:{fields['nonce']}:{fields['cnonce']}")
    two = h(f"{method}:{fields['uri']}" + (":" + h("") if fields.get("qop") == "auth-int" else ""))
    if fields.get("qop"):
        return h(f"{one}:{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:{fields['qop']}:{two}")
    return h(f"{one}:{fields['nonce']}:{two}")


class _Stream:
    """The clip as RTP."""

    def __init__(self, client: _Client) -> None:
        self._client, self._script = client, client.script
        self.is_over = threading.Event()
        self.number, self._at, self._time = 1000, 0, 90000
        self._dice = random.Random(7)
        self._late: bytes | None = None
        self._udp: socket.socket | None = None

    def run(self) -> None:
        try:
            self._send_all()
        finally:
            if self._udp is not None:
                self._udp.close()

    def _send_all(self) -> None:
        habits, server = self._script.habits, self._client.server
        if self._client.udp_port:
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        due_s = time.monotonic()
        while not self.is_over.is_set() and not server.is_closing.is_set():
            if time.monotonic() > self._client.alive_until_s:
                with contextlib.suppress(OSError):
                    self._client.link.shutdown(socket.SHUT_RDWR)
                break
            if "freezes" not in habits or self._at < 40:
                self.send_some(1)
            if "asks_client" in habits and self._at % 25 == 5:
                self._client.send(b"OPTIONS rtsp://client RTSP/1.0\r\nCSeq: 77\r\n\r\n")
            due_s += 1 / server.fps
            self.is_over.wait(max(0.0, due_s - time.monotonic()))

    def send_some(self, count: int) -> None:
        for _ in range(count):
            units = self._client.server.pictures[self._at % len(self._client.server.pictures)]
            if not self._script.with_sets:
                units = [unit for unit in units if unit[0] & 0x1F not in (7, 8)]
            self._picture(units)
            self._at += 1
            self._time = (self._time + 3600) & 0xFFFFFFFF

    def _picture(self, units: Picture) -> None:
        habits = self._script.habits
        if "annex_b" in habits:  # start codes inside of one packet
            joined = b"".join(b"\0\0\0\1" + unit for unit in units)
            units = [joined] if len(joined) < 60000 else units
        if "tail_after_sets" in habits:
            units = [unit + b"\0\0\0" if unit[0] & 0x1F in (7, 8) else unit for unit in units]
        for index, unit in enumerate(units):
            is_last = index == len(units) - 1
            if "marker_on_sei" in habits and unit[0] & 0x1F in (6, 7, 8):
                is_last = True
            if len(unit) <= 1400 or "annex_b" in habits:
                self._packet(unit, is_last)
                continue
            kind, body = unit[0], unit[1:]
            pieces = [body[at : at + 1400] for at in range(0, len(body), 1400)]
            if "empty_fragments" in habits:
                pieces = [pieces[0], b"", *pieces[1:]]
            for number, piece in enumerate(pieces):
                flag = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
                told = kind & 0x1F if "type_changes" not in habits or number == 0 else 1
                self._packet(bytes([kind & 0xE0 | 28, flag | told]) + piece, is_last and number == len(pieces) - 1)

    def _packet(self, payload: bytes, is_marked: bool) -> None:
        head = struct.pack(">BBHII", 0x80, 96 | (0x80 if is_marked else 0), self.number & 0xFFFF, self._time, 0xD6D6627)
        self.number += 1
        self._deliver(head + payload)

    def _deliver(self, packet: bytes) -> None:
        script, habits = self._script, self._script.habits
        if self._udp is not None:
            if script.loss and self._dice.random() < script.loss:
                return
            copies = [packet, packet] if script.loss and self._dice.random() < script.loss else [packet]
            if script.loss and self._late is None and self._dice.random() < script.loss:
                self._late = packet
                return
            if self._late is not None:
                copies, self._late = [*copies, self._late], None
            for copy in copies:
                with contextlib.suppress(OSError):
                    self._udp.sendto(copy, ("127.0.0.1", self._client.udp_port))
            return
        framed = b"$\0" + struct.pack(">H", len(packet)) + packet
        if "crlf_data" in habits:
            framed = b"\r\n" + framed
        if "stray_channels" in habits:
            framed = b"$\6\0\4abcd" + framed + b"$\7\0\0"
        if "garbage_between" in habits and self.number % 10 == 0:
            framed = b"\xff\xfe garbage \x00" + framed
        if "strange_rtcp" in habits:
            framed += b"$\1\0\x1c" + struct.pack(">BBHIQIII", 0x80, 200, 6, 0xBAD, 1 << 60, 5, 6, 7)
        if "drips" in habits:
            for at in range(0, len(framed), 97):
                self._client.send(framed[at : at + 97])
            return
        self._client.send(framed)
