"""What the window's tests share: a themed application, a bridge that hears a story, a link that records what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from console import words
from console.services.dispatch import load_playbooks
from console.ui import theme
from console.ui.around import Around
from console.ui.bridge import Bridge
from tests.fakes import FakeClock
from tests.ui import story


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen plugin says of every window with a smallest size that it cannot propagate it: no fault of ours."""
    for item in items:
        if "tests/ui/" in str(item.fspath).replace("\\", "/"):
            item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints", extend=True))


class FakeLink:
    """Records commands; `answer` gives the desk's word."""

    def __init__(self, bridge: Bridge) -> None:
        self.sent: list[tuple[int, str, dict[str, Any]]] = []
        self._bridge = bridge

    def command(self, kind: str, body: dict[str, Any]) -> int:
        self.sent.append((len(self.sent) + 1, kind, body))
        return len(self.sent)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [body for _, sent, body in self.sent if sent == kind]

    def answer(self, kind: str, ok: bool = True, code: str = "unavailable", which: int = -1, **fields: Any) -> None:
        number = [number for number, sent, _ in self.sent if sent == kind][which]
        self._bridge.hear_answer(number, {} if ok else None, None if ok else {"code": code, "fields": fields})


@pytest.fixture
def language() -> Iterator[None]:
    words.choose("zh_CN")
    yield
    words.choose("zh_CN")


@pytest.fixture
def seat(qtbot: Any, qapp: Any, language: None) -> Iterator[SimpleNamespace]:
    """A seat without windows: clock, bridge, link, roster; `tell(*timed events)` folds more of the story."""
    theme.apply(qapp, "dark")
    clock = FakeClock(story.NOW_NS)
    bridge = Bridge(clock)
    link = FakeLink(bridge)
    bridge.use(link)
    around = Around(story.cameras(), story.units(), story.places(), load_playbooks(), 1)
    journal = story.Journal()

    def tell(*timed: tuple[int, object]) -> None:
        made = journal.entries(*timed)
        bridge.entries(made)
        qtbot.waitUntil(lambda: bridge.state.last_seq == journal.seq, timeout=30_000)
        qtbot.wait(1)

    bridge.hear_attached({"type": "attached", "seq": 0, "exercise": False, "operators": 1, "needs_password": None})
    tell(*story.beginning())
    bridge.hear_positions(story.fixes())
    qtbot.waitUntil(lambda: len(bridge.fixes) == 5, timeout=30_000)
    found = SimpleNamespace(clock=clock, bridge=bridge, link=link, around=around, tell=tell, journal=journal)
    yield found
    bridge.deleteLater()


Tell = Callable[..., None]
