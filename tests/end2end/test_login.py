"""The relay between FFmpeg and cameras of every kind: log-ins, bad habits, refusals, keep-alives, farewells. Real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.media import relay, source
from console.media.relay import Relay
from console.media.said import Said
from console.media.source import SourceFailed
from tests.end2end.certificates import Authority
from tests.end2end.quirk_server import QuirkServer, Script
from tests.media.clips import make_clip

LONG_S = 30.0
ODD_PASSWORD = "p@:/#%&w 密码"
_DIGEST = 'Digest realm="cam", nonce="{nonce}"'


def script(*habits: str, **known: object) -> Script:
    return Script(habits=frozenset(habits), **known)  # type: ignore[arg-type]


def locked(*challenges: str, habits: tuple[str, ...] = (), **known: object) -> Script:
    return script(*habits, challenges=challenges, password=ODD_PASSWORD, **known)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "bar.264", seconds=1)


@pytest.fixture
def serve(clip: Path) -> Iterator[Callable[..., QuirkServer]]:
    """`serve(scripts)` starts a server for this test; the relay of this process ends with it."""
    servers: list[QuirkServer] = []

    def begin(scripts: dict[str, Script], context: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> QuirkServer:
        servers.append(QuirkServer(clip, scripts, context, address=address))
        return servers[-1]

    yield begin
    relay.end_shared(1.0)
    for server in servers:
        server.close()


@dataclass
class Looked:
    """What came of one try: pictures decoded, or the failure's word and detail."""

    pictures: int = 0
    failure: str = ""
    detail: str = ""
    first_s: float = 0.0


def look(url: str, pictures: int = 5, timeout_s: float = LONG_S, on_picture: Callable[[int], None] | None = None) -> Looked:
    said, seen, began_s = Said(), Looked(), time.monotonic()
    checked = source.parse(url)
    try:
        with source.open_source(checked, timeout_s, timeout_s, said=said) as container:
            try:
                for packet in container.demux(container.streams.video[0]):
                    for _ in packet.decode():
                        seen.pictures += 1
                        seen.first_s = seen.first_s or time.monotonic() - began_s
                        if on_picture is not None:
                            on_picture(seen.pictures)
                    if seen.pictures >= pictures:
                        seen.detail = said.detail
                        return seen
                raise source.ended(said)
            except OSError as cause:
                raise source.failed(cause, checked, said, "while reading") from cause
    except SourceFailed as failed:
        seen.failure, seen.detail = failed.word, failed.detail
        return seen


def together(work: Callable[[str], Looked], names: list[str]) -> dict[str, Looked]:
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(names, pool.map(work, names), strict=True))


def until(is_so: Callable[[], bool], limit_s: float = LONG_S) -> None:
    deadline_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)


def test_every_log_in_works_with_a_password_of_any_characters(serve: Callable[..., QuirkServer]) -> None:
    """faults.md V11 V12 V13 V14 V15 V17"""
    sha, md5, basic = _DIGEST + ", algorithm=SHA-256", _DIGEST + ", algorithm=MD5", 'Basic realm="cam"'
    qop = ', qop="auth", opaque="o"'
    scripts = {
        "basic": locked(basic), "md5": locked(_DIGEST), "sha": locked(sha), "md5_qop": locked(md5 + qop),
        "sha_qop": locked(sha + qop), "md5_sha": locked(md5, sha), "sha_md5": locked(sha, md5),
        "basic_sha": locked(basic, sha + qop), "sha_basic": locked(sha, basic),
        "one_header": locked(basic, md5, sha, habits=("one_header",)), "auth_int": locked(md5 + ', qop="auth-int"'),
        "md5_sess": locked(_DIGEST + ", algorithm=MD5-sess" + qop),
        "sha_sess": locked(_DIGEST + ", algorithm=SHA-256-sess" + qop),
        "hangs_up": locked(sha, habits=("closes_on_401",)), "udp": locked(sha, habits=("udp_only",)), "open": script(),
        "longse": locked('Digest realm="Surveillance Server", nonce="{nonce}"', habits=("odd_headers",)),
    }  # fmt: skip
    server = serve(scripts)

    found = together(lambda name: look(server.url(name, f"viewer:{ODD_PASSWORD}@")), list(scripts))

    assert {name: one.failure for name, one in found.items() if one.failure} == {}
    assert all(one.pictures >= 5 for one in found.values())
    until(lambda: all(server.methods(name)[-1] == "TEARDOWN" for name in scripts))
    assert all(not re.search(r"viewer|p%40|密", request.url) for name in scripts for request in server.seen[name])


def test_a_wrong_password_is_sent_once_and_told(serve: Callable[..., QuirkServer]) -> None:
    """faults.md V18 V64: one try for each opening, whatever is offered; nothing of it in what is said"""
    scripts = {
        "basic": locked('Basic realm="c"'), "md5": locked(_DIGEST), "both": locked(_DIGEST + ", algorithm=SHA-256", _DIGEST),
        "stale": locked(_DIGEST + ", stale=true"), "forbidden": script(status={"DESCRIBE": "403 Forbidden"}),
        "unknown": locked('Digest realm="c", nonce="n", algorithm=SHA-999'), "empty": locked('Basic realm="c"'),
        "none": locked(_DIGEST),
    }  # fmt: skip
    server = serve(scripts)
    users = {"empty": "viewer@", "none": ""}

    found = together(lambda name: look(server.url(name, users.get(name, "viewer:geheim@"))), list(scripts))

    assert {name: (one.failure, one.detail) for name, one in found.items()} == {
        "basic": ("auth", ""), "md5": ("auth", ""), "both": ("auth", ""), "stale": ("auth", ""), "empty": ("auth", ""),
        "forbidden": ("auth", "forbidden"), "unknown": ("auth", "login_unknown"), "none": ("auth", "password_needed"),
    }  # fmt: skip
    assert {name: server.logins[name] for name in scripts if server.logins[name] != 1} == {
        "forbidden": 0,
        "unknown": 0,
        "none": 0,
    }


def test_a_worn_out_nonce_is_renewed_while_it_plays(serve: Callable[..., QuirkServer]) -> None:
    """faults.md V16 V31: with and without the word stale; the keep-alive of a short session carries the new one"""
    scripts = {name: locked(_DIGEST + ', qop="auth"', habits=("short_session",), timeout_s=1.6) for name in ("says", "silent")}
    server = serve(scripts)
    scripts["silent"].says_stale = False

    def wear_out(name: str) -> Callable[[int], None]:
        def at(picture: int) -> None:
            if picture in (5, 35):
                scripts[name].nonce = f"n{picture}"

        return at

    found = together(lambda name: look(server.url(name, f"viewer:{ODD_PASSWORD}@"), 70, on_picture=wear_out(name)), list(scripts))

    assert {name: (one.pictures >= 70, one.failure) for name, one in found.items()} == dict.fromkeys(scripts, (True, ""))
    assert all("GET_PARAMETER" in server.methods(name)[5:] for name in scripts)


def test_a_password_changed_while_it_plays_is_not_tried_again_and_again(serve: Callable[..., QuirkServer]) -> None:
    """faults.md V19"""
    scripts = {"cam": locked(_DIGEST, habits=("short_session",), timeout_s=1.0)}
    server = serve(scripts)

    def change(picture: int) -> None:
        if picture == 3:
            scripts["cam"].password = "another"
            scripts["cam"].nonce = "n2"

    found = look(server.url("cam", f"viewer:{ODD_PASSWORD}@"), 10_000, on_picture=change)

    assert (found.failure, found.detail) == ("auth", "")
    refused = [
        one for one in server.seen["cam"] if one.method == "GET_PARAMETER" and "n2" in one.headers.get("authorization", "")
    ]
    assert len(refused) <= 1
    assert found.pictures > 10, "it plays on for as long as the camera lets it"


HABITS = """
    stray_channels early_data crlf_data no_content_type base_without_scheme base_nonsense no_base session_changes odd_headers
    bare_line_ends odd_transport bad_rtp_info no_sets wrong_sets bad_sets sets_with_tail annex_b tail_after_sets marker_on_sei
    empty_fragments type_changes stale_data strange_rtcp asks_client garbage_between drips udp_only tcp_only"""
_EXTRA = (
    "v=0\nt=0 0\nm=audio 0 RTP/AVP 120\na=rtpmap:120 WEIRD/16000\na=control:a\nm=application 0 RTP/AVP 107\n"
    "a=rtpmap:107 vnd.onvif.metadata/90000\na=control:m\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000 \na=control:v\n"
    "m=audio 0 RTP/AVP 0\na=sendonly\na=control:back\n"
)


def test_every_bad_habit_gives_a_picture_at_once(serve: Callable[..., QuirkServer]) -> None:
    """faults.md V20 V24 V27 V28 V29 V30 V32 V33: by the relay"""
    scripts = {name: script(name) for name in HABITS.split()}
    scripts |= {
        "plain": script(), "only_sdp_sets": script(with_sets=False), "extra_tracks": script(sdp=_EXTRA),
        "no_origin": script(sdp="m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000 \na=control:track1\n"),
        "unparsable": script(sdp="v=0\nm=\nm=application\nm=audio x y\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
                                 "a=fmtp:96 packetization-mode=1{sets};\na=control:\n"),
    }  # fmt: skip
    server = serve(scripts)

    found = together(lambda name: look(server.url(name, options="#relay=on")), list(scripts))

    assert {name: one.failure for name, one in found.items() if one.failure or one.pictures < 5} == {}
    setups = [request.url for request in server.seen["extra_tracks"] if request.method == "SETUP"]
    assert [url.rsplit("/", 1)[1] for url in setups] == ["v"], "no audio, no metadata, no back channel"
    until(lambda: all(server.methods(name)[-1] in ("TEARDOWN", "REPLY") for name in scripts))


def test_real_cameras_answers_give_a_picture(serve: Callable[..., QuirkServer], shared_data: Path) -> None:
    """faults.md V27 V28 V29 V30: captured answers of six brands, our picture behind them"""
    folder = shared_data / "rtsp-sdp"
    bodies = {file.stem: file.read_bytes() for file in folder.glob("*.txt")}
    scripts = {name: script(describe=body) for name, body in bodies.items() if "describe" in name and "h265" not in name}
    setups = "hikvision_setup", "hikvision_setup_ssrc_space", "reolink_setup", "gw_main_setup_video", "dahua_setup"
    for setup in setups:
        brand = setup.split("_setup")[0]
        scripts[setup] = script(setup=bodies[setup], play=bodies[f"{brand}_play"])
    server = serve(scripts)

    found = together(lambda name: look(server.url(name, options="#relay=on")), list(scripts))

    assert len(found) > 10
    assert {name: one.failure for name, one in found.items() if one.failure or one.pictures < 5} == {}


@pytest.mark.parametrize("relayed", ["#relay=on", ""])
def test_every_refusal_has_its_word(serve: Callable[..., QuirkServer], relayed: str, free_port: int) -> None:
    """faults.md V1 V3 V4 V5 V8: through the relay, and plain, where FFmpeg alone has the first try"""
    cases = {
        "404": ("not_found", ""), "453": ("unreachable", "camera_full"), "503": ("unreachable", "camera_full"),
        "500": ("bad_stream", "camera_error"), "400": ("bad_stream", "refused"), "461": ("bad_stream", "transport"),
        "audio": ("bad_stream", "no_video"), "away": ("unreachable", "redirected"), "round": ("unreachable", "redirected"),
        "closes_DESCRIBE": ("unreachable", ""),
    }  # fmt: skip
    scripts = {name: script(status={"DESCRIBE" if name != "453" else "SETUP": f"{name} No"}) for name in cases if name.isdigit()}
    scripts["461"] = script("udp_only", "tcp_only")
    scripts["audio"] = script(sdp="v=0\nm=audio 0 RTP/AVP 0\na=control:a\n")
    scripts["away"] = script(status={"DESCRIBE": "302 Moved"}, location="rtsp://192.0.2.1/elsewhere")
    scripts["round"] = script(status={"DESCRIBE": "302 Moved"}, location="rtsp://127.0.0.1:1/")
    scripts["closes_DESCRIBE"] = script("closes_DESCRIBE")
    server = serve(scripts)
    scripts["round"].location = server.url("round") + "?again"

    if not relayed:  # FFmpeg alone goes wherever it is sent
        del cases["away"], cases["round"]

    found = together(lambda name: look(server.url(name, options=relayed)), list(cases))
    closed = look(f"rtsp://127.0.0.1:{free_port}/a{relayed}")

    assert {name: (one.failure, one.detail) for name, one in found.items()} == cases
    assert (closed.failure, closed.detail) == ("unreachable", "")


def test_silence_at_every_step_is_a_time_out(serve: Callable[..., QuirkServer]) -> None:
    """faults.md V3 V4 V5, and nonsense without end in place of an answer"""
    silent = ["silent_OPTIONS", "silent_DESCRIBE", "silent_SETUP", "silent_PLAY"]
    others = {
        "garbage": ("bad_stream", "bad_answer"), "endless_header": ("bad_stream", "bad_answer"),
        "huge_body": ("bad_stream", "bad_answer"), "never_media": ("timeout", "no_media"),
    }  # fmt: skip
    server = serve({name: script(name) for name in (*silent, *others)})

    def try_one(name: str) -> Looked:
        return look(server.url(name, options="#relay=on"), timeout_s=2.0 if name in silent else LONG_S)

    found = together(try_one, [*silent, *others])

    expected = dict.fromkeys(silent, ("timeout", "")) | others
    assert {name: (one.failure, one.detail) for name, one in found.items()} == expected


@contextlib.contextmanager
def deaf_port() -> Iterator[socket.socket]:
    """A listener whose queue is full: the system drops every further SYN, as a camera without power behind a router does."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        time.sleep(0.2)
        yield listener


@pytest.mark.parametrize("relayed", ["#relay=on", "#relay=off"])
def test_an_address_that_swallows_every_packet_is_a_time_out(relayed: str) -> None:
    """faults.md V2"""
    with deaf_port() as listener:
        found = look(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/a{relayed}", timeout_s=2.0)
    relay.end_shared(1.0)

    assert (found.failure, found.detail) == ("timeout", "")


@pytest.mark.parametrize("relayed", ["#relay=on", "#relay=off"])
def test_a_camera_that_comes_up_while_it_is_opened_gives_its_picture(clip: Path, relayed: str) -> None:
    """faults.md V6"""
    with deaf_port() as listener, ThreadPoolExecutor(1) as pool:
        opening = pool.submit(look, f"rtsp://127.0.0.1:{listener.getsockname()[1]}/a{relayed}")
        time.sleep(0.5)
        assert not opening.done()
        server = QuirkServer(clip, {"a": script()}, listener=listener)  # takes what waits; the next SYN is answered
        found = opening.result()
        relay.end_shared(1.0)
        server.close()

    assert (found.failure, found.pictures >= 5) == ("", True)


def test_a_small_receive_buffer_costs_pictures_but_never_the_feed(serve: Callable[..., QuirkServer], tmp_path: Path) -> None:
    """faults.md V22: key frames of 100 KB and more in one burst of packets"""
    large = make_clip(tmp_path / "large.264", seconds=1, width=1280, height=720, bitrate=20_000_000)
    server = QuirkServer(large, {"a": script("udp_only")})
    try:
        assert look(server.url("a")).pictures >= 5
        for size in ("2048", "65536"):
            with source.open_source(source.parse(server.url("a")), LONG_S, LONG_S, options=[("buffer_size", size)]) as container:
                packets = container.demux(container.streams.video[0])
                assert all(next(packets).size for _ in range(10)), "it plays on, damaged"
    finally:
        server.close()


def test_a_redirect_on_the_same_host_is_followed_with_the_log_in(serve: Callable[..., QuirkServer]) -> None:
    """faults.md V8"""
    goal, foreign = serve({"goal": locked(_DIGEST)}), serve({"goal": locked(_DIGEST)}, address="127.0.0.2")
    elsewhere = foreign.url("goal").replace("127.0.0.1", "127.0.0.2")
    scripts = {
        "other_port": script(status={"DESCRIBE": "301 Moved"}, location=goal.url("goal")),
        "foreign": script(status={"DESCRIBE": "302 Moved"}, location=elsewhere),
        "allowed": script(status={"DESCRIBE": "302 Moved"}, location=elsewhere),
    }
    server = serve(scripts)
    options = {"allowed": "#redirect=127.0.0.2"}

    found = together(lambda name: look(server.url(name, f"viewer:{ODD_PASSWORD}@", options.get(name, ""))), list(scripts))

    assert {name: (one.failure, one.detail) for name, one in found.items()} == {
        "other_port": ("", ""), "foreign": ("unreachable", "redirected"), "allowed": ("", ""),
    }  # fmt: skip


def test_sessions_are_kept_alive_by_the_method_the_camera_knows(serve: Callable[..., QuirkServer]) -> None:
    """faults.md V31: sessions of 1.2 s live on for 3 s, by GET_PARAMETER alone or OPTIONS alone"""
    short = ("short_session", "only_get_parameter"), ("short_session", "only_options"), ("short_session",)
    scripts = {
        "get": script(*short[0], timeout_s=1.2),
        "options": script(*short[1], timeout_s=1.2, public="OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, SET_PARAMETER"),
        "lies": script(*short[1], timeout_s=2.4),
        "says_nothing": script(*short[2], timeout_s=1.2, public=""),
    }
    server = serve(scripts)

    found = together(lambda name: look(server.url(name, options="#relay=on"), 75), list(scripts))

    assert {name: one.failure for name, one in found.items() if one.failure} == {}
    kept = {name: [one for one in server.seen[name][4:] if one.method in ("OPTIONS", "GET_PARAMETER")] for name in scripts}
    assert {one.method for one in kept["get"]} == {"GET_PARAMETER"}
    assert {one.method for one in kept["options"]} == {"OPTIONS"}
    assert all(one.headers.get("session") for asked in kept.values() for one in asked)
    assert not any("SET_PARAMETER" in server.methods(name) for name in scripts)


def test_ffmpeg_that_vanishes_still_leaves_a_farewell_and_media_of_others_is_left_out(serve: Callable[..., QuirkServer]) -> None:
    """faults.md V32: TEARDOWN whenever FFmpeg goes, also without one of its own"""
    server = serve({"cam": locked(_DIGEST)})
    checked = source.parse(server.url("cam", f"viewer:{ODD_PASSWORD}@"))
    address = relay.shared().address_for(checked, Said(), LONG_S, {})
    host, port, token = re.match(r"rtsp://([\d.]+):(\d+)/(.+)", address).groups()  # type: ignore[union-attr]
    numbers = itertools.count(1)
    with socket.create_connection((host, int(port)), LONG_S) as link:
        replies = link.makefile("rb")
        interleaved = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        for method, path, more in (("DESCRIBE", "", ""), ("SETUP", "/video", interleaved), ("PLAY", "", "")):
            link.sendall(f"{method} {address}{path} RTSP/1.0\r\nCSeq: {next(numbers)}\r\n{more}\r\n".encode())
            assert replies.readline() == b"RTSP/1.0 200 OK\r\n"
            length = 0
            while (line := replies.readline()) != b"\r\n":
                length = int(line.split(b":")[1]) if line.startswith(b"Content-Length") else length
                assert b"viewer" not in line
            replies.read(length)
        assert replies.read(1) == b"$"
        replies.close()

    until(lambda: server.methods("cam")[-1] == "TEARDOWN")
    with socket.create_connection((host, int(port)), LONG_S) as again:
        again.sendall(f"OPTIONS rtsp://127.0.0.1/{token} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        assert again.recv(100) == b"", "a token is good for one connection"


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.0\r\n\r\n", b"OPTIONS rtsp://127.0.0.1/guess RTSP/1.0\r\n\r\n", b"\xff" * 90_000]
)
def test_a_stranger_on_the_loopback_gets_nothing(serve: Callable[..., QuirkServer], data: bytes) -> None:
    port = int(relay.shared().address_for(source.parse("rtsp://192.0.2.1/a"), Said(), 1.0, {}).split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), LONG_S) as link:
        link.sendall(data)
        try:
            assert link.recv(100) == b""
        except ConnectionResetError:
            pass  # closed with bytes of ours unread


def test_a_cameras_certificate_is_checked(serve: Callable[..., QuirkServer], tmp_path: Path) -> None:
    """faults.md V23: good, self-signed, expired, for another address, of an unknown authority, pinned, not the pinned one,
    unverified because the operator said so, and no TLS at all"""
    authority = Authority(tmp_path)
    good, selfsigned = authority.camera("good"), authority.camera("selfsigned", is_self_signed=True)
    servers = {
        "good": serve({"a": locked(_DIGEST)}, good.context), "selfsigned": serve({"a": locked(_DIGEST)}, selfsigned.context),
        "expired": serve({"a": locked(_DIGEST)}, authority.camera("expired", days=-1).context),
        "elsewhere": serve({"a": locked(_DIGEST)}, authority.camera("elsewhere", "192.0.2.7").context),
        "plain": serve({"a": locked(_DIGEST)}),
    }  # fmt: skip
    ca, pin = f"#tls_ca={authority.file}", "#tls_pin={}"
    colons = ":".join(re.findall("..", good.fingerprint.upper()))
    cases = {
        "good": ("good", ca, "", ""), "system authorities": ("good", "", "unreachable", "certificate_unknown"),
        "self-signed": ("selfsigned", "", "unreachable", "certificate_self_signed"),
        "expired": ("expired", ca, "unreachable", "certificate_expired"),
        "wrong name": ("elsewhere", ca, "unreachable", "certificate_wrong_name"),
        "pinned": ("selfsigned", pin.format(selfsigned.fingerprint), "", ""),
        "pinned, as people write it": ("good", pin.format(colons), "", ""),
        "not pinned": ("good", pin.format(selfsigned.fingerprint), "unreachable", "certificate_not_pinned"),
        "unverified": ("expired", "#tls=unverified", "", "unverified"), "no tls": ("plain", ca, "unreachable", "no_tls"),
        "no authority": ("good", "#tls_ca=/none.pem", "bad_stream", "refused"),
    }  # fmt: skip

    def try_one(name: str) -> Looked:
        server, options, _, _ = cases[name]
        return look(servers[server].url("a", f"viewer:{ODD_PASSWORD}@", options).replace("rtsp:", "rtsps:"))

    found = together(try_one, list(cases))

    assert {name: (one.failure, one.detail) for name, one in found.items()} == {name: case[2:] for name, case in cases.items()}
    assert not servers["elsewhere"].seen and not servers["plain"].logins, "nothing is sent before the certificate is known"


def test_a_camera_that_comes_back_at_another_address_is_found(clip: Path) -> None:
    """faults.md V26 V7: the name is asked anew for each try; one that is not known has its word"""
    addresses = {"cam.test": "127.0.0.2"}
    asked: list[str] = []

    async def resolve(name: str) -> str:
        asked.append(name)
        await asyncio.sleep(0)
        if name not in addresses:
            raise socket.gaierror("unknown")
        return addresses[name]

    first = QuirkServer(clip, {"a": script()}, address="127.0.0.2")
    own = Relay(resolve)
    own.start()
    try:
        url = f"rtsp://cam.test:{first.port}/a"

        def reply_of(name: str) -> tuple[bytes, Said]:
            said = Said()
            address = own.address_for(source.parse(url.replace("cam.test", name)), said, LONG_S, {})
            with socket.create_connection(("127.0.0.1", int(address.split(":")[2].split("/")[0])), LONG_S) as link:
                link.sendall(f"DESCRIBE {address} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
                return link.recv(4096)[:16], said

        assert reply_of("cam.test")[0] == b"RTSP/1.0 200 OK\r"
        first.close()
        second = QuirkServer(clip, {"a": script()}, address="127.0.0.3")
        url, addresses["cam.test"] = f"rtsp://cam.test:{second.port}/a", "127.0.0.3"
        assert reply_of("cam.test")[0] == b"RTSP/1.0 200 OK\r"
        second.close()
        said = reply_of("gone.test")[1]
        assert (said.word, said.detail) == ("unreachable", "unknown_name")
    finally:
        own.close()
    assert asked == ["cam.test", "cam.test", "gone.test"]
