"""What a camera describes, made plain: its one video track, the URLs to ask for it, and a clean SDP for FFmpeg. Pure.

Real descriptions come without an origin, with blanks after the clock rate, with tracks nobody can read, with parameter sets that
are none, and with control URLs joined in several ways. Only the first video track we can name is kept: audio, metadata and
back channels are never set up.
Source: RFC 4566 (SDP), RFC 2326 appendix C.1 (control URLs), RFC 6184 clause 8.2 (sprop-parameter-sets).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

_KNOWN = {
    "H264", "H265", "HEVC", "JPEG", "MP4V-ES", "MPV", "MP2T", "H261", "H263", "H263-1998", "H263-2000", "VP8", "VP9", "AV1",
    "THEORA", "DV", "RAW",
}  # fmt: skip
_STATIC = {26: "JPEG", 31: "H261", 32: "MPV", 33: "MP2T", 34: "H263"}
_KEPT = ("framerate:", "framesize:", "x-dimensions:", "cliprect:")
_ENDING_RANGE = re.compile(r"npt\s*=\s*\d+(?:\.\d+)?\s*-\s*\d+(?:\.\d+)?$")
_H264_SETS = {7, 8, 13}
TRACK = "video"
"""What FFmpeg's side calls the track."""


@dataclass(frozen=True, slots=True)
class Described:
    """A camera's video track: where to set it up, where to play it, and what FFmpeg is told of it."""

    setup_url: str
    play_url: str
    sdp: bytes = field(repr=False)
    is_seekable: bool


@dataclass(slots=True)
class _Media:
    kind: str
    protocol: str
    payloads: list[int]
    lines: list[str]

    def value(self, name: str) -> str:
        return next((line[len(name) + 1 :].strip() for line in self.lines if line.startswith(name + ":")), "")

    def choice(self) -> tuple[int, str]:
        """The payload type to take and its codec's name in capitals ("" when nothing says it)."""
        names = dict(_STATIC)
        for line in self.lines:
            if found := re.match(r"rtpmap:\s*(\d{1,3})\s+([A-Za-z0-9.-]+)", line):
                names[int(found[1])] = found[2].upper()
        known = [payload for payload in self.payloads if names.get(payload, "") in _KNOWN]
        payload = (known or self.payloads)[0]
        return payload, names.get(payload, "")


def without_user(url: str) -> str:
    """A URL a camera gave, without the user and password some put into it."""
    return re.sub(r"^([A-Za-z]+://)[^/?#]*@", r"\1", url.strip())


def base_of(told: str, asked: str) -> str:
    """The base of relative control URLs: what the camera told (Content-Base, Content-Location), where that is a URL at all."""
    told = without_user(told.strip().strip('"<>'))
    if re.match(r"rtsps?://[^/\s]+", told, re.IGNORECASE):
        return told
    if re.match(r"(?://)?[A-Za-z0-9.:\[\]-]+/", told) and "." in told.split("/")[2 if told.startswith("//") else 0]:
        return "rtsp://" + told.removeprefix("//")
    return asked


def joined(base: str, control: str) -> str:
    """The URL of a control attribute. Cameras mean "append", also behind a query (`…?channel=1&subtype=0/trackID=1`)."""
    control = without_user(control.strip())
    if re.match(r"rtsps?://", control, re.IGNORECASE):
        return control
    if control in ("", "*"):
        return base
    return base.rstrip("/") + "/" + control.lstrip("/")


def described(body: bytes, base: str) -> Described | None:
    """Read a description; None where it has no video track."""
    session, medias = _sections(body)
    videos = [media for media in medias if media.kind == "video" and media.payloads]
    if not videos:
        return None
    media = next((one for one in videos if one.choice()[1] in _KNOWN), videos[0])
    payload, codec = media.choice()
    whole = _Media("", "", [], session)
    ranges = next((text for text in (whole.value("range"), media.value("range")) if _ENDING_RANGE.match(text)), "")
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"]
    lines += [f"a=range:{ranges}"] if ranges else []
    lines.append(f"m=video 0 {media.protocol} {payload}")
    for line in media.lines:
        if found := re.match(r"rtpmap:\s*(\d{1,3})\s+([A-Za-z0-9.-]+)\s*(?:/\s*(\d+))?", line):
            if int(found[1]) == payload:
                lines.append(f"a=rtpmap:{payload} {found[2]}/{found[3] or 90000}")
        elif found := re.match(r"fmtp:\s*(\d{1,3})\s+(.*)$", line):
            if int(found[1]) == payload:
                lines.append(f"a=fmtp:{payload} {_parameters(found[2], codec)}")
        elif line.startswith(_KEPT):
            lines.append("a=" + line)
    lines.append(f"a=control:{TRACK}")
    play_url = joined(base, whole.value("control"))
    sdp = ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")
    return Described(joined(base, media.value("control")), play_url, sdp, bool(ranges))


def _sections(body: bytes) -> tuple[list[str], list[_Media]]:
    """The session's attributes, and each media with its own; lines that are none are left out."""
    session: list[str] = []
    medias: list[_Media] = []
    for raw in body.decode("utf-8", "surrogateescape").splitlines():
        line = raw.strip()
        if line.startswith("m="):
            kind, *words = line[2:].split() or [""]
            protocol = words[1] if len(words) > 1 and words[1].upper().startswith("RTP/") else "RTP/AVP"
            payloads = [int(word) for word in words[2:] if word.isdigit() and int(word) < 128]
            medias.append(_Media(kind.lower(), protocol, payloads, []))
        elif line.startswith("a="):
            (medias[-1].lines if medias else session).append(line[2:].strip())
    return session, medias


def _parameters(text: str, codec: str) -> str:
    """Format parameters without the final `;`, and without parameter sets that cannot be any (they would mislead the decoder)."""
    kept = []
    for parameter in text.split(";"):
        name, equals, value = parameter.strip().partition("=")
        if name.lower() == "sprop-parameter-sets" and codec == "H264":
            value = ",".join(filter(None, (_parameter_set(one) for one in value.split(","))))
            if not value:
                continue
        if name:
            kept.append(f"{name}{equals}{value.strip()}")
    return "; ".join(kept)


def _parameter_set(text: str) -> str:
    """One H.264 parameter set, without the start code some cameras leave at its end; "" when it is none."""
    text = text.strip()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    while raw.startswith((b"\0\0\1", b"\0\0\0\1")):
        raw = raw[raw.index(b"\1") + 1 :]
    raw = re.sub(rb"\x00\x00\x01$", b"", raw).rstrip(b"\0")
    return base64.b64encode(raw).decode() if raw and raw[0] & 0x1F in _H264_SETS else ""
