"""What the outbox needs of any way to a terminal; the door's WebSockets and MQTT are the two."""

from __future__ import annotations

from typing import Any, Protocol


class Transport(Protocol):
    """One way to terminals. Every method may be called from any thread and returns at once."""

    @property
    def name(self) -> str:
        """`websocket` or `mqtt`: the `path` of an order's facts."""
        ...

    def connected(self, unit: str) -> bool:
        """Whether something sent now would leave at once. Over a broker: whether the broker is there."""
        ...

    def send(self, unit: str, body: dict[str, Any]) -> bool:
        """Hand over an order's wire body. True: taken to be sent now, which is not yet the terminal's word."""
        ...
