"""Just now, with real cameras and real decoder children: playing back beside live, clips over a reconnect, masks, households."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import pytest

from console.clock import SystemClock
from console.model.wall import WantedFeed
from console.services.clips import About, Kept, Saver
from console.services.feeds import Feeds
from console.services.justnow import Replays
from console.store import clips
from tests.end2end.cameras import RtspServer
from tests.end2end.house import until
from tests.media.clips import make_clip

LEFT = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
SIZE = {"width_px": 320, "height_px": 240}


@pytest.fixture(scope="module")
def raw_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "bar.264", seconds=4)


@pytest.fixture
def server(peer: Callable[[str], str], raw_clip: Path) -> Iterator[RtspServer]:
    peer("gst-rtsp-server")
    made = RtspServer([raw_clip], "--mounts", "2")
    yield made
    made.close()


class Seat:
    """Feeds, a saver and replays, without a window."""

    def __init__(self, root: Path, feeds: Feeds) -> None:
        self.root, self.feeds = root, feeds
        self.ended: list[tuple[str, str]] = []
        self.saver = Saver(root, self.feeds, SystemClock())
        self.replays = Replays(self.feeds, lambda tile, slot, word: self.ended.append((tile, word)))

    def want(self, *wanted: WantedFeed) -> None:
        self.feeds.want(wanted)

    def kept_s(self, tile: str) -> float:
        health = self.feeds.health().get(tile)
        return health.ring_s if health is not None else 0.0

    def ask(self, act: Callable[[Callable[[tuple[Kept, ...], str], None]], None]) -> tuple[tuple[Kept, ...], str]:
        """Do one act of the saver and wait for its answer."""
        heard, answers = threading.Event(), []

        def done(kept: tuple[Kept, ...], word: str) -> None:
            answers.append((kept, word))
            heard.set()

        act(done)
        assert heard.wait(30)
        return answers[0]

    def close(self) -> None:
        self.replays.close()
        self.saver.close()
        self.feeds.want(())


@pytest.fixture(scope="module")
def feeds() -> Iterator[Feeds]:
    """One decoder child for the whole module. Each test has cameras of its own: what was kept of one lives on for a minute."""
    made = Feeds(None, workers=1)
    yield made
    made.close()


@pytest.fixture
def seat(tmp_path: Path, feeds: Feeds) -> Iterator[Seat]:
    made = Seat(tmp_path / "data", feeds)
    yield made
    made.close()


def _pictures(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for packet in container.demux(container.streams.video[0]) if packet.size)


def _note(seat: Seat, kept: Kept) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(clips.locate(seat.root, str(kept.body["note"])).read_text("utf-8"))
    return found


def test_a_tile_plays_back_while_its_stream_and_its_neighbour_go_on(seat: Seat, server: RtspServer) -> None:
    seat.want(WantedFeed("a", "C-11", server.url(0), **SIZE), WantedFeed("b", "C-12", server.url(1), **SIZE))
    until("three seconds are kept", lambda: seat.kept_s("a") > 3)
    before = {tile: seat.feeds.health()[tile].reconnects for tile in ("a", "b")}

    seat.replays.start("a", 320, 240, (), None, 3.0)
    until("the replay has a picture", seat.replays.look)
    until("the tile says that it is a replay", lambda: seat.feeds.health()["a"].state == "replay")
    behind_ms = seat.feeds.health()["a"].age_ms
    assert behind_ms is not None and 1_500 < behind_ms < 15_000
    assert seat.feeds.health()["b"].state == "live"
    kept_s = seat.kept_s("a")
    seat.replays.pause("a", True)
    until("the stream under the paused replay goes on", lambda: seat.kept_s("a") > kept_s + 1)

    kept, word = seat.ask(lambda done: seat.saver.still("a", About("C-11"), done, slot=seat.replays.find("a").slot.name))  # type: ignore[union-attr]
    assert not word and abs(kept[0].body["taken_ns"] - seat.feeds.health()["a"].picture_at_ns) < 1_500_000_000  # type: ignore[operator]

    seat.replays.end("a")
    until("live again", lambda: seat.feeds.health()["a"].state == "live")
    assert {tile: seat.feeds.health()[tile].reconnects for tile in ("a", "b")} == before
    until("the replay was ended by us", lambda: seat.ended == [("a", "closed")])


def test_a_clip_reaches_over_a_reconnect_and_says_the_gap_and_the_camera_s_clock(seat: Seat, server: RtspServer) -> None:
    """faults.md V49: the server is gone for a moment; what was kept before it stays."""
    seat.want(WantedFeed("a", "C-21", server.url(0), **SIZE))
    until("two seconds are kept", lambda: seat.kept_s("a") > 2)
    server.say("cut 0")
    until("the feed came back", lambda: seat.feeds.health()["a"].reconnects >= 1)
    kept_s = seat.kept_s("a")
    until("a second more is kept", lambda: seat.kept_s("a") > kept_s + 1)

    kept, word = seat.ask(lambda done: seat.saver.clip("a", About("C-21", by="li"), 60, done))

    assert not word
    note = _note(seat, kept[0])
    path = clips.locate(seat.root, str(kept[0].body["file"]))
    assert [gap["cause"] for gap in note["gaps"]].count("reconnect") == 1
    assert _pictures(path) == note["pictures"] > 50 and clips.sha256_of(path) == note["sha256"]
    assert abs((note["end_ns"] - note["begin_ns"]) / 1e9 - seat.kept_s("a")) < 4
    offset_ms = note["clock"]["camera_offset_ms"]
    assert offset_ms is None or abs(offset_ms) < 5_000  # the test server tells this computer's own time, when it tells it


def test_what_is_masked_is_in_no_clip_and_no_picture(seat: Seat, tmp_path: Path) -> None:
    """issue 3, item 8: a camera with privacy masks is never copied as it is."""
    movie = make_clip(tmp_path / "movie.mp4", seconds=3)
    seat.want(WantedFeed("a", "C-31", str(movie), masks=LEFT, **SIZE))
    until("two seconds are kept", lambda: seat.kept_s("a") > 2)

    (clip,), _ = seat.ask(lambda done: seat.saver.clip("a", About("C-31"), 60, done))
    (still,), _ = seat.ask(lambda done: seat.saver.still("a", About("C-31"), done, suffix=".png"))

    assert (clip.body["is_masked"], still.body["is_masked"], _note(seat, clip)["transcoded"]) == (True, True, True)
    for kept in (clip, still):
        with av.open(str(clips.locate(seat.root, str(kept.body["file"])))) as container:
            brightest = [int(frame.to_ndarray(format="gray")[:, :140].max()) for frame in container.decode(video=0)]
        assert brightest and max(brightest) < 200  # the white bar walks over the whole picture


def test_a_household_camera_beyond_its_incident_keeps_nothing(seat: Seat, tmp_path: Path) -> None:
    """law.md, household: no ring, no clip, no picture, no replay, whatever asks for it; and what was there is forgotten."""
    movie = make_clip(tmp_path / "home.mp4", seconds=3)
    home = WantedFeed("h", "H-1", str(movie), keep_stills=False, **SIZE)
    seat.want(home)
    until("within the incident a second is kept", lambda: seat.kept_s("h") > 1)

    seat.want(WantedFeed("h", "H-1", str(movie), keep_stills=False, ring_s=0.0, **SIZE))
    until("the incident closed: nothing is kept any more", lambda: seat.kept_s("h") == 0)

    assert seat.ask(lambda done: seat.saver.clip("h", About("H-1"), 60, done)) == ((), "no_ring")
    assert seat.ask(lambda done: seat.saver.still("h", About("H-1"), done)) == ((), "household")
    seat.replays.start("h", 320, 240, (), None, 3.0)
    until("the replay is refused", lambda: seat.ended == [("h", "no_ring")])
    seat.replays.end("h")
    assert list((seat.root / "clips").glob("*")) == list((seat.root / "stills").glob("*")) == []


def test_an_enlarged_tile_still_has_what_its_small_stream_kept(seat: Seat, tmp_path: Path) -> None:
    """The tile changes from sub to main stream: the minute before is played and saved from both."""
    main = make_clip(tmp_path / "main.mp4", seconds=3, width=640, height=480)
    sub = make_clip(tmp_path / "sub.mp4", seconds=3)
    small = WantedFeed("a", "C-51", str(main), str(sub), **SIZE)
    seat.want(small)
    until("two seconds of the sub stream are kept", lambda: seat.kept_s("a") > 2)

    seat.want(WantedFeed("a", "C-51", str(main), str(sub), width_px=640, height_px=480, is_large=True))
    until("the main stream is shown", lambda: seat.feeds.health()["a"].width_px == 640 and seat.kept_s("a") > 1)
    kept, word = seat.ask(lambda done: seat.saver.clip("a", About("C-51"), 60, done))

    assert not word and [_note(seat, one)["width_px"] for one in kept] == [320, 640]
    assert [(_note(seat, one)["piece"], _note(seat, one)["pieces"]) for one in kept] == [(1, 2), (2, 2)]
