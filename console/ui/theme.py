"""The look in one place: colour, size and font tokens for dark and light rooms, and the style sheet made of them.

`apply(app, "dark")` is called once by each window process before its first widget (and again to switch); everything else asks
`color`, `px` and `font`. Widgets repaint on `QEvent.PaletteChange`; caches of pictures compare `generation()`. GUI thread only.

Style sheet hooks (dynamic properties): buttons `role` = "danger" | "flat"; labels `role` = "title" | "heading" | "muted" |
"badge" and `tone` = one of `TONES`; frames `role` = "panel" | "raised" | "separator".
"""

from __future__ import annotations

from functools import cache
from string import Template

from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from console.paths import resources
from console.words import tr

FONT_FILE = "LiandongSans-Regular.otf"
FONT_FAMILY = "Liandong Sans"
# A system's own full font comes first: it has the rare characters and a real bold.
SYSTEM_FAMILIES = ("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN")

PANELS = ("background", "panel", "raised")
TONES = ("text", "muted", "accent", "red", "orange", "blue", "green", "late")  # every one of them is readable on every panel

_DARK = {
    "background": "#12161B", "panel": "#1A2027", "raised": "#232B34", "line": "#33404D",
    "text": "#E8ECF0", "muted": "#A3AFBB", "faint": "#7D8996", "accent": "#3FC1B0",
    "red": "#FF5A52", "orange": "#FFA02E", "blue": "#6AA8FF", "green": "#52C88A", "late": "#FFD24A", "replay": "#C792FF",
    "danger": "#B3261E", "danger_pressed": "#8C1D17", "danger_text": "#FFFFFF", "on_grade": "#12161B", "tile": "#000000",
    "map_ground": "#15191F", "map_water": "#1B2733", "map_green": "#1A2822",
    "map_building": "#1D232A", "map_building_edge": "#2A323B",
    "map_road_major": "#404D5A", "map_road": "#323D48", "map_road_minor": "#262F38", "map_path": "#2C353E", "map_rail": "#3A424B",
    "map_label": "#AAB5C0", "map_halo": "#15191F", "unit": "#E8ECF0", "unit_text": "#12161B", "camera": "#232B34",
}  # fmt: skip
_LIGHT = {
    "background": "#E9EDF1", "panel": "#FFFFFF", "raised": "#DFE5EB", "line": "#B4BEC8",
    "text": "#171C22", "muted": "#47525D", "faint": "#76828E", "accent": "#096358",
    "red": "#B01812", "orange": "#8A4400", "blue": "#174FAE", "green": "#0E613A", "late": "#6B4E00", "replay": "#6A2BB0",
    "danger": "#B3261E", "danger_pressed": "#8C1D17", "danger_text": "#FFFFFF", "on_grade": "#FFFFFF", "tile": "#000000",
    "map_ground": "#F2F4F6", "map_water": "#CBDCEA", "map_green": "#DEE9DF",
    "map_building": "#E2E6EA", "map_building_edge": "#CDD4DB",
    "map_road_major": "#B4BFC9", "map_road": "#C6CFD7", "map_road_minor": "#D6DCE2", "map_path": "#CDD5DC", "map_rail": "#ABB4BD",
    "map_label": "#434D57", "map_halo": "#F2F4F6", "unit": "#252C34", "unit_text": "#FFFFFF", "camera": "#FFFFFF",
}  # fmt: skip
THEMES = {"dark": _DARK, "light": _LIGHT}
_PX = {
    "text": 14, "body": 15, "heading": 17, "title": 21,
    "space_1": 4, "space_2": 8, "space_3": 12, "space_4": 16, "radius": 6, "line": 1, "focus": 2, "row": 28, "mark": 26,
}  # fmt: skip

_chosen = "dark"
_scale = 1.0
_generation = 0


def chosen() -> str:
    """Name of the theme in use: "dark" or "light"."""
    return _chosen


def generation() -> int:
    """Counts calls of `apply`: a cached picture of an older generation is stale."""
    return _generation


def color(name: str, alpha: float = 1.0) -> QColor:
    """The colour of token `name` in the theme in use, a fresh copy. `alpha`: 0 to 1."""
    found = QColor(THEMES[_chosen][name])
    found.setAlphaF(alpha)
    return found


def px(name: str) -> int:
    """A length token in device-independent pixels: text 14, body 15, heading 17, title 21, space_1…space_4, radius, row …"""
    return round(_PX[name] * _scale)


def tile_color(name: str) -> QColor:
    """The colour of a token over a picture tile: tiles are black in every theme, so always the dark one's."""
    return QColor(_DARK[name])


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio of two opaque colours, 1 to 21. Source: WCAG 2.2, "relative luminance" and "contrast ratio"."""

    def luminance(shade: QColor) -> float:
        total = 0.0
        for weight, part in ((0.2126, shade.redF()), (0.7152, shade.greenF()), (0.0722, shade.blueF())):
            total += weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
        return total

    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@cache
def _bundled() -> str | None:
    """Load the bundled font once; its family, or None when the file is gone or unreadable."""
    number = QFontDatabase.addApplicationFont(str(resources("fonts", FONT_FILE)))
    families = QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
    return families[0] if families else None


@cache
def families() -> tuple[str, ...]:
    """Font families in order of preference: a system's full CJK font, the bundled one, anything."""
    installed = set(QFontDatabase.families())
    bundled = _bundled()
    return (*(name for name in SYSTEM_FAMILIES if name in installed), *([bundled] if bundled else []), "sans-serif")


def font(size: str | int = "text", bold: bool = False, tabular: bool = False) -> QFont:
    """The console's font, a fresh copy. `size`: a type token of `px`, or pixels; `tabular`: digits of one width (clocks)."""
    return QFont(_font(px(size) if isinstance(size, str) else size, bold, tabular))


@cache
def _font(size_px: int, bold: bool, tabular: bool) -> QFont:
    """Made once: copies share what Qt has found for it (13 µs with its metrics; each font made anew looks for it again)."""
    made = QFont(list(families()))
    made.setPixelSize(size_px)
    made.setBold(bold)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    if tabular and hasattr(QFont.Tag, "fromString"):  # 6.8 cannot name a feature; Noto has digits of one width anyway
        made.setFeature(QFont.Tag.fromString("tnum"), 1)
    return made


def font_problem() -> str | None:
    """In the operator's words what is wrong with the bundled font, or None.

    Without a QGuiApplication only the file's presence is looked at.
    """
    file = resources("fonts", FONT_FILE)
    if not file.is_file():
        return tr("theme.font_missing", file=FONT_FILE, folder=str(file.parent))
    if QGuiApplication.instance() is not None and _bundled() != FONT_FAMILY:
        return tr("theme.font_broken", file=FONT_FILE, folder=str(file.parent))
    return None


def style_sheet() -> str:
    """The style sheet of the theme in use: resources/theme/style.qss with the tokens filled in."""
    tokens = dict(THEMES[_chosen]) | {f"px_{name}": f"{px(name)}px" for name in _PX}
    tokens["icons"] = resources("theme", _chosen).as_posix()
    tokens["families"] = ", ".join(f'"{name}"' for name in families())
    return Template(resources("theme", "style.qss").read_text(encoding="utf-8")).substitute(tokens)


def palette() -> QPalette:
    """The palette of the theme in use, for what a style sheet does not reach (own painting, item views, indicators)."""
    role = QPalette.ColorRole
    table = {
        role.Window: "background", role.Base: "panel", role.AlternateBase: "background", role.Button: "raised",
        role.Text: "text", role.WindowText: "text", role.ButtonText: "text", role.BrightText: "text",
        role.PlaceholderText: "muted", role.ToolTipBase: "raised", role.ToolTipText: "text", role.Highlight: "raised",
        role.HighlightedText: "text", role.Link: "accent", role.LinkVisited: "accent", role.Accent: "accent",
        role.Light: "line", role.Midlight: "line", role.Mid: "line", role.Dark: "background", role.Shadow: "background",
    }  # fmt: skip
    made = QPalette()
    for key, token in table.items():
        made.setColor(key, color(token))
    for key in (role.Text, role.WindowText, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, key, color("faint"))
    return made


def apply(app: QApplication, name: str = "dark", scale: float = 1.0) -> None:
    """Dress the whole application in theme `name`. `scale`: the operator's own magnification, beside the screen's."""
    global _chosen, _scale, _generation
    if name not in THEMES:
        raise ValueError(f"unknown theme {name!r}: one of {', '.join(THEMES)}")
    _chosen, _scale = name, scale
    _generation += 1
    app.setStyle("Fusion")
    app.setPalette(palette())
    app.setFont(font())
    app.setStyleSheet(style_sheet())
