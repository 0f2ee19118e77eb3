"""An error in one of our overrides of a Qt method must not end the program.

On Python 3.11 an error raised by C code (`int("x")`, a call with wrong arguments) passes through frames without a handler as a
bare text, not as an exception. PySide6 takes it for an exception when Qt called the override from inside a call of ours (`show`,
`processEvents`; its function storePythonOverrideErrorOrPrint) and the process dies of a segmentation fault: seen with 6.8.0.2
and 6.11.3. A frame with a handler makes a true exception of it; then the error reaches the caller or `sys.excepthook`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import wraps
from types import FunctionType
from typing import Any

from PySide6.QtCore import QObject


def make_safe(package: str = "console") -> int:
    """Give each override in the loaded QObject classes of `package` such a frame; how many. Call it before the first widget."""
    if sys.version_info >= (3, 12):
        return 0  # errors are always whole there
    done = 0
    for kind in set(_below(QObject)):
        if kind.__module__.split(".")[0] != package:
            continue
        bases = [base for base in kind.__mro__ if base.__module__.startswith("PySide6.")]
        for name, function in list(vars(kind).items()):
            is_override = not name.startswith("_") and any(name in vars(base) for base in bases)
            if is_override and isinstance(function, FunctionType) and not hasattr(function, "__wrapped__"):
                setattr(kind, name, _with_frame(function))
                done += 1
    return done


def _below(kind: type) -> Iterator[type]:
    children: list[type] = kind.__subclasses__()
    for child in children:
        yield child
        yield from _below(child)


def _with_frame(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def framed(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:
            raise

    return framed
