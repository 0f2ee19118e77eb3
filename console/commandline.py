"""What each command of the command line does. Reads go straight to the data folder; what changes facts asks a desk.

Each function takes the parsed arguments and returns (JSON document or None, exit code); `cli.run` prints and maps failures.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import re
import socket
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from console import logs, words
from console.clock import SystemClock
from console.errors import BadInput, LiandongError, Refused, Unavailable
from console.model.ids import checked_id
from console.paths import DataFolder, default_data
from console.settings import Settings, load

Args = argparse.Namespace
Result = tuple[dict[str, Any] | None, int]
LONGEST_REPORT_BYTES = 1_000_000


def _folder(args: Args) -> DataFolder:
    return DataFolder(args.data if args.data is not None else default_data(bool(getattr(args, "demo", False))))


def _existing(args: Args) -> DataFolder:
    folder = _folder(args)
    if not folder.root.is_dir():
        raise BadInput("no data folder there", str(folder.root), "name one with --data, or import something first")
    return folder


def _settings(args: Args, folder: DataFolder) -> Settings:
    overrides = list(getattr(args, "set", []))
    if getattr(args, "lang", None):
        overrides.append(f"console.language={args.lang}")
    chosen = load(folder.settings, overrides)
    words.choose(chosen.get("console.language"))
    return chosen


def _broker(args: Args, chosen: Settings) -> str:
    if args.broker_file is not None:
        try:
            lines = args.broker_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as cause:
            raise BadInput(f"cannot be read: {cause}", str(args.broker_file)) from cause
        if not lines or not lines[0].strip():
            raise BadInput("its first line holds no URL", str(args.broker_file))
        return str(lines[0].strip())
    return str(args.broker or chosen.get("broker.url"))


def _start(args: Args) -> Any:
    from console.start import Start

    folder = _folder(args)
    chosen = _settings(args, folder)
    try:
        centre = checked_id(args.centre or chosen.get("centre.code"))
    except BadInput as bad:
        raise BadInput(bad.what, "--centre" if args.centre else "centre.code") from bad
    chosen = Settings({**chosen.all(), "broker.url": _broker(args, chosen), "centre.code": centre})
    return Start(folder, chosen, demo=args.demo, for_console=getattr(args, "for_console", False))


def _need_screen() -> None:
    """Raise Unavailable where Qt would abort the process: no screen named, or a local X server that does not answer."""
    if not sys.platform.startswith("linux") or os.environ.get("WAYLAND_DISPLAY"):
        return
    if os.environ.get("QT_QPA_PLATFORM", "xcb").partition(":")[0] != "xcb":
        return
    display = os.environ.get("DISPLAY", "")
    advice = "set DISPLAY, or run it under xvfb-run"
    if not display:
        raise Unavailable(f"there is no screen ({advice})")
    local = re.fullmatch(r":(\d+)(\.\d+)?", display)
    if local is None:
        return
    for name in (f"/tmp/.X11-unix/X{local[1]}", f"\0/tmp/.X11-unix/X{local[1]}"):
        with socket.socket(socket.AF_UNIX) as attempt:
            if attempt.connect_ex(name) == 0:
                return
    raise Unavailable(f"the screen {display} does not answer ({advice})")


def run_console(args: Args) -> Result:
    _need_screen()
    from console import demo
    from console.services.desk_start import desk_arguments, early_start

    start = _start(args)
    demo.check_folder(start.folder, args.demo)
    start.folder.create()
    if args.shot is not None and not args.shot.resolve().parent.is_dir():
        raise BadInput("its folder does not exist", str(args.shot))
    desk = early_start(start.folder, desk_arguments(args))
    from console.app import run_console as run

    return None, run(args, start, desk)


def serve(args: Args) -> Result:
    from console.desk import serve as serve_desk

    return None, serve_desk(_start(args))


def _ask(args: Args, kind: str, body: dict[str, Any], timeout_s: float = 600.0) -> dict[str, Any]:
    """Ask the desk of the folder, or one limited to the journal for the duration of this command. Returns the result object."""
    from console.links.local import LocalClient

    folder = _folder(args)
    client = LocalClient(folder.local_socket, lambda message: None)
    try:
        client.connect()
    except Unavailable:
        return _ask_limited(folder, kind, body)
    try:
        user = getpass.getuser()
        client.attach("cli", user, "cli", None)
        return dict(client.ask(kind, body, timeout_s))
    finally:
        client.close()


def _ask_limited(folder: DataFolder, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    from console.desk import command_line_peer, limited

    with limited(folder, load(folder.settings)) as process:
        return process.reception.command(command_line_peer(), kind, body).result().result


def import_file(args: Args) -> Result:
    from console.store.citymap import compile_map

    file = args.file
    if not file.is_file():
        raise BadInput("is a folder" if file.is_dir() else "no such file", str(file), "name the file to import")
    if args.what != "map":
        result = _ask(args, "ImportRoster", {"roster": args.what, "file": str(file.resolve()), "datum": args.datum})
        if result["added"] + result["updated"]:
            return result, 0
        refused = result["quarantined"]
        first = f"line {refused[0]['line']}: {refused[0]['reason']}" if refused else "there is none below the header line"
        print(f"liandong: {logs.mask(str(file))}: no row could be taken; {first}", file=sys.stderr)
        return result, 2
    folder = _folder(args)
    folder.create()
    compiled = folder.root / f"city.map.{os.getpid()}.new"
    began = time.monotonic()
    try:
        facts = compile_map(file, compiled)
        _ask(args, "ImportMap", {"compiled": str(compiled), "file": file.name, "facts": facts})
    finally:
        with contextlib.suppress(OSError):  # it was never there when the disk refused it
            compiled.unlink(missing_ok=True)
    return {**facts, "elapsed_s": round(time.monotonic() - began, 3)}, 0


def near(args: Args) -> Result:
    from console.services.linkage import near as find
    from console.store import citymap, roster
    from console.store.tracks import Tracks

    folder = _existing(args)
    tracks = Tracks(folder.root, read_only=True)
    try:
        fixes = tracks.last_fixes()
    finally:
        tracks.close()
    city = citymap.open_map(folder.city_map) if folder.city_map.exists() else None
    held = roster.load(folder.root)
    chosen = load(folder.settings)
    now_ns = SystemClock().now_ns()
    found = find(
        held,
        city,
        fixes,
        args.lon,
        args.lat,
        now_ns=now_ns,
        limit=args.limit,
        radius_m=args.radius,
        household_radius_m=chosen.get("household.radius_m"),
    )
    return found.to_json(), 0


def probe(args: Args) -> Result:
    from console.media.probe import probe as open_once

    url = sys.stdin.readline().strip() if args.url == "-" else args.url
    found = dict(open_once(url))
    return found, 0 if found["ok"] else 1


def wall(args: Args) -> Result:
    _need_screen()
    from console.wallapp import run_wall

    return dict(run_wall(args.feeds, args.layout, args.seconds, args.size, args.lang, args.incident)), 0


def report(args: Args) -> Result:
    try:
        with args.file.open("rb") as handle:
            body = handle.read(LONGEST_REPORT_BYTES + 1)
    except OSError as cause:
        raise BadInput(f"cannot be read: {cause.strerror}", str(args.file)) from cause
    folder = _folder(args)
    door = _door(folder)
    if door is not None:
        return _post(door, body, args.file)
    from console.desk import limited

    try:
        with limited(folder, load(folder.settings), door=True) as process:
            return _post((process.links.url, process.links.token), body, args.file)
    except Unavailable:
        door = _door(folder)
        if door is None:
            raise
        return _post(door, body, args.file)


def _door(folder: DataFolder) -> tuple[str, str] | None:
    """The running desk's door and its local token, when one answers."""
    import urllib.request

    try:
        facts = json.loads(folder.door.read_text("utf-8"))
        with urllib.request.urlopen(f"{facts['url']}/openapi.json", timeout=5):
            return str(facts["url"]), str(facts["token"])
    except (OSError, ValueError, KeyError):
        return None


def _post(door: tuple[str, str], body: bytes, file: Path) -> Result:
    import urllib.error
    import urllib.request

    url, token = door
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/incidents", body, headers), timeout=30) as answer:
            return dict(json.loads(answer.read())), 0
    except urllib.error.HTTPError as refused:
        text = refused.read(2000).decode("utf-8", "replace")
        try:
            problem = json.loads(text)
            text = (
                ": ".join(str(problem[key]) for key in ("field", "what", "code", "todo") if problem.get(key)) or problem["error"]
            )
        except (ValueError, KeyError, TypeError):
            pass
        if refused.code < 500:
            raise BadInput(text, str(file)) from refused
        raise Unavailable(f"the door answered {refused.code}: {text}") from refused
    except OSError as cause:
        raise Unavailable(f"the door does not answer: {cause}") from cause


def dispatch(args: Args) -> Result:
    request = args.request or f"cli-{uuid.uuid4().hex[:12]}"
    return _ask(args, "Dispatch", {"incident": args.incident, "playbook": args.playbook, "request": request}), 0


def enrol(args: Args) -> Result:
    kind = "OpenEnrolment" if args.code else "RevokeTerminal" if args.revoke else "EnrolTerminal"
    return _ask(args, kind, {"unit": args.unit}), 0


def source(args: Args) -> Result:
    return _ask(args, "AddSource", {"source": args.source}), 0


def journal(args: Args) -> Result:
    from console.store.journal import Journal

    folder = _existing(args)
    if not folder.journal.exists():
        raise BadInput("holds no journal yet", str(folder.root))
    book = Journal.open(folder.journal, SystemClock(), read_only=True)
    try:
        if args.incident is not None:
            batch = [entry for entry in book.read_incident(args.incident) if entry.seq > args.since]
            if not batch and not book.read_incident(args.incident):
                raise Refused("unknown_incident", incident=args.incident)
            _print_entries(batch)
        else:
            seq = args.since
            while entries := book.read(seq, 1000):
                _print_entries(list(entries))
                seq = entries[-1].seq
    finally:
        book.close()
    return None, 0


def _print_entries(entries: list[Any]) -> None:
    for entry in entries:
        body = None if entry.body is None else json.loads(entry.body)
        line = {
            "seq": entry.seq,
            "at_ns": entry.at_ns,
            "by": entry.by,
            "kind": entry.kind,
            "body": body,
            "hash": entry.hash.hex(),
        }
        print(json.dumps(line, ensure_ascii=False))


def check(args: Args) -> Result:
    from console.store.check import check as prove

    found = prove(_existing(args).root)
    return found, 0 if found["ok"] else 1


def export(args: Args) -> Result:
    from console.services.evidence import export as seal

    found = seal(_existing(args).root, args.incident, args.out)
    return found, 0 if found["ok"] else 1


def verify(args: Args) -> Result:
    from console.services.evidence import verify as prove

    if not args.bundle.is_file():
        raise BadInput("no such file", str(args.bundle))
    found = prove(args.bundle)
    return found, 0 if found["ok"] else 1


def replay(args: Args) -> Result:
    from console.services.replay import fold

    if not args.bundle.is_file():
        raise BadInput("no such file", str(args.bundle))
    if args.headless:
        return fold(args.bundle, speed=args.speed), 0
    return _replay_in_window(args)


def _replay_in_window(args: Args) -> Result:
    from console.services.replay_clock import checked_speed
    from console.services.replay_tape import open_tape

    checked_speed(args.speed)
    if args.shot is not None and not args.shot.resolve().parent.is_dir():
        raise BadInput("its folder does not exist", str(args.shot))
    tape = open_tape(args.bundle)
    folder = _existing(args) if args.data is not None else _folder(args)
    names = folder if args.data is not None or _wrote(folder, tape.recording.entries[0]) else None
    chosen = _settings(args, folder)
    _need_screen()
    from console.replayapp import run_replay

    return run_replay(args, tape, names, chosen)


def _wrote(folder: DataFolder, entry: Any) -> bool:
    """Whether this entry is of the folder's own journal: only then do its names fit the entry's ids."""
    from console.store.journal import Journal

    if not folder.journal.exists():
        return False
    try:
        book = Journal.open(folder.journal, SystemClock(), read_only=True)
    except LiandongError:
        return False
    try:
        return any(one.hash == entry.hash for one in book.read(entry.seq - 1, 1))
    finally:
        book.close()


def selftest(args: Args) -> Result:
    from console.selftest import run as test

    folder = _folder(args)
    chosen = _settings(args, folder)
    found = test(folder, Settings({**chosen.all(), "broker.url": _broker(args, chosen)}))
    return found, 0 if found["ok"] else 1


def bench(args: Args) -> Result:
    from console.bench import run as measure

    return measure(args.what), 0


def as_text(command: str, document: dict[str, Any]) -> str:
    """A result for people: one line a fact, lists indented."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list):
            lines.append(f"{key}: {len(value)}")
            lines += [
                "  " + ("  ".join(f"{k}={v}" for k, v in one.items()) if isinstance(one, dict) else str(one)) for one in value
            ]
        else:
            lines.append(f"{key}: {value}")
    return "\n".join(lines)
