"""The sheet of one patrol on the screen, and its export as CSV, HTML and PDF into the data folder. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QMarginsF, QModelIndex, QSizeF, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QColor, QDesktopServices, QPageLayout, QPageSize, QPdfWriter, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QLabel, QPushButton, QTableView, QVBoxLayout, QWidget

from console.errors import LiandongError, Unavailable
from console.model.patrol import Patrol
from console.services import patrol_sheet
from console.services.patrol_sheet import COLUMNS, Sheet
from console.ui import theme
from console.ui.later import Later
from console.words import tr

FORMATS = ("csv", "html", "pdf")
_NOWHERE = QModelIndex()
_TONES = {"missed": "red", "no_picture": "late", "finding": "accent", "open": "muted"}


class SheetModel(QAbstractTableModel):
    """One row a view; read-only."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._sheet = Sheet("", (), (), ())

    def put(self, sheet: Sheet) -> None:
        self.beginResetModel()
        self._sheet = sheet
        self.endResetModel()

    def rowCount(self, parent: Any = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._sheet.rows)

    def columnCount(self, parent: Any = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        text = self._sheet.rows[index.row()][index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return text
        if role == Qt.ItemDataRole.ForegroundRole and COLUMNS[index.column()] == "verdict":
            tone = _TONES.get(self._sheet.verdicts[index.row()])
            return QColor(theme.color(tone)) if tone else None
        return None

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return tr(f"patrol.column.{COLUMNS[section]}")
        return None


class PatrolSheet(QWidget):
    """Signals: `left()` back to the list."""

    left = Signal()

    def __init__(self, folder: Path, name_of: Callable[[str], str], later: Later, parent: Any = None) -> None:
        super().__init__(parent)
        self._folder, self._name_of, self._later = folder, name_of, later
        self._patrol: Patrol | None = None
        self._title, self._head, self._kept = QLabel(self), QLabel(self), QLabel(self)
        self._title.setProperty("role", "heading")
        self._title.setWordWrap(True)
        self._head.setWordWrap(True)
        self._head.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._kept.setWordWrap(True)
        self._kept.setProperty("role", "muted")
        self.model = SheetModel(self)
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setWordWrap(True)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.buttons = {name: QPushButton(self) for name in (*FORMATS, "folder", "leave")}
        row = QHBoxLayout()
        for name, button in self.buttons.items():
            button.setProperty("format", name)
            button.clicked.connect(self._leave if name == "leave" else self._open_folder if name == "folder" else self._export)
            row.addWidget(button)
        page = QVBoxLayout(self)
        for part in (self._title, self._head):
            page.addWidget(part)
        page.addWidget(self.table, 1)
        page.addWidget(self._kept)
        page.addLayout(row)
        self.retranslate()

    def retranslate(self) -> None:
        for name, button in self.buttons.items():
            button.setText(name.upper() if name in FORMATS else tr(f"patrol.sheet.{name}"))
        self.refresh()

    def open(self, patrol: Patrol) -> None:
        """Show the sheet of a patrol."""
        self._patrol = patrol
        self._kept.clear()
        self.refresh()

    @property
    def patrol(self) -> str:
        """Id of the patrol shown."""
        return self._patrol.id if self._patrol is not None else ""

    def refresh(self) -> None:
        """Build the sheet anew: the patrol may have gone on."""
        if self._patrol is None:
            return
        sheet = patrol_sheet.sheet(self._patrol, self._name_of)
        self._title.setText(sheet.title)
        self._head.setText("\n".join(f"{label}: {value}" for label, value in sheet.head if value != "–"))
        self.model.put(sheet)
        wide = (30, 130, 76, 44, 130, 170, 78, 78, 90, 260)
        for column, width in enumerate(wide):
            self.table.setColumnWidth(column, width)

    @Slot()
    def _export(self) -> None:
        if self._patrol is None:
            return
        kind, patrol = str(self.sender().property("format")), self._patrol
        sheet = patrol_sheet.sheet(patrol, self._name_of)
        file = f"patrol-{patrol.id}.{kind}"
        folder = self._folder

        def work() -> Path:
            if kind == "pdf":
                return write_pdf(folder, file, sheet)
            text = patrol_sheet.csv_text(sheet) if kind == "csv" else patrol_sheet.html_text(sheet)
            return patrol_sheet.keep(folder, file, text.encode("utf-8-sig" if kind == "csv" else "utf-8"))

        self._later.do(work, self._exported)

    def _exported(self, file: Any, why: LiandongError | None) -> None:
        self._kept.setText(
            tr("patrol.sheet.failed", why=str(why)) if why is not None else tr("patrol.sheet.kept", file=str(file))
        )

    @Slot()
    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))

    @Slot()
    def _leave(self) -> None:
        self.left.emit()


def write_pdf(folder: Path, name: str, sheet: Sheet) -> Path:
    """Write the sheet as PDF, A4 across. Raises Unavailable. Worker thread."""
    path = patrol_sheet.keep(folder, name, b"")
    writer = QPdfWriter(str(path))
    writer.setTitle(sheet.title)
    writer.setPageLayout(
        QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Landscape, QMarginsF(12, 12, 12, 12))
    )
    writer.setResolution(96)
    document = QTextDocument()
    document.setDefaultFont(theme.font(11))
    document.setHtml(patrol_sheet.html_text(sheet))
    document.setPageSize(QSizeF(writer.width(), writer.height()))
    document.print_(writer)
    del writer
    if path.stat().st_size == 0:
        path.unlink(missing_ok=True)
        raise Unavailable(f"cannot write {path}")
    return path
