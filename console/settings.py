"""Every setting declared once: key, type, default, unit, range and what it does; loader and `--set` come from this table."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.errors import BadInput


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `choices` limits a string, `low`/`high` a number; `help` is one English sentence with its unit."""

    key: str
    default: str | int | float | bool
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


TABLE: tuple[Setting, ...] = (
    Setting("centre.code", "LOCAL", "code of this centre, used in MQTT topics"),
    Setting("centre.name", "", "name of this centre as the header shows it; empty: the map's own name"),
    Setting("console.language", "zh_CN", "language of the interface", choices=("zh_CN", "en")),
    Setting("console.theme", "dark", "colours of the interface", choices=("dark", "light")),
    Setting("console.seat", "01", "number of this duty seat"),
    Setting("console.map_follows", False, "pan the map to a new red incident by itself"),
    Setting("console.sound", True, "play a tone for a new incident"),
    Setting("door.address", "127.0.0.1", "address the door listens on; beyond loopback only with TLS and after an enrolment"),
    Setting("door.port", 0, "port of the door; 0: any free one", 0, 65535),
    Setting("door.certificate", "", "PEM file with the door's certificate chain (needed beyond loopback)"),
    Setting("door.key", "", "PEM file with the door's private key"),
    Setting(
        "broker.url", "", "MQTT broker (mqtt://user:password@host:1883, mqtts://…); empty: terminals use the door's WebSocket"
    ),
    Setting("near.radius_m", 1000.0, "farthest camera offered for an incident (m)", 50, 20000),
    Setting("near.limit", 9, "cameras pulled to the wall for an incident", 1, 64),
    Setting("household.radius_m", 300.0, "household cameras are offered within this distance of an open incident (m)", 10, 5000),
    Setting("order.expires_s", 1800.0, "an order nobody has seen is expired after this time (s)", 10, 86400),
    Setting("order.resend_s", 5.0, "an order without a machine receipt is sent again after this time at first (s)", 0.2, 600),
    Setting("wall.layout", 9, "tiles of the wall", 1, 64),
    Setting("wall.workers", 0, "decoder processes; 0: one per core", 0, 64),
    Setting("wall.fps", 25.0, "most pictures a second a tile shows", 1, 60),
    Setting("wall.watermark", True, "lay the operator's name, seat and time faintly over each tile (not in a demo)"),
    Setting(
        "wall.surface",
        "auto",
        "what paints the wall; auto: the graphics card where there is a real one",
        choices=("auto", "raster", "gpu"),
    ),
    Setting(
        "video.hardware",
        "auto",
        "decode with the graphics card: auto (where it wins), off, or a decoder's name",
        choices=("auto", "off", "cuda", "qsv", "vaapi", "d3d11va", "dxva2", "videotoolbox"),
    ),
    Setting("video.transport", "tcp", "first transport tried for RTSP", choices=("tcp", "udp")),
    Setting("video.open_timeout_s", 5.0, "longest wait for a camera to answer (s)", 0.5, 60),
    Setting("video.ring_s", 60.0, "seconds of each shown stream kept for playing back and for clips (s)", 5, 600),
    Setting("video.ring_cap_mb", 512.0, "memory all of these may take together (MB)", 16, 65536),
    Setting("video.clip_s", 30.0, "seconds that one press saves as a clip (s)", 1, 600),
    Setting("incident.stills", True, "keep a picture of each shown camera of a red incident, and of every order"),
    Setting("recording.cameras", "", "ids of the cameras this computer records, separated by commas; empty: none"),
    Setting("recording.keep_days", 30.0, "days a recording is kept, and never deleted before (the law: at least 30)", 30, 3650),
    Setting("recording.max_gb", 0.0, "most space recordings may take (GB); 0: what the disk has", 0, 1000000),
    Setting("recording.free_gb", 2.0, "space always left free on the disk; recording stops before it is used (GB)", 0.05, 100000),
    Setting("recording.segment_s", 300.0, "length of one recorded file (s)", 2, 3600),
    Setting("picture.check", True, "look at each shown camera's picture: black, covered, frozen, blurred, turned away …"),
    Setting("picture.every_s", 61.0, "time between two looks at one camera's picture (s)", 20, 3600),
    Setting("tracks.keep_days", 30, "days positions are kept", 1, 3650),
    Setting("demo.incidents", True, "the demo lets invented incidents arrive"),
    Setting("demo.autopilot", False, "the demo's console presses the one key for the first red incident by itself"),
    Setting("demo.speed", 1.0, "how fast the demo's units and incidents go", 0.1, 100),
)
_BY_KEY = {setting.key: setting for setting in TABLE}


def _checked(setting: Setting, value: object, where: str) -> Any:
    kind = type(setting.default)
    try:
        if kind is bool:
            if not isinstance(value, bool):
                value = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}[
                    str(value).lower()
                ]
        elif isinstance(value, bool) and kind is not str:
            raise ValueError
        else:
            convert: Any = kind
            value = convert(value)
    except (KeyError, ValueError, TypeError) as cause:
        raise BadInput(f"{setting.key} must be {kind.__name__}, not {str(value)[:40]!r}", where) from cause
    if setting.choices and value not in setting.choices:
        raise BadInput(f"{setting.key} must be one of {', '.join(setting.choices)}, not {value!r}", where)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if (
            value != value
            or (setting.low is not None and value < setting.low)
            or (setting.high is not None and value > setting.high)
        ):
            raise BadInput(f"{setting.key} must lie between {setting.low:g} and {setting.high:g}, not {value}", where)
    return value


def _find(key: str, where: str) -> Setting:
    if key in _BY_KEY:
        return _BY_KEY[key]
    close = difflib.get_close_matches(key, _BY_KEY, 1)
    raise BadInput(f"no setting {key!r}", where, f"did you mean {close[0]}?" if close else "")


class Settings:
    """The settings of one start: defaults, then the folder's settings.toml, then `--set` overrides."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._values = {setting.key: setting.default for setting in TABLE}
        for key, value in (values or {}).items():
            self._values[key] = _checked(_find(key, "settings"), value, "settings")

    def get(self, key: str) -> Any:
        """The value of a declared setting; an undeclared key is our bug and raises KeyError."""
        return self._values[key]

    def all(self) -> dict[str, Any]:
        """Every setting and its value, for a child process."""
        return dict(self._values)


def load(file: Path | None, overrides: Iterable[str] = ()) -> Settings:
    """Read `file` (may be absent) and apply `section.key=value` overrides.

    Raises BadInput naming the file or the override, the key and what is allowed.
    """
    values: dict[str, Any] = {}
    if file is not None and file.exists():
        try:
            tables = tomllib.loads(file.read_bytes().decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
            raise BadInput(f"not a TOML file: {cause}", str(file)) from cause
        for section, table in tables.items():
            if not isinstance(table, dict):
                raise BadInput(f"{section!r} stands outside a section", str(file))
            for name, value in table.items():
                key = f"{section}.{name}"
                values[key] = _checked(_find(key, str(file)), value, str(file))
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise BadInput(f"{override!r} has no =", "--set", "write it like door.port=8443")
        values[key.strip()] = _checked(_find(key.strip(), "--set"), value.strip(), "--set")
    return Settings(values)
