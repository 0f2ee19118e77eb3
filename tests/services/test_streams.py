"""The book of streams: one connection per camera and profile, and nothing goes before what replaces it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from console.media import slots
from console.model.grant import Grant
from console.model.wall import WantedFeed
from console.services.streams import REFUSED_FOR_NS, SWITCH_EVERY_NS, Streams, View

MAIN, SUB = "rtsp://10.0.0.1/main", "rtsp://10.0.0.1/sub"
SECOND_NS = 1_000_000_000


class Book:
    """Streams with a clock, and a hand that fills their slots."""

    def __init__(self) -> None:
        self.streams = Streams(has_stills=True)
        self.mono_ns = 100 * SECOND_NS
        self.failed: set[str] = set()

    def want(self, *wanted: WantedFeed, grants: dict[str, Grant] | None = None) -> None:
        self.streams.arrange({one.tile: one for one in wanted}, grants or {}, 0, self.mono_ns)

    def grant(self, **grants: Grant) -> None:
        if self.streams.grant(grants):
            self.streams.refresh(self.mono_ns)

    def tick(self, seconds: float = 0.1) -> None:
        self.mono_ns += round(seconds * SECOND_NS)
        if self.streams.settle(self.mono_ns, lambda job: job in self.failed):
            self.streams.refresh(self.mono_ns)

    def show(self, view: View | None) -> None:
        """A picture arrives in a view's slot, now."""
        assert view is not None
        slot = view.outlet.slot
        index, _ = slot.begin(16, 16)
        slot.publish(index, 0, self.mono_ns)
        slot.header[slots.LAST_PACKET_NS], slot.header[slots.INTERVAL_NS] = self.mono_ns, 40_000_000

    def shown(self, tile: str = "a") -> View:
        view = self.streams.tiles[tile].shown
        assert view is not None
        return view

    def coming(self, tile: str = "a") -> View | None:
        return self.streams.tiles[tile].coming

    def urls(self) -> list[str]:
        return sorted(job.url for job in self.streams.jobs().values())


@pytest.fixture
def book() -> Iterator[Book]:
    made = Book()
    yield made
    made.want()
    for slot in made.streams.retired:
        slot.close()


def wanted(tile: str = "a", height_px: int = 270, **more: object) -> WantedFeed:
    return WantedFeed(tile, "cam", MAIN, SUB, height_px * 16 // 9, height_px, **more)  # type: ignore[arg-type]


def test_one_camera_in_three_sizes_is_one_stream_with_three_targets(book: Book) -> None:
    """faults.md V57"""
    book.want(wanted("a", 100), wanted("b", 200), wanted("c", 300), wanted("d", 300))

    (job,) = book.streams.jobs().values()

    assert job.url == SUB
    assert sorted(target.height_px for target in job.targets) == [100, 200, 300]


def test_two_profiles_of_a_camera_are_two_streams(book: Book) -> None:
    book.want(wanted("a", 200), wanted("b", 800))

    assert book.urls() == [MAIN, SUB]


def test_masks_and_views_are_targets_of_their_own_on_one_stream(book: Book) -> None:
    mask = (((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)),)

    book.want(wanted("a"), wanted("b", masks=mask))

    (job,) = book.streams.jobs().values()
    assert len(job.targets) == 2
    assert job.masks == mask


def test_another_size_keeps_the_old_picture_until_the_new_one_is_there(book: Book) -> None:
    """faults.md V58"""
    book.want(wanted(height_px=200))
    book.show(book.shown())
    former = book.shown()

    book.want(wanted(height_px=300))
    book.tick()
    assert book.shown() is former
    assert len(book.streams.jobs()) == 1
    book.show(book.coming())
    book.tick()

    assert book.shown().outlet.target.height_px == 300
    assert former.outlet.slot in book.streams.retired
    assert len(next(iter(book.streams.jobs().values())).targets) == 1


def test_the_main_stream_opens_beside_the_sub_stream_and_then_replaces_it(book: Book) -> None:
    """faults.md V58: make before break"""
    book.want(wanted(height_px=200))
    book.show(book.shown())

    book.want(wanted(height_px=900))
    assert book.urls() == [MAIN, SUB]
    assert book.shown().profile == "sub"
    book.show(book.shown())
    book.show(book.coming())
    book.tick()

    assert book.urls() == [MAIN]
    assert book.shown().profile == "main"


def test_a_main_stream_that_cannot_be_opened_leaves_the_sub_stream_alone(book: Book) -> None:
    """faults.md V58"""
    book.want(wanted(height_px=200))
    book.show(book.shown())
    book.want(wanted(height_px=900))
    coming = book.coming()
    assert coming is not None

    book.failed.add(coming.stream.job.id)
    book.show(book.shown())
    book.tick()

    assert book.urls() == [SUB]
    assert book.shown().profile == "sub"
    book.show(book.shown())
    book.tick(1)
    assert book.urls() == [SUB], "it is not tried again at once"
    book.tick(REFUSED_FOR_NS / SECOND_NS)
    assert book.urls() == [MAIN, SUB]


def test_when_the_old_stream_has_gone_too_the_new_one_is_waited_for(book: Book) -> None:
    book.want(wanted(height_px=200))
    book.show(book.shown())
    book.want(wanted(height_px=900))
    coming = book.coming()
    assert coming is not None
    book.failed.add(coming.stream.job.id)

    book.tick(10)

    assert book.coming() is coming


def test_dragging_round_the_limit_switches_at_most_once_in_five_seconds(book: Book) -> None:
    """faults.md V58"""
    switches, last = [], None
    for step in range(200):
        book.want(wanted(height_px=(300, 900, 410, 350)[step % 4]))
        tile = book.streams.tiles["a"]
        if last is not None and tile.profile != last:
            switches.append(book.mono_ns)
        last = tile.profile
        for view in (tile.shown, tile.coming):
            if view is not None:
                book.show(view)
        assert book.shown().has_picture, "never black"
        book.tick(0.1)

    assert 2 <= len(switches) <= 5
    assert all(later - sooner >= SWITCH_EVERY_NS for sooner, later in pairwise(switches))


def test_a_tile_a_little_over_the_limit_stays_with_what_it_has(book: Book) -> None:
    book.want(wanted(height_px=390))
    book.show(book.shown())

    book.want(wanted(height_px=420))

    assert book.urls() == [SUB]


def test_a_tile_that_stands_alone_gets_the_main_stream_at_once(book: Book) -> None:
    book.want(wanted(height_px=200))
    book.show(book.shown())
    book.want(wanted(height_px=900))
    book.show(book.coming())
    book.tick()
    book.want(wanted(height_px=200))
    book.tick(6)

    book.want(wanted(height_px=200, is_large=True))

    assert book.streams.tiles["a"].profile == "main"


def test_a_grant_decides_the_profile_and_the_strongest_mode_of_a_streams_tiles_holds(book: Book) -> None:
    book.want(wanted("a", 900), wanted("b", 200))

    book.grant(a=Grant("sub", "key", 5.0, "cpu"), b=Grant("sub", "nonref", 12.0, "cpu"))
    for view in (book.shown("a"), book.shown("b")):
        book.show(view)
    book.tick()

    (job,) = book.streams.jobs().values()
    assert (job.url, job.mode) == (SUB, "nonref")
    assert sorted(target.max_fps for target in job.targets) == [5.0, 12.0]


def test_a_tile_name_given_to_another_camera_shows_nothing_of_the_first(book: Book) -> None:
    book.want(wanted())
    book.show(book.shown())

    book.want(replace(wanted(), camera="other", url="rtsp://10.0.0.2/main", url_sub=""))

    assert not book.shown().has_picture
    assert book.urls() == ["rtsp://10.0.0.2/main"]


def test_own_open_options_make_a_stream_of_their_own(book: Book) -> None:
    book.want(wanted("a"), wanted("b", open_options=(("rtsp_transport", "udp"),)))

    assert len(book.streams.jobs()) == 2


def test_a_closed_stream_names_the_camera_whose_picture_may_be_kept(book: Book) -> None:
    book.want(wanted("a"), replace(wanted("b"), camera="home", url="rtsp://10.0.0.3/a", url_sub="", keep_stills=False))

    book.want()

    assert list(book.streams.closing.values()) == ["cam"]


def test_a_tour_step_of_sixteen_changes_keeps_what_stays(book: Book) -> None:
    """faults.md V56"""

    def step(first: int) -> list[WantedFeed]:
        return [
            replace(wanted(f"t{n}"), camera=f"c{n}", url=f"rtsp://10.0.1.{n}/m", url_sub="") for n in range(first, first + 16)
        ]

    book.want(*step(0))
    before = {job.url: job.id for job in book.streams.jobs().values()}

    book.want(*step(8))

    after = {job.url: job.id for job in book.streams.jobs().values()}
    assert len(after) == 16
    assert sum(before.get(url) == job for url, job in after.items()) == 8
    assert len(book.streams.retired) == 8
