"""Which frames of a stream are kept, and what is said to the person who holds the camera."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from vizecg.spec import UsageError
from vizecg_edge.capture.burst import Guide, Kept, collect, keep
from vizecg_edge.capture.folders import find_files, is_stream, natural_order
from vizecg_edge.capture.frames import Frame
from vizecg_edge.capture.guidance import Glance, Hint, HintLimits, Watcher
from vizecg_edge.capture.interrupt import Interrupt

pytestmark = pytest.mark.unit


@lru_cache
def paper(*, cell: float = 30.0, width: int = 1200, height: int = 900) -> np.ndarray:
    """Grid paper with a wavy trace, a little turned: uint8 RGB."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    u, v = x * 0.995 + y * 0.1, y * 0.995 - x * 0.1
    lines = np.minimum(np.abs((u / cell + 0.5) % 1 - 0.5), np.abs((v / cell + 0.5) % 1 - 0.5)) * cell < 1.6
    image = np.where(lines[..., None], [240, 150, 160], [250, 245, 240])
    image[np.abs(y - height / 2 - 60 * np.sin(x / 25) ** 9) < 2] = 20
    return np.asarray(image, np.uint8)


def landscape() -> np.ndarray:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:900, 0:1200]
    hills = y > 500 + 80 * np.sin(x / 170)
    image = np.where(hills[..., None], [60, 110, 50], [140, 180, 230]) + rng.normal(0, 8, (900, 1200, 1))
    return np.clip(image, 0, 255).astype(np.uint8)


def burnt_out(image: np.ndarray) -> np.ndarray:
    light = (image * 0.7).astype(np.uint8)
    cv2.circle(light, (200, 150), 250, (255, 255, 255), -1)
    return light


@pytest.mark.parametrize(
    ("image", "hint"),
    [
        (paper(), Hint.FOUND),
        ((paper() * 0.2).astype(np.uint8), Hint.TOO_DARK),
        (paper(cell=7), Hint.TOO_FAR),
        (landscape(), Hint.NO_SHEET),
        (np.full((900, 1200, 3), 200, np.uint8), Hint.NO_SHEET),
        (np.random.default_rng(0).integers(0, 255, (900, 1200, 3), np.uint8), Hint.NO_SHEET),
        (burnt_out(paper()), Hint.GLARE),
    ],
    ids=["paper", "dark", "far", "landscape", "blank", "noise", "glare"],
)
def test_a_glance_tells_what_is_wrong(image: np.ndarray, hint: Hint) -> None:
    glance = Watcher().glance(image)
    assert glance.hint(HintLimits()) is hint, glance


def test_a_glance_measures_scale_sharpness_and_motion() -> None:
    sharp = paper()
    watcher = Watcher()
    first, same = watcher.glance(sharp), watcher.glance(sharp)
    assert first.px_per_mm == pytest.approx(6, rel=0.1)
    assert same.motion == 0
    moved = watcher.glance(np.roll(sharp, (12, 17), axis=(0, 1)))
    assert moved.hint(HintLimits()) is Hint.MOVING
    assert watcher.glance(cv2.GaussianBlur(sharp, (0, 0), 2)).sharpness < first.sharpness / 3
    # Another size, as after a camera has changed its mode, is no motion.
    assert watcher.glance(sharp[:600]).motion == 0
    tiny = Watcher().glance(np.zeros((40, 50, 3), np.uint8))
    assert isinstance(tiny, Glance)


class Still:
    """A source of as many frames as ``sharpness`` has numbers; the larger, the sharper."""

    name = "test"
    sha256 = None

    def __init__(self, blurs: list[float], *, live: bool, gap_s: float = 0.2) -> None:
        self.live = live
        image = paper(cell=16.0, width=640, height=480)
        self.images = [cv2.GaussianBlur(image, (0, 0), blur) if blur else image for blur in blurs]
        self.gap_s = gap_s
        self.taken = 0

    def __iter__(self) -> Iterator[Frame]:
        for index, image in enumerate(self.images):
            self.taken += 1
            yield Frame(image=image, index=index, time_s=index * self.gap_s)

    def close(self) -> None:
        pass


def test_the_sharpest_frames_are_kept_the_best_first() -> None:
    source = Still([5, 5, 0.6, 0.6, 3, 0, 0], live=False)
    burst = collect(source, size=2, seconds=10, interrupt=Interrupt(), say=pytest.fail)
    assert burst.seen == 7
    assert burst.ended
    assert [kept.frame.index for kept in burst.frames] == [6, 3]  # 2 and 5 moved: their focus changed


def test_a_live_source_is_left_when_enough_is_kept_and_a_file_is_not() -> None:
    said: list[str] = []
    live = Still([0] * 30, live=True)
    burst = collect(live, size=2, seconds=10, interrupt=Interrupt(), say=said.append)
    assert live.taken < 10
    assert not burst.ended
    assert said == [Hint.FOUND.value]
    file = Still([0] * 8, live=False)
    assert collect(file, size=2, seconds=0.9, interrupt=Interrupt(), say=said.append).seen == 5


def test_frames_of_the_same_moment_count_once() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    kept: list[Kept] = []
    for index, (time_s, sharpness) in enumerate([(0.0, 5), (0.02, 9), (0.04, 7), (1.0, 1), (2.0, 3)]):
        frame = Frame(image=image, index=index, time_s=time_s)
        keep(kept, Kept(frame=frame, hint=Hint.FOUND, sharpness=sharpness), 2)
    assert sorted(one.frame.index for one in kept) == [1, 4]


def test_hints_come_when_they_change_and_not_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    said: list[str] = []
    guide = Guide(say=said.append)
    for step in range(100):
        now[0] = step * 0.01
        guide.show(Hint.MOVING if step % 2 else Hint.FOUND)
    assert 2 <= len(said) <= 3


def test_a_signal_is_noticed_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        interrupt.wait(30)
        assert interrupt.asked
        assert signal.getsignal(signal.SIGINT) is before[0], "a second one ends the process"
        source = Still([0] * 3, live=True)
        burst = collect(source, size=1, seconds=10, interrupt=interrupt, say=print)
        assert (burst.seen, burst.ended) == (0, False)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_folders_give_their_images_in_natural_order(tmp_path: Path) -> None:
    for name in ("b2.jpg", "b10.JPG", "a.pdf", "c.txt", "d.mp4", ".e.jpg", "007.png", "7.png"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "folder.png" / "within.jpg").touch()
    (tmp_path / "folder.png" / "link").symlink_to(tmp_path)
    (tmp_path / "sheet.png").write_bytes(b"\x89PNG vizecg-edge made this of 0a-p1")
    found = find_files([tmp_path / "d.mp4", tmp_path])
    here = ["d.mp4", "007.png", "7.png", "a.pdf", "b2.jpg", "b10.JPG"]
    assert [path.name for path in found.files] == here
    assert found.skipped == 3, "its own pictures among them"
    assert [path.name for path in find_files([tmp_path / "d.mp4", tmp_path], recursive=True).files] == [
        *here,
        "within.jpg",
    ]


def test_what_is_not_there_or_has_no_image_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "c.txt").touch()
    (tmp_path / "inner").mkdir()
    with pytest.raises(UsageError, match=r"no images in .*\(1 other files\); --recursive"):
        find_files([tmp_path])
    with pytest.raises(UsageError, match=r"no such file or folder: \S*gone\.jpg, \S*gone\.png$"):
        find_files([tmp_path / "gone.jpg", tmp_path / "c.txt", tmp_path / "gone.png"])


def test_videos_and_pipes_are_streams(tmp_path: Path) -> None:
    assert sorted(map(Path, ["x١.jpg", "x²3.jpg", "1", ""]), key=natural_order)
    assert is_stream(tmp_path / "d.MP4")
    assert not is_stream(tmp_path / "b2.jpg")
