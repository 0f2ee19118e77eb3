"""GPU surface: the pictures of a wall's tiles as textures, their signs as textures over them, drawn by the graphics card.

It lies over a `WallSurface` like a pane of glass: the surface decides what stands where and paints the signs, the glass draws
what the raster painter would have drawn, from the same slots. Where a driver fails, `failed` is emitted once and the surface
paints again by itself. GUI thread only; the card's objects live from `initialize` to `releaseResources`.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QImage,
    QPainter,
    QRhiBuffer,
    QRhiCommandBuffer,
    QRhiDepthStencilClearValue,
    QRhiGraphicsPipeline,
    QRhiSampler,
    QRhiShaderResourceBinding,
    QRhiShaderStage,
    QRhiTexture,
    QRhiTextureSubresourceUploadDescription,
    QRhiTextureUploadDescription,
    QRhiTextureUploadEntry,
    QRhiVertexInputAttribute,
    QRhiVertexInputBinding,
    QRhiVertexInputLayout,
    QRhiViewport,
    QShader,
)
from PySide6.QtWidgets import QRhiWidget, QWidget

from console import words
from console.paths import resources
from console.services.feeds import Feeds
from console.ui import theme, zoom
from console.ui.picture import fitted_place, part_place
from console.ui.walltile import WHOLE, PlacedTile

if TYPE_CHECKING:
    from console.ui.wall import WallSurface

_log = logging.getLogger(__name__)

_CORNER_BYTES = 32  # eight 32-bit floats: place, texture place, and what the fragment shader must know
_QUAD_CORNERS = 6
_PLAIN, _GREY, _SIGNS, _BLACK = (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)


class _Sheet:
    """One texture and its binding; made anew when the size changes."""

    def __init__(self) -> None:
        self.texture: QRhiTexture | None = None
        self.binding: Any = None
        self.size = QSize()

    def release(self) -> None:
        for part in (self.binding, self.texture):
            if part is not None:
                part.destroy()
        self.texture, self.binding, self.size = None, None, QSize()


class _Shown:
    """What the card holds of one tile."""

    def __init__(self) -> None:
        self.picture, self.signs = _Sheet(), _Sheet()
        self.generation, self.slot_name = -1, ""
        self.shape = (0, 0, 0)  # width, height, rotation of the uploaded picture
        self.signs_key: object = None

    def release(self) -> None:
        self.picture.release()
        self.signs.release()


class GpuGlass(QRhiWidget):
    """The pane over `surface`. Signals: `failed(str)` why the graphics card cannot go on; nothing is drawn afterwards."""

    failed = Signal(object)

    def __init__(self, surface: WallSurface, feeds: Feeds, parent: QWidget) -> None:
        super().__init__(parent)
        self._surface, self._feeds = surface, feeds
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._shown: dict[str, _Shown] = {}
        self._stale: set[str] = set()
        """Tiles whose signs must be painted anew."""
        self._pipeline: Any = None
        self._sampler: Any = None
        self._corners: Any = None
        self._corner_room = 0
        self._blank = _Sheet()
        self._is_bgra = True
        self._has_failed = False
        self.frames = 0
        self.renderFailed.connect(self._cannot_render)

    def changed(self, rects: Sequence[QRect], over: bool) -> None:
        """These parts show something else; `over`: the signs there too, though their words are the same (focus, tools)."""
        if over:
            self._stale |= {one.content.key for one in self._surface.placed if any(one.rect.intersects(rect) for rect in rects)}
        self.update()

    @Slot()
    def _cannot_render(self) -> None:
        self._fail("no graphics device")

    def _fail(self, why: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            self.failed.emit(why)

    # ---- the card's objects -----------------------------------------------------------------------------------------
    def initialize(self, commands: QRhiCommandBuffer) -> None:
        if self._pipeline is not None or self._has_failed:
            return
        try:
            self._make()
        except (RuntimeError, OSError, ValueError, TypeError, AttributeError) as cause:
            _log.error("the graphics card's surface cannot be set up: %s", cause)
            self._fail(str(cause))

    def _make(self) -> None:
        rhi = self.rhi()
        self._is_bgra = rhi.isTextureFormatSupported(QRhiTexture.Format.BGRA8)
        self._sampler = rhi.newSampler(
            QRhiSampler.Filter.Linear, QRhiSampler.Filter.Linear, QRhiSampler.Filter.None_,
            QRhiSampler.AddressMode.ClampToEdge, QRhiSampler.AddressMode.ClampToEdge,
        )  # fmt: skip
        if not self._sampler.create():
            raise RuntimeError("no sampler")
        self._fit(self._blank, QSize(1, 1))
        pipeline = rhi.newGraphicsPipeline()
        stages = ((QRhiShaderStage.Type.Vertex, "tile.vert"), (QRhiShaderStage.Type.Fragment, "tile.frag"))
        pipeline.setShaderStages([QRhiShaderStage(kind, _shader(name)) for kind, name in stages])
        layout = QRhiVertexInputLayout()
        layout.setBindings([QRhiVertexInputBinding(_CORNER_BYTES)])
        two, four = QRhiVertexInputAttribute.Format.Float2, QRhiVertexInputAttribute.Format.Float4
        layout.setAttributes([
            QRhiVertexInputAttribute(0, 0, two, 0), QRhiVertexInputAttribute(0, 1, two, 8),
            QRhiVertexInputAttribute(0, 2, four, 16),
        ])  # fmt: skip
        pipeline.setVertexInputLayout(layout)
        blend = QRhiGraphicsPipeline.TargetBlend()
        blend.enable = True
        pipeline.setTargetBlends([blend])
        pipeline.setShaderResourceBindings(self._blank.binding)
        pipeline.setRenderPassDescriptor(self.renderTarget().renderPassDescriptor())
        if not pipeline.create():
            raise RuntimeError("no pipeline")
        self._pipeline = pipeline

    def releaseResources(self) -> None:
        for shown in self._shown.values():
            shown.release()
        self._shown.clear()
        self._blank.release()
        for part in (self._corners, self._pipeline, self._sampler):
            if part is not None:
                part.destroy()
        self._corners, self._pipeline, self._sampler, self._corner_room = None, None, None, 0

    def _fit(self, sheet: _Sheet, size: QSize) -> None:
        """Make the sheet this large. Raises RuntimeError where the card has no room."""
        if sheet.texture is not None and sheet.size == size:
            return
        sheet.release()
        rhi = self.rhi()
        kind = QRhiTexture.Format.BGRA8 if self._is_bgra else QRhiTexture.Format.RGBA8
        texture = rhi.newTexture(kind, size)
        if not texture.create():
            raise RuntimeError(f"no texture of {size.width()}×{size.height()}")
        binding = rhi.newShaderResourceBindings()
        stage = QRhiShaderResourceBinding.StageFlag.FragmentStage
        binding.setBindings([QRhiShaderResourceBinding.sampledTexture(0, stage, texture, self._sampler)])
        if not binding.create():
            raise RuntimeError("no binding")
        sheet.texture, sheet.binding, sheet.size = texture, binding, QSize(size)

    # ---- a frame ----------------------------------------------------------------------------------------------------
    def render(self, commands: QRhiCommandBuffer) -> None:  # type: ignore[override]
        """Upload what is new and draw every tile."""
        if self._pipeline is None or self._has_failed:
            return
        try:
            self._draw(commands)
        except (RuntimeError, OSError, ValueError, TypeError, AttributeError) as cause:
            _log.error("the graphics card's surface has failed: %s", cause)
            self._fail(str(cause))

    def _draw(self, commands: QRhiCommandBuffer) -> None:
        rhi, batch = self.rhi(), self.rhi().nextResourceUpdateBatch()
        placed = self._surface.placed
        for key in self._shown.keys() - {one.content.key for one in placed}:
            self._shown.pop(key).release()
        size = self.renderTarget().pixelSize()
        quads = _Quads(self.width(), self.height(), rhi.isYUpInNDC(), 0.0 if self._is_bgra else 1.0)
        for one in placed:
            shown = self._shown.setdefault(one.content.key, _Shown())
            has_picture = self._take_picture(one, shown, batch)
            if has_picture:
                self._lay_picture(one, shown, quads)
            self._take_signs(one, shown, has_picture, batch)
            quads.add(shown.signs.binding, one.rect, (0.0, 0.0, 1.0, 1.0), _SIGNS)
        data = quads.data()
        if data:
            if len(data) > self._corner_room:
                if self._corners is not None:
                    self._corners.destroy()
                self._corner_room = len(data) * 2
                usage = QRhiBuffer.UsageFlag.VertexBuffer
                self._corners = rhi.newBuffer(QRhiBuffer.Type.Dynamic, usage, self._corner_room)
                if not self._corners.create():
                    raise RuntimeError("no vertex buffer")
            batch.updateDynamicBuffer(self._corners, 0, len(data), data)  # type: ignore[call-overload]  # 6.8 takes no other form
        commands.beginPass(self.renderTarget(), theme.color("background"), QRhiDepthStencilClearValue(1.0, 0), batch)
        if data:
            commands.setGraphicsPipeline(self._pipeline)
            commands.setViewport(QRhiViewport(0, 0, size.width(), size.height()))
            for number, binding in enumerate(quads.bindings):
                commands.setShaderResources(binding or self._blank.binding)
                commands.setVertexInput(0, [(self._corners, 0)])
                commands.draw(_QUAD_CORNERS, 1, number * _QUAD_CORNERS, 0)
        commands.endPass()
        self._stale.clear()
        self.frames += 1

    def _take_picture(self, one: PlacedTile, shown: _Shown, batch: Any) -> bool:
        """Upload the slot's newest picture where it is another one; False when there is none to show."""
        slot = self._feeds.slot(one.content.key)
        if slot is None or not slot.generation:
            return False
        if slot.generation == shown.generation and slot.name == shown.slot_name:
            return True
        for _ in range(2):
            found = slot.newest()
            if found is None:
                break
            data = bytes(found.pixels)
            if slot.is_whole(found):
                self._upload(shown.picture, QSize(found.width_px, found.height_px), data, found.stride_bytes, batch)
                shown.generation, shown.slot_name = found.generation, slot.name
                shown.shape = (found.width_px, found.height_px, found.rotation_deg)
                self._surface.painter.note_shown(one, slot.name, found.generation, found.arrival_ns)
                return True
            one.figures.torn += 1
        return shown.picture.texture is not None and shown.slot_name == slot.name

    def _lay_picture(self, one: PlacedTile, shown: _Shown, quads: _Quads) -> None:
        width, height, rotation_deg = shown.shape
        turns = round(-rotation_deg / 90) % 4
        if turns % 2:
            width, height = height, width
        if one.is_zoomed:
            place = part_place(one.rect, width, height)
        else:
            place = fitted_place(one.rect, width, height, self.devicePixelRatioF())
        one.place = place
        how = _GREY if one.state == "held" else _PLAIN
        quads.add(None, one.rect, (0.0, 0.0, 1.0, 1.0), _BLACK, is_black=True)
        view = one.view if one.is_zoomed else WHOLE
        quads.add(shown.picture.binding, place, (view.left(), view.top(), view.right(), view.bottom()), how, turns)
        if one.is_zoomed and not (box := zoom.inset_box(place, width, height)).isEmpty():
            quads.add(shown.picture.binding, box, (0.0, 0.0, 1.0, 1.0), how, turns)

    def _take_signs(self, one: PlacedTile, shown: _Shown, has_picture: bool, batch: Any) -> None:
        """Paint what lies on the picture (all of the tile, where there is none) and upload it, where it says something else."""
        ratio, mark = self.devicePixelRatioF(), self._surface.painter.watermark
        key = (
            one.truth, one.content, one.rect, ratio, theme.generation(), words.chosen(), has_picture, id(one.still), one.view,
            None if mark is None else (id(mark), mark.minute()),
        )  # fmt: skip
        if key == shown.signs_key and one.content.key not in self._stale:
            return
        image = QImage(one.rect.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.translate(-one.rect.topLeft())
        painter.setClipRect(one.rect)
        if not has_picture:
            self._surface.painter.paint_under(painter, one, True)
        elif one.is_zoomed:
            width, height, _ = shown.shape
            if not (box := zoom.inset_box(one.place, width, height)).isEmpty():
                zoom.paint_inset_frame(painter, box, one.view)
        self._surface.painter.paint_over(painter, one)
        painter.end()
        size = QSize(image.width(), image.height())
        self._upload(shown.signs, size, bytes(image.constBits()), image.bytesPerLine(), batch)
        shown.signs_key = (one.truth, *key[1:])  # painting may have looked at the words anew

    def _upload(self, sheet: _Sheet, size: QSize, data: bytes, stride_bytes: int, batch: Any) -> None:
        self._fit(sheet, size)
        description = QRhiTextureSubresourceUploadDescription(data)
        description.setDataStride(stride_bytes)
        description.setSourceSize(size)
        batch.uploadTexture(sheet.texture, QRhiTextureUploadDescription(QRhiTextureUploadEntry(0, 0, description)))


class _Quads:
    """The rectangles of one frame, in the order they are drawn; `bindings` has one texture for each (None: plain black)."""

    def __init__(self, width_px: int, height_px: int, is_y_up: bool, swaps: float) -> None:
        self._across, self._down = 2.0 / max(1, width_px), 2.0 / max(1, height_px)
        self._sign = -1.0 if is_y_up else 1.0
        self._swaps = swaps
        self._corners: list[float] = []
        self.bindings: list[Any] = []

    def add(
        self, binding: Any, rect: QRect, texture: tuple[float, float, float, float], how: tuple[float, float], turns: int = 0,
        is_black: bool = False,
    ) -> None:  # fmt: skip
        """A rectangle of the widget with a part of a texture on it, turned clockwise `turns` times by a quarter."""
        left = rect.left() * self._across - 1.0
        right = (rect.left() + rect.width()) * self._across - 1.0
        bottom = ((rect.top() + rect.height()) * self._down - 1.0) * self._sign
        top = (rect.top() * self._down - 1.0) * self._sign
        places = ((left, top), (right, top), (left, bottom), (right, bottom))
        u0, v0, u1, v1 = texture
        parts = [_turned(u, v, turns) for u, v in ((u0, v0), (u1, v0), (u0, v1), (u1, v1))]
        rest = (*how, self._swaps, 1.0 if is_black else 0.0)
        for corner in (0, 1, 2, 2, 1, 3):
            self._corners += (*places[corner], *parts[corner], *rest)
        self.bindings.append(binding)

    def data(self) -> bytes:
        return struct.pack(f"{len(self._corners)}f", *self._corners)


def _turned(u: float, v: float, turns: int) -> tuple[float, float]:
    """Where in the unturned picture a point of the turned one lies."""
    for _ in range(turns):
        u, v = v, 1.0 - u
    return u, v


def _shader(name: str) -> QShader:
    found = QShader.fromSerialized(resources("shaders", f"{name}.qsb").read_bytes())
    if not found.isValid():
        raise ValueError(f"shader {name} is not valid")
    return found
