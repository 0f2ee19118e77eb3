"""Cut the bundled CJK font out of Noto Sans CJK SC: GB 2312 + Latin + the symbols the console draws, without hinting.

Enters: the .ttc of Debian's fonts-noto-cjk. Leaves: resources/fonts/LiandongSans-Regular.otf. Not part of the build: run by hand
(`pip install fonttools`, then `python packaging/fonts/subset.py`) when a character is missing; the result is committed.
The family is renamed, so that a system's own Noto Sans CJK is never shadowed and a removed font can be named by the self-test.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

FACE, FAMILY = "Noto Sans CJK SC", "Liandong Sans"
SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
TARGET = Path(__file__).parents[2] / "resources" / "fonts" / "LiandongSans-Regular.otf"
# Characters of place and person names that GB 2312 lacks and that street maps and rosters hold.
RARE = (
    "瞭啰喆堃垚犇淼祎玥琦玮珺珏昇晟旻昉旸翀翊莜菀蕰薷槺溱浐漕潏灞暻鎏锜镕骉骞皞皝砼硚硖碶祊稑窀笪筼綦缑罘翃耵肟胍脒"
    "朊洺湉濛瀍燊琨璟璠甯畲畹睢瞿羑濠"
)
SYMBOLS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳▲△▼▽◆◇■□●○◎◉★☆✓✔✕✗✖×÷±≤≥≠≈∞←↑→↓↗↘↙↖↔↕↻↺⟳▶▷◀◁‖∥·•…—–―‘’“”„‹›«»°′″‰℃№§©®™€£¥℡√∠⊙⌀␣⏎⌘⇧⇥⌫"


def gb2312() -> set[int]:
    """Code points of all characters of GB 2312."""
    found = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def wanted() -> set[int]:
    """GB 2312, Latin with its accents, pinyin, full-width forms, CJK punctuation and the symbols of the console."""
    ranges = [(0x20, 0x7F), (0xA0, 0x180), (0x1CD, 0x1DD), (0x2010, 0x2028), (0x3000, 0x3020), (0xFF01, 0xFF5F)]
    points = gb2312() | {ord(letter) for letter in SYMBOLS + RARE}
    for first, end in ranges:
        points.update(range(first, end))
    return {point for point in points if not 0x3040 <= point < 0x3130 and not 0x2500 <= point < 0x2580}  # no kana, no box drawing


def rename(font: TTFont) -> None:
    """Give the subset its own family name; copyright and licence stay."""
    names = {1: FAMILY, 2: "Regular", 3: f"{FAMILY} 1.0", 4: f"{FAMILY} Regular", 6: "LiandongSans-Regular"}
    names[10] = f"Subset of {FACE} 2.004: GB 2312, Latin and symbols, without hinting"
    table = font["name"]
    table.names = [
        record for record in table.names if record.nameID in (0, 5, 7, 8, 9, 11, 12, 13, 14) and record.langID == 0x409
    ]
    for name_id, text in names.items():
        table.setName(text, name_id, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames = ["LiandongSans-Regular"]
    top.topDictIndex[0].FullName, top.topDictIndex[0].FamilyName = f"{FAMILY} Regular", FAMILY


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--source", type=Path, default=SOURCE)
    options.add_argument("--target", type=Path, default=TARGET)
    chosen = options.parse_args()
    faces = TTCollection(str(chosen.source)).fonts
    font = next(face for face in faces if face["name"].getDebugName(1) == FACE)
    rules = subset.Options()
    rules.hinting, rules.glyph_names, rules.notdef_outline = False, False, True
    rules.layout_features = ["kern"]
    rules.name_IDs, rules.drop_tables = ["*"], ["BASE", "VORG", "vhea", "vmtx", "DSIG"]
    cutter = subset.Subsetter(rules)
    cutter.populate(unicodes=wanted())
    cutter.subset(font)
    rename(font)
    chosen.target.parent.mkdir(parents=True, exist_ok=True)
    font.save(str(chosen.target))
    print(f"{chosen.target}: {chosen.target.stat().st_size / 1e6:.2f} MB, {len(font.getBestCmap())} characters")


if __name__ == "__main__":
    main()
