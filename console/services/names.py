"""Find by name: an index of everything that has a name, searched by characters, letters, ids and pinyin, a keystroke at a time.

In: the texts of each thing. Out: which things match, and how well. The index is built once (any thread) and never changed.
A letter of the query fits itself or a character one of whose readings begins with it; a whole syllable fits a character that is
read so; the last piece may be unfinished: "ctl", "chang'tinglu" and "changt" all find 长汀路, and so does "zhangt".
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.services.readings import readings

LONGEST_QUERY = 64
WHOLE, BEGINS, INSIDE, AROUND, MISS = 0, 1, 2, 3, 255
"""How well a thing fits, best first: a whole text of it, the beginning of one (or the end of its id), inside one, what is
written on many alike (area, owner)."""
_INITIALS = ("zh", "ch", "sh")
_LONGEST_SYLLABLE = 6
_SLICE = 500
"""Things prepared between two short pauses, in which the GUI thread gets the interpreter."""
Bools = NDArray[np.bool_]
Numbers = NDArray[np.integer[Any]]


def normal(text: str) -> str:
    """Lower case, full-width letters and digits made plain, without the apostrophe that parts syllables."""
    plain = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return plain.replace("'", "").replace("’", "")


@dataclass(frozen=True, slots=True)
class Named:
    """One thing: `own` texts are its own (its id first), `shared` ones stand on many (area, owner)."""

    own: tuple[str, ...]
    shared: tuple[str, ...] = ()


class NameIndex:
    """An index of `things`; results are arrays over their order."""

    def __init__(self, things: Sequence[Named]) -> None:
        pieces: list[str] = []
        lengths = np.zeros(len(things), np.int64)
        firsts = np.zeros(len(things), np.int64)
        columns: list[list[int]] = []
        shared: dict[str, int] = {}
        for number, thing in enumerate(things):
            texts = [normal(text).replace("\n", " ") for text in thing.own if text]
            piece = "\n".join(texts) + "\n"
            pieces.append(piece)
            lengths[number] = len(piece)
            firsts[number] = len(texts[0]) if texts else 0
            columns.append([shared.setdefault(text, len(shared)) for text in thing.shared if text])
            if number % _SLICE == _SLICE - 1:
                time.sleep(0)
        self.count = len(things)
        self._text = _Text("\n" + "".join(pieces))
        self._thing_at = np.repeat(np.arange(self.count, dtype=np.uint32), lengths)
        self._id_ends = np.concatenate(([1], 1 + np.cumsum(lengths)[:-1])) + firsts if self.count else np.zeros(0, np.int64)
        self._shared = NameIndex([Named((text,)) for text in shared]) if shared else None
        widest = max((len(column) for column in columns), default=0)
        self._columns = np.full((widest, self.count), len(shared), np.int64)
        for number, column in enumerate(columns):
            self._columns[: len(column), number] = column

    def find(self, query: str) -> NDArray[np.uint8]:
        """How well each thing fits every blank-separated part of `query` (WHOLE … AROUND, MISS); an empty one fits nothing."""
        ranks: NDArray[np.uint8] | None = None
        for part in normal(query[:LONGEST_QUERY]).split():
            found = self._find(part)
            ranks = found if ranks is None else np.maximum(ranks, found)
        return np.full(self.count, MISS, np.uint8) if ranks is None else ranks

    def _find(self, part: str) -> NDArray[np.uint8]:
        ranks = np.full(self.count, MISS, np.uint8)
        if not self.count:
            return ranks
        if self._shared is not None:
            fits = np.append(self._shared._find(part) != MISS, False)
            for column in self._columns:
                ranks[fits[column]] = AROUND
        starts, ends = self._text.find(part)
        things = self._thing_at[starts - 1]
        ranks[things] = INSIDE
        begins = self._text.is_break(starts - 1)
        is_end = self._text.is_break(ends)
        ranks[things[begins | (is_end & (ends == self._id_ends[things]))]] = BEGINS
        ranks[things[begins & is_end]] = WHOLE
        return ranks


class _Text:
    """A long text as numbers of its own small alphabet, and the matches of a query in it."""

    def __init__(self, text: str) -> None:
        raw = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        seen = np.zeros(0x110000, np.bool_)
        seen[raw] = True
        letters = np.flatnonzero(seen)
        number = np.zeros(0x110000, np.uint16 if len(letters) < 0xFFFF else np.uint32)
        number[letters] = np.arange(len(letters))
        self._codes = number[raw]
        self._places = np.argsort(self._codes, kind="stable").astype(np.int32 if len(raw) < 2**31 else np.int64)
        self._bounds = np.concatenate(([0], np.cumsum(np.bincount(self._codes, minlength=len(letters)))))
        self._letters = [chr(letter) for letter in letters]
        self._number = {letter: at for at, letter in enumerate(self._letters)}
        self._break = self._number["\n"]
        said: dict[str, list[int]] = {}
        for at, letter in enumerate(self._letters):
            for sound in readings(letter):
                said.setdefault(sound, []).append(at)
            if at % _SLICE == _SLICE - 1:
                time.sleep(0)
        self._said = said
        self._table = lru_cache(maxsize=512)(self._make_table)

    def is_break(self, places: Numbers) -> Bools:
        """Whether a text begins or ends at each place."""
        found: Bools = self._codes[places] == self._break
        return found

    def find(self, part: str) -> tuple[Numbers, Numbers]:
        """Where matches of `part` start and end (first place after); a match never leaves its text."""
        nothing = np.zeros(0, np.int64)
        reached: dict[int, list[tuple[Numbers, Numbers]]] = {}
        first = self._places_of(part[0])
        for at in range(len(part)):
            if at:
                pairs = reached.pop(at, [])
                if not pairs:
                    continue
                starts, here = _joined(pairs)
            else:
                starts = here = first
            codes = self._codes[here]
            for length, is_last in self._steps(part, at):
                fits = self._table(part[at : at + length], is_last and length > 1)[codes]
                if fits.any():
                    reached.setdefault(at + length, []).append((starts[fits], here[fits] + 1))
        pairs = reached.get(len(part), [])
        return _joined(pairs) if pairs else (nothing, nothing)

    def _places_of(self, letter: str) -> Numbers:
        """Every place of the text that a query's first letter fits."""
        slices = [self._places[self._bounds[at] : self._bounds[at + 1]] for at in np.flatnonzero(self._table(letter, False))]
        return np.concatenate(slices) if slices else np.zeros(0, np.int64)

    def _steps(self, part: str, at: int) -> Iterable[tuple[int, bool]]:
        """Lengths of the pieces that one character may stand for at a place of the query, and whether each ends it."""
        yield 1, at + 1 == len(part)
        for length in range(2, min(_LONGEST_SYLLABLE, len(part) - at) + 1):
            piece = part[at : at + length]
            is_last = at + length == len(part)
            if piece in self._said or piece in _INITIALS or (is_last and piece.isascii() and piece.isalpha()):
                yield length, is_last

    def _make_table(self, piece: str, is_unfinished: bool) -> Bools:
        """Which letters of the alphabet a piece of the query fits."""
        table = np.zeros(len(self._letters), np.bool_)
        if piece in self._number and piece != "\n":
            table[self._number[piece]] = True
        if piece.isascii() and piece.isalpha():
            opens = is_unfinished or len(piece) == 1 or piece in _INITIALS
            for sound, numbers in self._said.items():
                if sound == piece or (opens and sound.startswith(piece)):
                    table[numbers] = True
        return table


def _joined(pairs: list[tuple[Numbers, Numbers]]) -> tuple[Numbers, Numbers]:
    if len(pairs) == 1:
        return pairs[0]
    return np.concatenate([starts for starts, _ in pairs]), np.concatenate([ends for _, ends in pairs])
