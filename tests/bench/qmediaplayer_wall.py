"""A wall of QMediaPlayers, as any Qt program has it: one player and one video widget per tile. A peer of the bench."""

import math
import sys

from PySide6.QtCore import QUrl
from PySide6.QtMultimedia import QMediaPlayer
from PySide6.QtMultimediaWidgets import QVideoWidget
from PySide6.QtWidgets import QApplication, QWidget

application = QApplication(sys.argv[:1])
window, urls = QWidget(), sys.argv[1:]
window.setGeometry(0, 0, 1920, 1080)
side = math.isqrt(len(urls))
players = []
for number, url in enumerate(urls):
    tile = QVideoWidget(window)
    tile.setGeometry(number % side * (1920 // side), number // side * (1080 // side), 1920 // side, 1080 // side)
    player = QMediaPlayer(window)
    player.setVideoOutput(tile)
    player.setSource(QUrl(url))
    player.play()
    players.append(player)
window.show()
application.exec()
