"""`make bench`: run every measurement of the project and write tests/bench/RESULTS.md, each figure with the command that made it.

`python tests/bench/run.py [NAME …]` runs only some (their tables are replaced, the others stay). The six of `liandong bench` come
first; every `tests/bench/*_bench.py` that prints one JSON document as its last line is run too.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TOP = HERE.parents[1]
RESULTS = HERE / "RESULTS.md"
SIX = ("near", "journal", "map", "orders", "start", "wall")
LONGEST_S = 2400  # the soak takes half an hour

HEAD = """\
# Measurements

Written by `make bench` (`tests/bench/run.py`); each table names the command that makes it again. Figures of one table come
from one run. A figure that hangs on the machine's speed has its control beside it, measured in the same run: ratios travel,
milliseconds do not.
"""


def commands() -> dict[str, list[str]]:
    """Name → command line of every measurement."""
    found = {name: [sys.executable, "-m", "console", "bench", name, "--json"] for name in SIX}
    for file in sorted(HERE.glob("*_bench.py")):
        found[file.stem] = [sys.executable, "-m", f"tests.bench.{file.stem}"]
    return found


def machine() -> str:
    """What the figures were measured on, in one line."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if Path("/proc/cpuinfo").exists() else None
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = os.getloadavg()[0]
    processor = model[1].strip() if model else platform.processor()
    parts = [f"{os.cpu_count()} cores", processor, f"{memory_gb:.0f} GB", platform.system()]
    return ", ".join((*parts, f"Python {platform.python_version()}", f"load {load:.1f}"))


def measure(name: str, command: list[str]) -> str:
    """Run one measurement and return its section of the results."""
    shown = " ".join(["python", *command[1:]])
    before, began_s = machine(), time.monotonic()
    try:
        done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        return section(name, shown, before, f"**Not measured:** no answer within {LONGEST_S} s.\n")
    lines = done.stdout.strip().splitlines()
    try:
        figures: dict[str, Any] = json.loads(lines[-1] if lines else "")
    except ValueError:
        figures = {}
    if done.returncode or not isinstance(figures, dict) or not figures:
        why = str(figures.get("error") or done.stderr.strip()[-300:] or f"exit {done.returncode}").replace("\n", " ")
        return section(name, shown, before, f"**Not measured:** {why.replace(str(TOP), '.')}\n")
    print(f"bench: {name} {time.monotonic() - began_s:.0f} s", flush=True)
    return section(name, shown, before, table(figures))


def section(name: str, command: str, where: str, body: str) -> str:
    return f"## {name}\n\n`{command}` · {datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {where}\n\n{body}"


def table(figures: dict[str, Any]) -> str:
    """The figures as a table; those with a target say whether it is met."""
    targets, least = figures.get("targets") or {}, figures.get("at_least") or {}
    rows = ["| Figure | Value | Target |", "|---|---|---|"]
    for name, value in flat(figures):
        verdict = ""
        if name in targets or name in least:
            limit, sign = (targets[name], "≤") if name in targets else (least[name], "≥")
            is_met = isinstance(value, int | float) and (value <= limit if name in targets else value >= limit)
            verdict = f"{sign} {limit:g} {'met' if is_met else '**missed**'}"
        rows.append(f"| {name} | {value if not isinstance(value, float) else f'{value:.6g}'} | {verdict} |")
    return "\n".join(rows) + "\n"


def flat(figures: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Figures of nested documents under dotted names; lists and the document's own machinery are left out."""
    rows: list[tuple[str, Any]] = []
    for name, value in figures.items():
        if not prefix and name in ("bench", "cores", "python", "targets", "at_least", "missed"):
            continue
        if isinstance(value, dict):
            rows += flat(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            rows.append((prefix + name, value))
    return rows


def former() -> dict[str, str]:
    """The sections that stand in RESULTS.md now."""
    if not RESULTS.exists():
        return {}
    parts = re.split(r"^## ", RESULTS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0].strip(): "## " + part.rstrip() + "\n" for part in parts}


def main(chosen: list[str]) -> int:
    known = commands()
    unknown = [name for name in chosen if name not in known]
    if unknown:
        print(f"no measurement {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    sections = {name: text for name, text in former().items() if name in known}
    for name, command in known.items():
        if not chosen or name in chosen:
            sections[name] = measure(name, command)
            ordered = "\n".join(sections[each] for each in known if each in sections)
            RESULTS.write_text(f"{HEAD}\n{ordered}", encoding="utf-8")
    failed = [name for name, text in sections.items() if "Not measured" in text]
    print(f"bench: wrote {RESULTS.relative_to(TOP)}" + (f"; not measured: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
