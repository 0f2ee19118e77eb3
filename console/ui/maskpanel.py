"""Mask panel: the dock beside the wall while parts of a camera's picture are being hidden. Never modal. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from console.model.picture_rules import UNCOVERED_AT_MOST
from console.model.view import Masks, masks_as_lists, uncovered
from console.ui import theme
from console.ui.bridge import Answer, Bridge
from console.ui.maskdraft import MaskDraft
from console.ui.masktool import MaskTool
from console.ui.refusals import refusal_text
from console.ui.wall import WallSurface
from console.words import tr


class MaskPanel(QWidget):
    """Draws on one tile at a time. `rotation_of(tile key)`: how its picture is turned; `left(tile key)`: called when it ends."""

    def __init__(
        self, bridge: Bridge, rotation_of: Callable[[str], int], left: Callable[[str], None], parent: QWidget | None = None
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._bridge, self._rotation_of, self._left = bridge, rotation_of, left
        self._surface: WallSurface | None = None
        self._tool: MaskTool | None = None
        self._key = self.camera = self._name = ""
        self._before: Masks = ()
        self._title, self._hint, self._count, self._told = (QLabel(self) for _ in range(4))
        self._reason_title = QLabel(self)
        self._reason = QLineEdit(self)
        self._reason.setMaxLength(400)
        self._reason.textChanged.connect(self._show)
        self._buttons = {name: QPushButton(self) for name in ("new", "undo", "clear", "save", "cancel")}
        acts = {"new": self.close_area, "undo": self.undo, "clear": self.clear, "save": self.save, "cancel": self.leave}
        for name, button in self._buttons.items():
            button.clicked.connect(acts[name])
        self._buttons["save"].setProperty("role", "primary")
        for label in (self._title, self._hint, self._told):
            label.setWordWrap(True)
        page = QVBoxLayout(self)
        side = theme.px("space_3")
        page.setContentsMargins(side, side, side, side)
        for part in (self._title, self._hint, self._count, self._reason_title, self._reason):
            page.addWidget(part)
        grid = QGridLayout()
        for place, name in enumerate(self._buttons):
            grid.addWidget(self._buttons[name], place // 3, place % 3)
        page.addLayout(grid)
        page.addWidget(self._told)
        page.addStretch(1)
        self.retranslate()

    @property
    def is_drawing(self) -> bool:
        return self._tool is not None

    def begin(self, surface: WallSurface, key: str, camera: str, name: str, masks: Masks) -> None:
        """Draw on this tile; what was drawn on another and not saved is left."""
        self.leave()
        self._surface, self._key, self.camera, self._name, self._before = surface, key, camera, name, masks
        self._tool = MaskTool(camera, MaskDraft(masks), self._rotation_of, self._show, self.leave)
        surface.add_tool(self._tool, key)
        surface.setFocus(Qt.FocusReason.OtherFocusReason)
        self._reason.clear()
        self._say("")
        self.retranslate()

    @Slot()
    def leave(self) -> None:
        """Stop drawing; what is not saved is gone."""
        surface, tool, key = self._surface, self._tool, self._key
        self._surface, self._tool, self._key, self.camera = None, None, "", ""
        if surface is not None and tool is not None:
            if isValid(surface):  # its wall window may be gone
                surface.remove_tool(tool, key)
            self._left(key)
        self.retranslate()

    def _is_there(self) -> bool:
        """Whether the tile still shows the camera that is being drawn on; where it does not, drawing ends."""
        if self._surface is None or self._tool is None:
            return False
        tile = self._surface.named(self._key) if isValid(self._surface) else None
        if tile is None or tile.content.camera != self.camera:
            self.leave()
            self._say(tr("masks.gone"))
            return False
        return True

    @Slot()
    def close_area(self) -> None:
        """Close the area being drawn, so that the next corner begins a new one."""
        if self._tool is not None:
            self._tool.draft.close()
            self._back_to_tile()

    @Slot()
    def undo(self) -> None:
        if self._tool is not None:
            self._tool.draft.undo()
            self._back_to_tile()

    @Slot()
    def clear(self) -> None:
        if self._tool is not None:
            self._tool.draft.clear()
            self._back_to_tile()

    def _back_to_tile(self) -> None:
        self._show()
        if self._surface is not None:
            self._surface.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def _lifts(self) -> bool:
        return self._tool is not None and uncovered(self._before, self._tool.draft.masks) > UNCOVERED_AT_MOST

    @Slot()
    def save(self) -> None:
        """Ask the desk to hide these areas; where something would be seen again, to lift masks."""
        if self._tool is None or not self._is_there():
            return
        self._tool.draft.close()
        masks, lifts = self._tool.draft.masks, self._lifts
        if lifts and not self._reason.text().strip():
            self._reason.setFocus()
            self._say(tr("masks.lifting"))
            return
        body = {"camera": self.camera, "polygons": masks_as_lists(masks), "reason": self._reason.text().strip()}
        asked = self.camera

        def answered(answer: Answer) -> None:
            if self.camera != asked:
                return
            if answer.refused is not None:
                self._say(tr("masks.refused", why=refusal_text(answer.refused)))
                return
            self.leave()
            self._say(tr("masks.saved"))

        self._bridge.send("LiftPrivacyMasks" if lifts else "SetPrivacyMasks", body, answered)

    def _say(self, text: str) -> None:
        self._told.setText(text)

    @Slot()
    def _show(self) -> None:
        """What the draft is now, on the tile and here."""
        tool = self._tool
        for button in self._buttons.values():
            button.setEnabled(tool is not None)
        self._reason.setEnabled(tool is not None)
        self._reason_title.setText(tr("masks.lift_reason" if self._lifts else "masks.reason"))
        if tool is None or self._surface is None:
            self._count.setText("")
            return
        if not self._is_there():
            return
        self._buttons["undo"].setEnabled(tool.draft.can_undo)
        self._count.setText(tr("masks.areas", count=len(tool.draft.areas)))
        self._surface.update_tile(self._key)

    def hideEvent(self, event: QHideEvent) -> None:
        if not event.spontaneous():
            self.leave()  # a dock that is put away draws nothing more

    def retranslate(self) -> None:
        """Say everything again in the chosen language."""
        self._title.setText(tr("masks.title", camera=self._name) if self._tool is not None else tr("masks.no_camera"))
        self._hint.setText(tr("masks.hint") if self._tool is not None else "")
        for name, button in self._buttons.items():
            button.setText(tr(f"masks.{name}"))
        self._show()
