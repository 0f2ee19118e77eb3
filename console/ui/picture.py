"""Picture: how a tile's picture is painted: fitted, never cropped, and grey when it is not live."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QPoint, QRect, QRectF, QSize, Qt
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


def paint_fitted(painter: QPainter, rect: QRect, image: QImage, ratio: float, has_bars: bool = True) -> QRect:
    """Paint `image` fitted and centred in `rect`, without scaling when it was made for this tile; returns its place.

    `has_bars` False leaves what is beside it as it was, for the next picture of the same shape.
    """
    width, height = image.width() / ratio, image.height() / ratio
    if max(width / rect.width(), height / rect.height()) > 1.001 or min(rect.width() - width, rect.height() - height) > 1.5:
        scale = min(rect.width() / width, rect.height() / height)
        width, height = width * scale, height * scale
    left, top = round((rect.width() - width) / 2), round((rect.height() - height) / 2)
    black = theme.tile_color("tile")
    if has_bars and (left > 0 or top > 0):
        right, bottom = rect.width() - left - round(width), rect.height() - top - round(height)
        bars = (
            QRect(rect.left(), rect.top(), left, rect.height()),
            QRect(rect.right() - right, rect.top(), right + 1, rect.height()),
            QRect(rect.left(), rect.top(), rect.width(), top),
            QRect(rect.left(), rect.bottom() - bottom, rect.width(), bottom + 1),
        )
        for bar in bars:
            if bar.width() > 0 and bar.height() > 0:
                painter.fillRect(bar, black)
    if round(width * ratio) == image.width() and round(height * ratio) == image.height():
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPoint(rect.left() + left, rect.top() + top), image)
    else:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(rect.left() + left, rect.top() + top, width, height), image)
    return QRect(rect.left() + left, rect.top() + top, round(width), round(height))


def paint_part(painter: QPainter, rect: QRect, image: QImage, view: QRectF, has_bars: bool = True) -> QRect:
    """Paint the part `view` (0…1) of `image` where the whole of it would stand fitted in `rect`; returns that place."""
    scale = min(rect.width() / image.width(), rect.height() / image.height())
    width, height = round(image.width() * scale), round(image.height() * scale)
    place = QRect(rect.left() + (rect.width() - width) // 2, rect.top() + (rect.height() - height) // 2, width, height)
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
