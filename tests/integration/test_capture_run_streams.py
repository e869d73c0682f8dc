"""``vizecg-edge run`` on videos, pipes and cameras, and what goes wrong with them."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from capture_runs import answers, as_process, make_scene, run
from vizecg.spec import InputRefusedError, MissingToolError, UsageError
from vizecg_edge.capture.burst import collect
from vizecg_edge.capture.frames import Frame, VideoFile
from vizecg_edge.capture.interrupt import Interrupt
from vizecg_edge.capture.live import LiveFrames, open_camera, open_pipe

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("one_pipeline")]

SHARP = range(4, 7)
FRAMES = 10


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return make_scene()


@pytest.fixture(scope="module")
def video(scene: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames, of which only ``SHARP`` are in focus."""
    path = tmp_path_factory.mktemp("video") / "hand.avi"
    blurred = cv2.GaussianBlur(scene, (0, 0), 6)
    write_video(path, [scene if index in SHARP else blurred for index in range(FRAMES)])
    return path


def write_video(path: Path, frames: list[np.ndarray]) -> None:
    height, width = frames[0].shape[:2]
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, code, 5.0, (width, height))
    assert writer.isOpened()
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, 95)
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()


def test_the_sharp_frame_of_a_video_is_answered(video: Path, tmp_path: Path) -> None:
    (answer,) = answers(run(video, "--json", "--burst", "2", "--save-sheet", tmp_path))
    assert answer["status"] == "answered"
    assert answer["input"]["frame"] in SHARP
    assert answer["input"]["sha256"] is not None
    assert [path.name for path in tmp_path.iterdir()] == [f"hand_f{answer['input']['frame']}.png"]


def test_the_median_of_several_frames_says_how_many(video: Path) -> None:
    (answer,) = answers(run(video, "--json", "--burst", "3", "--combine", "median"))
    assert (answer["status"], answer["input"]["combined"]) == ("answered", 3)


def test_a_video_that_is_cut_off_gives_what_was_seen(video: Path, tmp_path: Path) -> None:
    whole = video.read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: int(len(whole) * 0.7)])
    with Interrupt() as interrupt:
        seen = collect(VideoFile(path=cut), size=3, seconds=10, interrupt=interrupt, say=print)
    assert 4 < seen.seen < FRAMES
    assert seen.ended
    assert seen.frames[0].frame.index in SHARP
    (tmp_path / "start.avi").write_bytes(whole[:300])
    done = run(tmp_path / "start.avi", "--json")
    assert (done.exit_code, answers(done)[0]["reasons"]) == (7, ["unreadable"])
    assert done.stderr.count("\n") == 1


class Scripted:
    """A camera for the tests: gives these frames, then it is unplugged."""

    live = True
    name = "camera 9"
    sha256 = None

    def __init__(self, images: list[np.ndarray]) -> None:
        self.images = images
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        for index, image in enumerate(self.images):
            yield Frame(image=image, index=index, time_s=index * 0.2)

    def close(self) -> None:
        self.closed = True


def test_a_camera_that_is_unplugged_gives_the_best_so_far(
    scene: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    camera = Scripted([np.roll(scene, 40, axis=1), scene, scene])
    monkeypatch.setattr("vizecg_edge.capture.live.open_camera", lambda text, interrupt: camera)
    done = run("--camera", "9", "--json")
    (answer,) = answers(done)
    assert (answer["status"], answer["input"]["path"]) == ("answered", "camera 9")
    assert camera.closed
    assert done.stderr.splitlines() == ["sheet found", "the source ended: 3 of 3 frames kept"]
    camera = Scripted([])
    done = run("--camera", "9", "--json")
    assert (done.exit_code, answers(done)[0]["reasons"]) == (7, ["no_frames"])
    assert done.stderr.count("\n") == 1


def test_cameras_that_are_not_there_are_refused() -> None:
    done = run("--camera", "97", "--json")
    assert (done.exit_code, answers(done)[0]["reasons"]) == (7, ["no_camera"])
    assert "/dev/video97 does not exist" in done.stderr
    assert isinstance(run("--camera", "front door").exception, UsageError)
    if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
        for text in ("csi", "nvarguscamerasrc ! video/x-raw"):
            with pytest.raises(MissingToolError, match="built without GStreamer"):
                open_camera(text, Interrupt())


def test_a_device_that_hangs_or_fails_never_holds_the_program() -> None:
    class Device:
        def __init__(self, frames: int) -> None:
            self.left = frames

        def get(self, which: int) -> float:
            return 0.0

        def read(self) -> tuple[bool, Any]:
            self.left -= 1
            return (True, np.zeros((480, 640, 3), np.uint8)) if self.left >= 0 else (False, None)

        def release(self) -> None:
            pass

    interrupt = Interrupt()
    pulled = LiveFrames(name="camera", open_device=lambda: Device(3), interrupt=interrupt, newest=False)
    assert [frame.index for frame in pulled] == [0, 1, 2]
    with pytest.raises(InputRefusedError, match="does not open"):
        list(LiveFrames(name="camera", open_device=lambda: None, interrupt=interrupt))
    hanging = LiveFrames(name="camera", open_device=lambda: time.sleep(30), interrupt=interrupt)
    interrupt.asked = True
    started = time.monotonic()
    assert list(hanging) == []
    hanging.close()
    assert time.monotonic() - started < 5


def test_a_pipe_is_read_until_its_writer_closes_it(scene: np.ndarray, tmp_path: Path) -> None:
    pipe = tmp_path / "frames.mjpg"
    os.mkfifo(pipe)
    stream = io.BytesIO()
    Image.fromarray(scene).save(stream, format="JPEG", quality=95)
    process = as_process("run", pipe, "--json", "--threads", "1", "--burst", "1")
    # It may have seen enough before the end.
    with suppress(BrokenPipeError), pipe.open("wb") as handle:
        for _ in range(12):
            handle.write(stream.getvalue())
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(output)["status"] == "answered"
    hint, end = errors.splitlines()
    assert hint == "sheet found"
    assert end.endswith("frames kept")

    def write() -> None:
        with pipe.open("wb") as handle:
            for _ in range(7):
                handle.write(stream.getvalue())

    writer = threading.Thread(target=write)
    writer.start()
    source = open_pipe(pipe, Interrupt())
    assert [frame.index for frame in source] == list(range(7))
    source.close()
    writer.join()


def test_ctrl_c_while_nothing_comes_is_one_line(tmp_path: Path) -> None:
    pipe = tmp_path / "silent.mjpg"
    os.mkfifo(pipe)
    process = as_process("run", "--camera", pipe, "--json", "--threads", "1")
    time.sleep(0.5)
    # It listens to signals once the model is loaded; before, Python ends by itself.
    while b"silent" not in b"".join(_open_files(process.pid)):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 7
    assert json.loads(output)["reasons"] == ["unreadable"]
    assert errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == [pipe]


def _open_files(pid: int) -> list[bytes]:
    folder = f"/proc/{pid}/fd"
    found = []
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        try:
            found.append(os.readlink(f"{folder}/{name}".encode()))
        except OSError:
            continue
    return found
