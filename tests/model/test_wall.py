"""The wall's rules: layouts, liveness (faults.md V42, V48), back-off (V18, V50, V51), fitting."""

from __future__ import annotations

import pytest

from console.model import wall

MS = 1_000_000


@pytest.mark.parametrize("tiles", sorted(wall.LAYOUTS))
def test_a_layout_covers_the_square_without_overlap(tiles: int) -> None:
    places = wall.LAYOUTS[tiles]

    assert len(places) == tiles
    assert sum(place.width * place.height for place in places) == pytest.approx(1.0)
    for one in places:
        assert one.left >= 0
        assert one.left + one.width <= 1 + 1e-9
        assert one.top + one.height <= 1 + 1e-9
        others = [other for other in places if other is not one]
        middle = (one.left + one.width / 2, one.top + one.height / 2)
        assert not any(o.left < middle[0] < o.left + o.width and o.top < middle[1] < o.top + o.height for o in others)


@pytest.mark.parametrize(("tiles", "layout"), [(1, 1), (2, 4), (5, 6), (7, 8), (9, 9), (10, 13), (37, 64), (999, 64)])
def test_the_smallest_layout_with_room_is_chosen(tiles: int, layout: int) -> None:
    assert wall.layout_for(tiles) == layout


@pytest.mark.parametrize(
    ("silence_ms", "interval_ms", "state"),
    [
        (0, 40, "live"), (999, 40, "live"), (1000, 40, "late"), (2499, 40, "late"), (2500, 40, "held"),
        (2900, 1000, "live"), (3000, 1000, "late"), (5900, 1000, "late"), (6000, 1000, "held"),
        (1000, 16, "late"), (29_000, 10_000, "live"),
    ],
)  # fmt: skip
def test_liveness_goes_by_the_streams_own_interval(silence_ms: int, interval_ms: int, state: str) -> None:
    assert wall.liveness(silence_ms * MS, interval_ms * MS) == state


@pytest.mark.parametrize(
    ("has_picture", "error", "state"),
    [(False, None, "connecting"), (False, "auth", "none"), (True, None, "held"), (True, "unreachable", "held")],
)
def test_a_tile_keeps_the_picture_it_had(has_picture: bool, error: wall.FeedError | None, state: str) -> None:
    assert wall.tile_state(has_picture, 10_000 * MS, 40 * MS, error) == state


def test_a_wrong_password_is_tried_at_most_once_a_minute() -> None:
    assert min(wall.back_off_s("auth", failures, dice) for failures in (1, 2, 50) for dice in (0.0, 0.5, 1.0)) >= 60


def test_an_unreachable_camera_is_tried_again_within_three_seconds_for_ever() -> None:
    waits = [wall.back_off_s("unreachable", failures, 1.0) for failures in (1, 2, 3, 4, 100, 10_000)]

    assert waits == sorted(waits)
    assert 0.4 <= waits[0] <= 0.5
    assert waits[-1] <= 2.5


@pytest.mark.parametrize("error", wall.FEED_ERRORS)
def test_cameras_that_failed_together_are_tried_apart(error: wall.FeedError) -> None:
    assert wall.back_off_s(error, 3, 0.0) < wall.back_off_s(error, 3, 1.0)


@pytest.mark.parametrize(
    ("source", "tile", "aspect", "size"),
    [
        ((1920, 1080), (480, 270), 1.0, (480, 270)),
        ((704, 576), (480, 270), 1.0, (330, 270)),
        ((704, 576), (480, 270), 12 / 11, (360, 270)),
        ((100, 4000), (480, 270), 1.0, (6, 270)),
        ((704, 576), (479, 269), 1.0, (328, 268)),
        ((16, 16), (400, 200), 1.0, (200, 200)),
        ((10_000, 2), (48, 27), 1.0, (48, 2)),
    ],
)
def test_a_picture_is_fitted_to_even_sides_and_never_cropped(
    source: tuple[int, int], tile: tuple[int, int], aspect: float, size: tuple[int, int]
) -> None:
    assert wall.fitted(*source, *tile, aspect) == size


@pytest.mark.parametrize(("height", "sub", "chosen"), [(270, "sub", "sub"), (270, "", "main"), (1080, "sub", "main")])
def test_a_small_tile_opens_the_sub_stream(height: int, sub: str, chosen: str) -> None:
    assert wall.url_for(wall.WantedFeed("t", "c", "main", sub, 480, height)) == chosen


@pytest.mark.parametrize(
    ("tiles", "size", "columns"),
    [(9, (1140, 450), 5), (9, (1600, 900), 3), (4, (1140, 300), 4), (1, (500, 500), 1), (9, (300, 1200), 1)],
)
def test_a_fitting_wall_shows_its_pictures_as_large_as_they_go(tiles: int, size: tuple[int, int], columns: int) -> None:
    places = wall.fitting(tiles, *size)

    assert len(places) >= tiles
    assert sum(place.top == 0 for place in places) == columns
