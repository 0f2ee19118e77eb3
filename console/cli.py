"""The command line: reads arguments, calls the one function that does it, prints, and turns failures into exit codes.

Exit 0 success, 2 bad usage or bad input (one line on stderr), 1 the world failed or the answer is "not ok".
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console import __version__, commandline, logs
from console.errors import BadInput, LiandongError, Refused
from console.words import choose, in_language

log = logging.getLogger(__name__)
Args = argparse.Namespace
Result = tuple[dict[str, Any] | None, int]
"""The JSON document (None: the command has printed by itself) and the exit code."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise BadInput(message, self.prog, f"see {self.prog} --help")


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{2,5})[xX×](\d{2,5})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not WxH, as 1920x1080")
    return int(found[1]), int(found[2])


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def _degrees(limit: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) <= limit:
            raise argparse.ArgumentTypeError(f"{text!r} is not between -{limit:g} and {limit:g}")
        return value

    return read


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return read


def parser() -> argparse.ArgumentParser:
    """The whole command line as contracts.md has it."""
    top = _Parser(prog="liandong", description="联动 desktop video-wall command console")
    top.add_argument("--version", action="version", version=f"liandong {__version__}")
    common = _Parser(add_help=False)
    top.set_defaults(data=None, json=False)
    for place in (top, common):  # before or after the command; SUPPRESS: the one that is not given leaves the other's word
        place.add_argument("--data", type=Path, metavar="DIR", help="data folder", default=argparse.SUPPRESS)
        place.add_argument("--json", action="store_true", help="print one JSON document", default=argparse.SUPPRESS)
    common.add_argument("--log-level", default=os.environ.get("LIANDONG_LOG", "WARNING"), help=argparse.SUPPRESS)
    starts = _Parser(add_help=False)
    starts.add_argument("--demo", action="store_true", help="the invented district, its units and incidents")
    starts.add_argument("--lang", choices=("zh_CN", "en"), help="language of the interface")
    brokers = _Parser(add_help=False)
    brokers.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="override a setting")
    broker = brokers.add_mutually_exclusive_group()
    broker.add_argument("--broker", metavar="URL", help="MQTT broker, mqtt[s]://user:password@host:port")
    broker.add_argument("--broker-file", type=Path, metavar="FILE", help="file whose first line is the broker's URL")
    starts.add_argument("--centre", metavar="CODE", help="code of this centre in MQTT topics")
    commands = top.add_subparsers(dest="command", required=True, parser_class=_Parser, metavar="COMMAND")

    def add(name: str, does: Callable[[Args], Result], text: str, *parents: _Parser) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text, parents=[common, *parents])
        made.set_defaults(does=does)
        return made

    run = add("run", commandline.run_console, "open the console", starts, brokers)
    run.add_argument("--size", type=_size, metavar="WxH")
    run.add_argument("--shot", type=Path, metavar="FILE.png", help="save a picture of the main window and exit")
    run.add_argument("--after", type=_seconds, default=20.0, metavar="S")
    run.add_argument("--kiosk", action="store_true", help="the wall alone, full-screen; Ctrl+F11 brings the rest back")
    serve = add("serve", commandline.serve, "the desk process without a window", starts, brokers)
    serve.add_argument("--for-console", action="store_true", help=argparse.SUPPRESS)
    brought = add("import", commandline.import_file, "add or update a roster, or compile a city map")
    brought.add_argument("what", choices=("cameras", "units", "places", "map"))
    brought.add_argument("file", type=Path)
    brought.add_argument("--datum", choices=("wgs84", "gcj02", "bd09"), default="wgs84")
    near = add("near", commandline.near, "cameras and units near a point")
    near.add_argument("--lon", type=_degrees(180), required=True)
    near.add_argument("--lat", type=_degrees(90), required=True)
    near.add_argument("--limit", type=_whole(1, 1000), default=9)
    near.add_argument("--radius", type=_seconds, default=1000.0, metavar="M")
    probe = add("probe", commandline.probe, "open one feed and say what is there")
    probe.add_argument("url", metavar="URL", help="- reads it from stdin")
    wall = add("wall", commandline.wall, "show feeds in a plain wall")
    wall.add_argument("--feeds", type=Path, required=True)
    wall.add_argument("--layout", type=_whole(1, 64), default=16)
    wall.add_argument("--seconds", type=_seconds, default=10.0)
    wall.add_argument("--size", type=_size, default=(1920, 1080), metavar="WxH")
    wall.add_argument("--lang", choices=("zh_CN", "en"), default="zh_CN")
    wall.add_argument("--incident", type=_whole(0, 64), default=0, metavar="N", help="the first N feeds are a red incident's")
    report = add("report", commandline.report, "post one incident")
    report.add_argument("file", type=Path)
    dispatch = add("dispatch", commandline.dispatch, "issue a playbook's orders for an incident")
    dispatch.add_argument("incident")
    dispatch.add_argument("--playbook", required=True)
    dispatch.add_argument("--request", default="", metavar="ID")
    journal = add("journal", commandline.journal, "print entries as JSON lines")
    journal.add_argument("--incident")
    journal.add_argument("--since", type=_whole(0, 2**62), default=0, metavar="SEQ")
    add("check", commandline.check, "prove the data folder")
    export = add("export", commandline.export, "seal one incident in a bundle")
    export.add_argument("incident")
    export.add_argument("out", type=Path)
    verify = add("verify", commandline.verify, "check a bundle")
    verify.add_argument("bundle", type=Path)
    replay = add("replay", commandline.replay, "play a bundle")
    replay.add_argument("bundle", type=Path)
    replay.add_argument("--speed", type=float, default=1.0)
    replay.add_argument("--drill", action="store_true")
    replay.add_argument("--headless", action="store_true")
    replay.add_argument("--lang", choices=("zh_CN", "en"), help="language of the interface")
    replay.add_argument("--size", type=_size, metavar="WxH")
    replay.add_argument("--shot", type=Path, metavar="FILE.png", help="save a picture of the window and exit")
    replay.add_argument("--after", type=_seconds, default=20.0, metavar="S")
    add("selftest", commandline.selftest, "test every path this machine needs", brokers)
    bench = add("bench", commandline.bench, "measure on generated load")
    bench.add_argument("what", choices=("map", "near", "journal", "orders", "start", "wall"))
    enrol = add("enrol", commandline.enrol, "give a unit's terminal a device key")
    enrol.add_argument("unit")
    how = enrol.add_mutually_exclusive_group()
    how.add_argument("--code", action="store_true", help="a one-time code for the terminal page instead of a key")
    how.add_argument("--revoke", action="store_true", help="take the key away and close its line")
    source = add("source", commandline.source, "give a partner a token for the door")
    source.add_argument("source")
    return top


def run(argv: list[str]) -> int:
    """Run one command and return its exit code. Never a traceback for bad input or a failing world."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    as_json = "--json" in argv
    try:
        args = parser().parse_args(argv)
        logs.set_up(str(args.log_level).upper())
        if getattr(args, "lang", None):
            choose(args.lang)
        document, code = args.does(args)
        if document is not None:
            print(json.dumps(document, ensure_ascii=False) if args.json else commandline.as_text(args.command, document))
        sys.stdout.flush()
        return int(code)
    except BadInput as bad:
        return _failed(str(bad), 2, as_json)
    except Refused as refused:
        return _failed(in_language("en", f"refused.{refused.code}", **refused.fields), 2, as_json)
    except LiandongError as failure:
        return _failed(str(failure), 1, as_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 1
    except OSError as failure:
        where = f"{failure.filename}: " if failure.filename else ""
        return _failed(f"{where}{failure.strerror or failure}", 1, as_json)
    except Exception as bug:  # never a traceback (contracts.md); --log-level DEBUG shows where
        log.debug("this command broke", exc_info=True)
        what = f"{type(bug).__name__}: {bug}"
        return _failed(f"a fault of liandong itself, please report it ({what}; --log-level DEBUG tells where)", 1, as_json)


def _failed(message: str, code: int, as_json: bool) -> int:
    line = " ".join(logs.mask(message).split())
    print(f"liandong: {line}", file=sys.stderr)
    if as_json:
        print(json.dumps({"ok": False, "error": line}, ensure_ascii=False))
    return code
