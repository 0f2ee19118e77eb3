"""Picture: how a tile's picture is painted: fitted, never cropped, and grey when it is not live."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QImageReader, QPainter, QRegion

from console.ui import theme

_VEIL = QColor(0, 0, 0, 90)


def picture_at(data: bytes, room: QSize) -> QImage:
    """Read a picture file no larger than `room` (device pixels); a null image where it cannot be read.

    A JPEG is decoded at that size: 3 ms for a tile, where the whole picture takes 9.
    """
    kept = QByteArray(data)
    buffer = QBuffer(kept)
    reader = QImageReader(buffer)
    size = reader.size()
    if size.width() > room.width() or size.height() > room.height():
        reader.setScaledSize(size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


def grey_copy(image: QImage) -> QImage:
    """A copy of `image` without colour and a little darker: what is not live must not look alive."""
    made = image.convertToFormat(QImage.Format.Format_Grayscale8).convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(made)
    painter.fillRect(made.rect(), _VEIL)
    painter.end()
    return made


def fitted_place(rect: QRect, width_px: int, height_px: int, ratio: float) -> QRect:
    """Where a picture of this many device pixels stands, fitted and centred, in `rect`; its own size when it was made for it."""
    width, height = width_px / ratio, height_px / ratio
    if max(width / rect.width(), height / rect.height()) > 1.001 or min(rect.width() - width, rect.height() - height) > 1.5:
        scale = min(rect.width() / width, rect.height() / height)
        width, height = width * scale, height * scale
    left, top = round((rect.width() - width) / 2), round((rect.height() - height) / 2)
    return QRect(rect.left() + left, rect.top() + top, round(width), round(height))


def part_place(rect: QRect, width_px: int, height_px: int) -> QRect:
    """Where a zoomed picture stands in `rect`: where the whole of it would."""
    scale = min(rect.width() / width_px, rect.height() / height_px)
    width, height = round(width_px * scale), round(height_px * scale)
    return QRect(rect.left() + (rect.width() - width) // 2, rect.top() + (rect.height() - height) // 2, width, height)


def paint_fitted(painter: QPainter, rect: QRect, image: QImage, ratio: float, has_bars: bool = True) -> QRect:
    """Paint `image` fitted and centred in `rect`, without scaling when it was made for this tile; returns its place.

    `has_bars` False leaves what is beside it as it was, for the next picture of the same shape.
    """
    place = fitted_place(rect, image.width(), image.height(), ratio)
    left, top = place.left() - rect.left(), place.top() - rect.top()
    black = theme.tile_color("tile")
    if has_bars and (left > 0 or top > 0):
        right, bottom = rect.width() - left - place.width(), rect.height() - top - place.height()
        bars = (
            QRect(rect.left(), rect.top(), left, rect.height()),
            QRect(rect.right() - right, rect.top(), right + 1, rect.height()),
            QRect(rect.left(), rect.top(), rect.width(), top),
            QRect(rect.left(), rect.bottom() - bottom, rect.width(), bottom + 1),
        )
        for bar in bars:
            if bar.width() > 0 and bar.height() > 0:
                painter.fillRect(bar, black)
    if place.width() == round(image.width() / ratio) and place.height() == round(image.height() / ratio):
        image.setDevicePixelRatio(ratio)
        painter.drawImage(place.topLeft(), image)
    else:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(place), image)
    return place


def paint_part(painter: QPainter, rect: QRect, image: QImage, view: QRectF, has_bars: bool = True) -> QRect:
    """Paint the part `view` (0…1) of `image` where the whole of it would stand fitted in `rect`; returns that place."""
    place = part_place(rect, image.width(), image.height())
    if has_bars and place != rect:
        for bar in list(QRegion(rect) - QRegion(place)):  # type: ignore[call-overload]
            painter.fillRect(bar, theme.tile_color("tile"))
    part = QRectF(
        view.left() * image.width(), view.top() * image.height(), view.width() * image.width(), view.height() * image.height()
    )
    image.setDevicePixelRatio(1.0)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRectF(place), image, part)
    return place
