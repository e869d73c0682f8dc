"""Sources of frames: video files, pipes, cameras, through OpenCV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from vizecg.spec import InputRefusedError
from vizecg.spec.fingerprint import sha256_file
from vizecg_edge.capture.picture import check_size


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """``image``: uint8 RGB (H, W, 3). ``index`` from 0. ``time_s`` since the first frame."""

    image: np.ndarray
    index: int
    time_s: float


class Frames(Protocol):
    """A source of frames. It ends where the video ends, the pipe closes or the camera is unplugged."""

    @property
    def name(self) -> str:
        """Path or camera, for people."""

    @property
    def live(self) -> bool:
        """Whether frames come by themselves, and one that is not taken in time is lost."""

    @property
    def sha256(self) -> str | None:
        """Of the file, where there is one."""

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """Give the device back; more than once does no harm."""


class VideoFile:
    """The frames of a video file.

    Raises:
        InputRefusedError: ``file_not_found`` or ``unreadable``, also where there is no codec for it.
    """

    live = False

    def __init__(self, *, path: Path) -> None:
        if not path.exists():
            raise InputRefusedError("no such file", reason="file_not_found")
        self.name = str(path)
        self._capture = open_capture(str(path), cv2.CAP_ANY)
        if self._capture is None:
            raise InputRefusedError("not a video that can be read, or damaged at its start", reason="unreadable")
        try:
            self.sha256: str | None = sha256_file(path)
        except OSError as error:
            raise InputRefusedError(str(error.strerror), reason="unreadable") from error
        self._rate = self._capture.get(cv2.CAP_PROP_FPS)
        check_capture(self._capture)

    def __iter__(self) -> Iterator[Frame]:
        rate = self._rate if 1 <= self._rate <= 1000 else 25.0
        index = 0
        while self._capture is not None:
            image = read_frame(self._capture)
            if image is None:
                return
            yield Frame(image=image, index=index, time_s=index / rate)
            index += 1

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def open_capture(source: str | int, backend: int) -> Any | None:
    """An opened ``cv2.VideoCapture``, or None."""
    # OpenCV and FFmpeg would write their own complaints to stderr beside our one line.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        capture = cv2.VideoCapture(source, backend)
    except cv2.error:
        return None
    if capture.isOpened():
        return capture
    capture.release()
    return None


def check_capture(capture: Any) -> None:
    """Refuse a size that would take too much memory, before the first frame is decoded."""
    width, height = (int(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if width > 0 and height > 0:
        check_size(width, height)


def read_frame(capture: Any) -> np.ndarray | None:
    """The next frame as uint8 RGB (H, W, 3), or None where there is none left."""
    try:
        there, image = capture.read()
        if not there or image is None or not image.size:
            return None
        code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
        return np.asarray(cv2.cvtColor(image, code))
    except cv2.error:
        return None
