"""Probe: opens one feed in a child process and says what is there or why not."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Mapping
from typing import Any

from console.media import child, source
from console.media.said import Said
from console.media.source import Source
from console.model.wall import FeedError

_START_S = 10.0  # a child that has not answered by its time-out plus this is stuck in native code


def probe(url: str, timeout_s: float = 5.0, transport: str = "tcp") -> dict[str, Any]:
    """The contract's result of `liandong probe`. Raises BadInput for an address that is none."""
    source.parse(url)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=child.run_probe, args=(theirs, url, timeout_s, transport), daemon=True)
    process.start()
    theirs.close()
    try:
        found: dict[str, Any] = ours.recv() if ours.poll(2 * timeout_s + _START_S) else _nothing("timeout")
    except EOFError:
        found = _nothing("bad_stream")  # the decoder crashed on it
    finally:
        ours.close()
        process.join(0.5)
        if process.is_alive():
            process.kill()
        process.join()
        process.close()
    return found


def _nothing(word: FeedError, detail: str = "", known: Mapping[str, object] | None = None) -> dict[str, Any]:
    nothing = {"ok": False, "codec": "", "width": 0, "height": 0, "fps": 0.0, **(known or {}), "first_picture_ms": None}
    return {**nothing, "error": word, "detail": detail}


def look(url: str, timeout_s: float, transport: str) -> dict[str, Any]:
    """Open `url` in this process, decode until its first picture, and describe it. Runs in the probe's child.

    `detail` is finer than `error`: a key of `model.login.FAULT_DETAILS`, or `unverified` for a picture whose certificate the
    address says not to check.
    """
    checked = source.parse(url)
    try:
        return _look(checked, timeout_s, transport)
    finally:
        source.bid_farewell(0.5)


def _look(checked: Source, timeout_s: float, transport: str) -> dict[str, Any]:
    import av

    began_s, said = time.monotonic(), Said()
    known: dict[str, object] = {}
    try:
        with source.open_source(checked, timeout_s, timeout_s, transport, said=said) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            context.thread_count = 1
            rate = stream.average_rate or stream.guessed_rate
            known = {"codec": context.name, "width": context.width, "height": context.height, "fps": float(rate or 0)}
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    frames = []
                if frames:
                    frame = frames[0]
                    known |= {"width": frame.width, "height": frame.height}
                    elapsed_ms = round((time.monotonic() - began_s) * 1000, 1)
                    return {"ok": True, **known, "first_picture_ms": elapsed_ms, "error": None, "detail": said.detail}
                if time.monotonic() - began_s > 2 * timeout_s:
                    return _nothing("timeout", known=known)
            if checked.kind == "rtsp":
                raise source.ended(said)
            return _nothing("bad_stream", known=known)
    except source.SourceFailed as failed:
        return _nothing(failed.word, failed.detail, known)
    except (av.error.FFmpegError, OSError) as cause:
        why = source.failed(cause, checked, said, "while reading")
        return _nothing(why.word, why.detail, known)
