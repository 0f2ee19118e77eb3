"""One short tone per grade through the system's own player, and the minute of silence. GUI thread only; nothing here waits.

The tones are made by code, as small WAV files in a folder of this process. Where no player works the caller shows a sign.
"""

from __future__ import annotations

import math
import shutil
import struct
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot

from console.clock import Clock

RATE = 22050
MUTE_S = 60.0
REPEAT_MS = 6000
NOTES: dict[str, tuple[tuple[float, float], ...]] = {
    "red": ((880, 0.16), (0, 0.05), (880, 0.16), (0, 0.05), (1174.7, 0.24)),
    "orange": ((784, 0.18), (0, 0.06), (659.3, 0.22)),
    "blue": ((587.3, 0.22),),
    "green": ((523.3, 0.14),),
}
"""Grade → (hertz, seconds)…: the graver the longer and higher, so they are told apart without counting."""
PLAYERS = (("paplay",), ("pw-play",), ("aplay", "-q"), ("afplay",), ("play", "-q"))


def tone(grade: str) -> bytes:
    """Mono 16-bit samples of a grade's tone, its edges faded over 8 ms so that nothing clicks."""
    samples: list[int] = []
    for hertz, seconds in NOTES.get(grade, NOTES["blue"]):
        count = int(RATE * seconds)
        for number in range(count):
            edge = min(1.0, number / (0.008 * RATE), (count - number) / (0.008 * RATE))
            samples.append(int(11000 * edge * math.sin(2 * math.pi * hertz * number / RATE)))
    return struct.pack(f"<{len(samples)}h", *samples)


def find_player() -> tuple[str, ...] | None:
    """The command of the first player this machine has, or None."""
    if sys.platform == "win32":
        script = "(New-Object Media.SoundPlayer $args[0]).PlaySync()"
        return ("powershell", "-NoProfile", "-WindowStyle", "Hidden", "-Command", script)
    for player in PLAYERS:
        if found := shutil.which(player[0]):
            return (found, *player[1:])
    return None


class Sound(QObject):
    """Plays, repeats while told to, and stays silent while muted.

    Signals: `changed()` when it falls silent, speaks again, or turns out to have no player.
    """

    changed = Signal()

    def __init__(self, clock: Clock, wanted: bool = True, player: tuple[str, ...] | None = None, parent: Any = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._player = player if player is not None else find_player()
        self._wanted = wanted
        self._muted_until_ns = 0
        self._folder = tempfile.TemporaryDirectory(prefix="liandong-tones-")
        self._process = QProcess(self)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)
        self._repeat = QTimer(self)
        self._repeat.setInterval(REPEAT_MS)
        self._repeat.timeout.connect(self._again)
        self._unmute = QTimer(self)
        self._unmute.setSingleShot(True)
        self._unmute.timeout.connect(self._speak_again)

    @property
    def has_player(self) -> bool:
        """False: nobody hears anything here, so the window must show it."""
        return self._player is not None and self._wanted

    @property
    def muted_s(self) -> float:
        """Seconds of silence left."""
        return max(0.0, (self._muted_until_ns - self._clock.mono_ns()) / 1e9)

    def play(self, grade: str | None) -> None:
        """Play a grade's tone once, unless muted or still playing."""
        if (
            self._player is None
            or not self._wanted
            or self.muted_s > 0
            or self._process.state() != QProcess.ProcessState.NotRunning
        ):
            return
        self._process.start(self._player[0], [*self._player[1:], str(self._file(grade or "blue"))])

    def insist(self, on: bool) -> None:
        """Repeat the red tone while an unacknowledged red incident stands."""
        if on and not self._repeat.isActive():
            self._repeat.start()
        elif not on:
            self._repeat.stop()

    @Slot()
    def mute(self) -> None:
        """Be silent for a minute; a second call ends the silence. Never for good."""
        if self.muted_s > 0:
            self._speak_again()
            return
        self._muted_until_ns = self._clock.mono_ns() + int(MUTE_S * 1e9)
        self._process.kill()
        self._unmute.start(int(MUTE_S * 1000))
        self.changed.emit()

    def close(self) -> None:
        """Stop the player and remove the tones."""
        self._repeat.stop()
        self._unmute.stop()
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(500)
        self._folder.cleanup()

    def _file(self, grade: str) -> Path:
        file = Path(self._folder.name) / f"{grade}.wav"
        if not file.exists():
            with wave.open(str(file), "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(RATE)
                out.writeframes(tone(grade))
        return file

    @Slot()
    def _again(self) -> None:
        self.play("red")

    @Slot()
    def _speak_again(self) -> None:
        self._muted_until_ns = 0
        self._unmute.stop()
        self.changed.emit()

    @Slot(int, QProcess.ExitStatus)
    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if code != 0 and status == QProcess.ExitStatus.NormalExit:
            self._lose_player()

    @Slot(QProcess.ProcessError)
    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._lose_player()

    def _lose_player(self) -> None:
        if self._player is not None:
            self._player = None
            self.changed.emit()
