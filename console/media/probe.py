"""Probe: opens one feed in a child process and says what is there or why not."""

from __future__ import annotations

import multiprocessing
import time
from typing import Any

from console.media import child, source
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


def _nothing(word: FeedError, **known: object) -> dict[str, Any]:
    return {"ok": False, "codec": "", "width": 0, "height": 0, "fps": 0.0, **known, "first_picture_ms": None, "error": word}


def look(url: str, timeout_s: float, transport: str) -> dict[str, Any]:
    """Open `url` in this process, decode until its first picture, and describe it. Runs in the probe's child."""
    import av

    began_s = time.monotonic()
    checked = source.parse(url)
    known: dict[str, object] = {}
    try:
        with source.open_source(checked, timeout_s, timeout_s, transport) as container:
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
                    return {"ok": True, **known, "first_picture_ms": elapsed_ms, "error": None}
                if time.monotonic() - began_s > 2 * timeout_s:
                    return _nothing("timeout", **known)
            return _nothing("bad_stream", **known)
    except source.SourceFailed as failed:
        return _nothing(failed.word, **known)
    except (av.error.FFmpegError, OSError) as cause:
        return _nothing(source.word_for(cause, checked.kind != "file"), **known)
