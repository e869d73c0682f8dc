"""Live sources: cameras, GStreamer pipelines, pipes. A thread reads them, so that Ctrl-C never waits for a device."""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vizecg.spec import InputRefusedError, MissingToolError, UsageError
from vizecg_edge.capture.folders import is_pipe
from vizecg_edge.capture.frames import Frame, check_capture, open_capture, read_frame
from vizecg_edge.capture.interrupt import Interrupt

CSI = (
    "nvarguscamerasrc sensor-id={sensor} ! video/x-raw(memory:NVMM),width=1920,height=1080,framerate=30/1 "
    "! nvvidconv ! video/x-raw,format=BGRx"
)
_SINK = " ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1 sync=false"
WIDTH, HEIGHT = 1920, 1080
"""Asked of a UVC camera: a sheet that fills a smaller picture has less than 4 pixels per millimetre."""
STALLED_S = 10.0
_POLL_S = 0.1


class LiveFrames:
    """Frames of a device that go on by themselves.

    Args:
        name: for people.
        open_device: opens it; it is called in the reading thread and returns None where that fails.
        interrupt: ends the frames when a signal comes.
        newest: drop frames that were not taken in time (a camera); False keeps all of them (a pipe).
    """

    live = True
    sha256: str | None = None

    def __init__(
        self, *, name: str, open_device: Callable[[], Any | None], interrupt: Interrupt, newest: bool = True
    ) -> None:
        self.name = name
        self._interrupt = interrupt
        self._open = open_device
        self._newest = newest
        self._frames: queue.Queue[Frame | Exception | None] = queue.Queue(maxsize=1 if newest else 4)
        self._stop = threading.Event()
        # A daemon: a device that hangs in its driver must not keep the process alive.
        self._thread = threading.Thread(target=self._read, name="camera", daemon=True)

    def __iter__(self) -> Iterator[Frame]:
        """Frames until the device is gone, stalls or a signal comes.

        Raises:
            InputRefusedError: ``no_camera``: it does not open.
        """
        self._thread.start()
        heard = time.monotonic()
        while not self._interrupt.asked:
            try:
                item = self._frames.get(timeout=_POLL_S)
            except queue.Empty:
                if time.monotonic() - heard > STALLED_S:
                    return
                continue
            if isinstance(item, Exception):
                raise item
            if item is None:
                return
            heard = time.monotonic()
            yield item

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def _read(self) -> None:
        device = self._open()
        if device is None:
            self._put(InputRefusedError("it does not open", reason="no_camera"))
            return
        try:
            check_capture(device)
            self._pump(device)
        except InputRefusedError as error:
            self._put(error)
        finally:
            device.release()
            self._put(None)

    def _pump(self, device: Any) -> None:
        started, index = 0.0, 0
        while not self._stop.is_set():
            image: np.ndarray | None = read_frame(device)
            if image is None:
                return
            now = time.monotonic()
            started = started or now
            self._put(Frame(image=image, index=index, time_s=now - started))
            index += 1

    def _put(self, item: Frame | Exception | None) -> None:
        while not self._stop.is_set():
            try:
                self._frames.put(item, timeout=_POLL_S)
                return
            except queue.Full:
                if self._newest and isinstance(item, Frame):
                    with suppress(queue.Empty):
                        self._frames.get_nowait()


def open_camera(text: str, interrupt: Interrupt) -> LiveFrames:
    """A camera by what people write: ``0``, ``/dev/video0``, ``csi``, ``csi:1``, a GStreamer pipeline, or a pipe.

    Raises:
        UsageError: it is none of these.
        InputRefusedError: ``no_camera``: there is no such device.
        MissingToolError: OpenCV was built without GStreamer.
    """
    if "!" in text:
        return _gstreamer("gstreamer", text, interrupt)
    if text == "csi" or text.startswith("csi:"):
        sensor = text[4:] or "0"
        if not sensor.isdecimal():
            raise UsageError(f"--camera {text}: expected csi or csi:NUMBER")
        return _gstreamer(text, CSI.format(sensor=sensor), interrupt)
    if is_pipe(Path(text)):
        return open_pipe(Path(text), interrupt)
    number = text.removeprefix("/dev/video")
    if not number.isdecimal():
        raise UsageError(f"--camera {text}: expected a number, /dev/videoN, csi, a GStreamer pipeline or a named pipe")
    if not Path(f"/dev/video{number}").exists():
        raise InputRefusedError(f"/dev/video{number} does not exist", reason="no_camera")
    return LiveFrames(name=f"camera {number}", open_device=lambda: _open_uvc(int(number)), interrupt=interrupt)


def _open_uvc(number: int) -> Any | None:
    capture = open_capture(number, cv2.CAP_V4L2)
    if capture is not None:
        # Uncompressed, USB 2 carries a few frames a second of this size.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT)
    return capture


def _gstreamer(name: str, pipeline: str, interrupt: Interrupt) -> LiveFrames:
    if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
        raise MissingToolError(
            f"--camera {name}: this OpenCV was built without GStreamer; use the one of JetPack: "
            "pip uninstall opencv-python && apt-get install python3-opencv"
        )
    complete = pipeline if "appsink" in pipeline else pipeline + _SINK
    return LiveFrames(name=name, open_device=lambda: open_capture(complete, cv2.CAP_GSTREAMER), interrupt=interrupt)


def open_pipe(path: Path, interrupt: Interrupt, wait_s: float = 30.0) -> LiveFrames:
    """A video that another program writes into a pipe, in a format that can be read as it comes (MJPEG, MPEG-TS, AVI).

    Raises:
        InputRefusedError: ``unreadable``: nobody writes within ``wait_s`` seconds.
    """
    # FFmpeg would wait for a writer where no signal reaches it.
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise InputRefusedError(str(error.strerror), reason="unreadable") from error
    until = time.monotonic() + wait_s
    while not select.select([handle], [], [], _POLL_S)[0]:
        if interrupt.asked or time.monotonic() > until:
            os.close(handle)
            raise InputRefusedError("nothing was written into the pipe", reason="unreadable")

    def open_device() -> Any | None:
        try:
            return open_capture(str(path), cv2.CAP_FFMPEG)
        finally:
            os.close(handle)

    return LiveFrames(name=str(path), open_device=open_device, interrupt=interrupt, newest=False)
