"""What a wall asks of real RTSP streams: shared, moved over without a gap, behind, lost, jumping, waited for."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.media import slots
from console.model.wall import FeedHealth, WantedFeed
from console.services.feeds import Feeds
from tests.end2end.cameras import RtspServer, wait_for
from tests.end2end.mangler import Mangler
from tests.media.clips import key_frames_in_halves, make_clip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    halves = make_clip(folder / "two.264", seconds=4, options={"slices": "2"})
    return {
        "plain": make_clip(folder / "plain.264", seconds=4),
        "rare": make_clip(folder / "rare.264", seconds=6, gop=150),
        "halves": key_frames_in_halves(halves, folder / "halves.264"),
        "hevc": make_clip(folder / "hevc.265", seconds=4, width=160, height=120, codec="libx265"),
    }


@pytest.fixture
def server(peer: Callable[[str], str], clips: dict[str, Path]) -> Iterator[RtspServer]:
    peer("gst-rtsp-server")
    made = RtspServer([clips["plain"], clips["rare"], clips["halves"]], "--mounts", "6")
    yield made
    made.close()


@pytest.fixture
def mangler(server: RtspServer) -> Iterator[Mangler]:
    made = Mangler(server.port)
    yield made
    made.close()


@pytest.fixture
def feeds() -> Iterator[Feeds]:
    made = Feeds(workers=1)
    yield made
    made.close()


def wanted(url: str, tile: str = "a", height_px: int = 120, **more: object) -> WantedFeed:
    return WantedFeed(tile, "camera", url, width_px=height_px * 4 // 3, height_px=height_px, **more)  # type: ignore[arg-type]


def health(feeds: Feeds, tile: str = "a") -> FeedHealth:
    return feeds.health().get(tile) or FeedHealth(tile, "", "connecting", 0)


def is_live(feeds: Feeds, tile: str = "a") -> bool:
    return health(feeds, tile).state == "live"


def viewers(server: RtspServer) -> int:
    return int(server.say("clients").split()[2])


def pictures(feeds: Feeds, tile: str = "a") -> int:
    slot = feeds.slot(tile)
    return 0 if slot is None else slot.generation


def test_one_camera_in_three_tiles_is_one_connection(server: RtspServer, feeds: Feeds) -> None:
    """faults.md V57; and V56: a hidden wall asks for nothing, and has its pictures back"""
    tiles = [wanted(server.url(0), str(height), height) for height in (60, 120, 240)]
    feeds.want(tiles)
    wait_for(lambda: all(is_live(feeds, one.tile) for one in tiles))
    assert viewers(server) == 1
    found = [feeds.frame(one.tile) for one in tiles]
    assert [picture[0].height_px for picture in found if picture] == [60, 120, 240]

    feeds.want(())

    wait_for(lambda: viewers(server) == 0)
    feeds.want(tiles)
    wait_for(lambda: all(is_live(feeds, one.tile) for one in tiles))


def test_a_growing_tile_moves_to_the_main_stream_without_a_gap(server: RtspServer, feeds: Feeds) -> None:
    """faults.md V58: make before break; a main stream that is not there leaves the sub stream alone"""
    feeds.want([
        WantedFeed("a", "camera", server.url(0), server.url(3), 160, 120),
        WantedFeed("b", "other", server.url(9), server.url(3), 160, 120),
    ])  # fmt: skip
    wait_for(lambda: is_live(feeds) and is_live(feeds, "b"))
    assert viewers(server) == 1, "both show the same sub stream"
    first = {health(feeds, tile).profile for tile in "ab"}

    feeds.want([
        WantedFeed("a", "camera", server.url(0), server.url(3), 640, 480),
        WantedFeed("b", "other", server.url(9), server.url(3), 640, 480),
    ])  # fmt: skip

    def has_moved() -> bool:
        assert all(feeds.frame(tile) is not None for tile in "ab"), "never black"
        return health(feeds).profile == "main" and health(feeds, "b").width_px > 0

    wait_for(has_moved)
    assert first == {"sub"}
    assert health(feeds, "b").profile == "sub"
    assert health(feeds, "b").error is None
    before = pictures(feeds, "b")
    wait_for(lambda: pictures(feeds, "b") > before + 5)


def test_a_decoder_that_stood_still_is_at_the_newest_picture_at_once(server: RtspServer, feeds: Feeds) -> None:
    """faults.md V47 V60: nothing of the four seconds is played after; the lag told is gone"""
    feeds.want([wanted(server.url(0))])
    wait_for(lambda: pictures(feeds) > 20)
    (pid,) = feeds.child_pids()

    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: health(feeds).state == "held")
    slot = feeds.slot("a")
    assert slot is not None
    shown, decoded = slot.generation, slot.header[slots.DECODED]
    os.kill(pid, signal.SIGCONT)

    wait_for(lambda: is_live(feeds) and (health(feeds).age_ms or 9e9) < 500)
    assert slot.header[slots.LAG_NS] < 500_000_000
    assert slot.header[slots.DECODED] - decoded > 2 * (slot.generation - shown), "what was missed was decoded, not shown"
    assert health(feeds).reconnects == 0


def test_jumping_time_stamps_neither_stop_nor_hurry_a_tile(mangler: Mangler, feeds: Feeds) -> None:
    """faults.md V43 V45: two hours for one picture, three hours for good, back, past the end of 32 bits; no or wrong reports"""
    feeds.want([wanted(mangler.url(0))])
    wait_for(lambda: pictures(feeds) > 10)
    slot = feeds.slot("a")
    assert slot is not None

    for jump in ("blip", "blip back", "ahead", "back", "wrap", "wrong", "dropped"):
        mangler.reports = jump if jump in ("wrong", "dropped") else "kept"
        mangler.blip_s = {"blip": 7200.0, "blip back": -7200.0}.get(jump, 0.0)
        mangler.offset_s = {"ahead": 10_800.0, "back": 0.0, "wrap": 47_000.0}.get(jump, mangler.offset_s)
        before = slot.generation
        wait_for(lambda before=before: slot.generation > before + 20)
        assert slot.header[slots.LAG_NS] < 1_000_000_000
        assert slot.header[slots.INTERVAL_NS] == pytest.approx(40_000_000, rel=0.5)
    assert health(feeds).reconnects == 0
    assert mangler.connections == 1


def test_a_camera_that_comes_up_while_it_is_opened_is_live(mangler: Mangler, feeds: Feeds) -> None:
    """faults.md V6: its first answers come two seconds late"""
    mangler.delay_s = 2.0
    feeds.want([wanted(mangler.url(0))])
    wait_for(lambda: mangler.connections == 1)

    mangler.delay_s = 0.0

    wait_for(lambda: is_live(feeds))


def test_an_address_that_swallows_every_call_is_said_and_disturbs_nobody(server: RtspServer) -> None:
    """faults.md V2: a full door answers no SYN; the other tile goes on, and closing does not wait"""
    feeds = Feeds(workers=1, open_timeout_s=1.0)
    with socket.socket() as door, socket.socket() as first, socket.socket() as second:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        for caller in (first, second):
            caller.setblocking(False)
            caller.connect_ex(door.getsockname())
        feeds.want([wanted(server.url(0)), wanted(f"rtsp://127.0.0.1:{door.getsockname()[1]}/a", "mute")])

        wait_for(lambda: health(feeds, "mute").error is not None and is_live(feeds))
        before = pictures(feeds)
        wait_for(lambda: pictures(feeds) > before + 10)

        assert health(feeds, "mute").state == "none"
        assert health(feeds, "mute").error == "timeout"
        feeds.close()


def test_a_stream_that_is_behind_for_good_is_opened_anew(mangler: Mangler, feeds: Feeds) -> None:
    """faults.md V47: the camera's own queue is three seconds long; its delay is gone after the new connection"""
    feeds.want([wanted(mangler.url(0))])
    wait_for(lambda: pictures(feeds) > 10)

    mangler.delay_s = 3.0
    wait_for(lambda: (health(feeds).age_ms or 0) > 2500 and is_live(feeds))
    wait_for(lambda: mangler.connections == 2)
    mangler.delay_s = 0.0

    wait_for(lambda: is_live(feeds) and (health(feeds).age_ms or 9e9) < 1000)


def test_lost_packets_hold_the_last_clean_picture_and_say_so(mangler: Mangler, feeds: Feeds) -> None:
    """faults.md V37"""
    feeds.want([wanted(mangler.url(0))])
    wait_for(lambda: pictures(feeds) > 10)
    slot = feeds.slot("a")
    assert slot is not None

    mangler.lost = 0.05
    wait_for(lambda: health(feeds).detail == "damaged" and feeds.drops("a") > 3)
    mangler.lost = 0.0

    wait_for(lambda: health(feeds).detail == "" and is_live(feeds))


def test_key_frames_in_halves_show_an_imperfect_picture_soon(server: RtspServer, feeds: Feeds) -> None:
    """faults.md V37: a server that cuts every key frame in two; the whole stream beside it is the control"""
    feeds.want([wanted(server.url(0)), wanted(server.url(2), "halves")])
    wait_for(lambda: is_live(feeds) and is_live(feeds, "halves"))

    slot = feeds.slot("halves")
    assert slot is not None
    assert slot.header[slots.DECODED] < 60, "shown after about a second of its stream, not after four"
    wait_for(lambda: health(feeds, "halves").detail == "damaged")
    assert health(feeds).detail == ""


def test_waiting_for_a_key_frame_is_said_and_then_how_long_it_takes(server: RtspServer, feeds: Feeds) -> None:
    """faults.md V34 V35: the second viewer comes in the middle of a long group of pictures"""
    feeds.want([wanted(server.url(1))])
    wait_for(lambda: pictures(feeds) > 15)
    second = Feeds(workers=1)
    try:
        second.want([wanted(server.url(1))])
        wait_for(lambda: health(second).detail == "key_frame")
        assert health(second).state == "connecting"
        wait_for(lambda: is_live(second))
        assert health(second).detail == ""
    finally:
        second.close()
    wait_for(lambda: health(feeds).gop_s > 3)


def test_a_camera_that_changes_its_codec_comes_back_as_what_it_is(
    peer: Callable[[str], str], clips: dict[str, Path], feeds: Feeds
) -> None:
    """faults.md V36 V49: H.264 to H.265 and another size, over a restart of the camera"""
    peer("gst-rtsp-server")
    camera = RtspServer([clips["plain"]])
    feeds.want([wanted(camera.url(0))])
    wait_for(lambda: is_live(feeds) and health(feeds).codec == "h264")

    camera.close()
    again = RtspServer([clips["hevc"]], "--port", str(camera.port))

    wait_for(lambda: is_live(feeds) and health(feeds).codec == "hevc")
    assert health(feeds).width_px == 160
    again.close()


def test_a_camera_without_udp_is_reached_by_tcp_though_udp_was_asked_for(
    peer: Callable[[str], str], clips: dict[str, Path]
) -> None:
    """faults.md V20"""
    peer("gst-rtsp-server")
    camera, feeds = RtspServer([clips["plain"]], "--tcp-only"), Feeds(workers=1, transport="udp")
    try:
        feeds.want([wanted(camera.url(0))])
        wait_for(lambda: is_live(feeds))
    finally:
        feeds.close()
        camera.close()


class Door:
    """A listener that takes every connection, answers none, and writes down who came in which order."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self.came: list[int] = []
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                client.settimeout(10)
                self.came.append(int(client.recv(4096).split()[1].rpartition(b"/c")[2]))
                self._held.append(client)
            except (OSError, IndexError, ValueError):
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._held:
            client.close()
        self._thread.join()


def test_forty_cameras_at_once_are_opened_by_their_importance(feeds: Feeds) -> None:
    """faults.md V9: none of them answers, and still the important ones come first and all are tried"""
    door = Door()
    try:
        numbers = [(n * 17) % 40 for n in range(40)]
        urls = {n: f"rtsp://127.0.0.1:{door.port}/c{n}" for n in numbers}
        feeds.want([WantedFeed(str(n), f"camera {n}", urls[n], priority=n) for n in numbers])

        wait_for(lambda: len(set(door.came)) == 40)

        assert set(door.came[:6]) == set(range(6))
        order = [n for place, n in enumerate(door.came) if n not in door.came[:place]]
        assert sum(abs(n - place) for place, n in enumerate(order)) <= 6 * 40
    finally:
        feeds.want(())
        door.close()
