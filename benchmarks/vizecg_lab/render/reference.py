"""ecg_plot 0.2.8, the paper's renderer, behind a pipe: it lives in another environment than ours."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import cv2
import numpy as np

from vizecg.spec import MissingToolError

_SCRIPT = Path(__file__).with_name("reference_028.py")
_INSTALL = "python -m venv ENV && ENV/bin/pip install ecg-plot==0.2.8 matplotlib numpy pillow"


class Seconds(NamedTuple):
    """CPU and wall time."""

    cpu: float
    wall: float

    def __add__(self, other: tuple[float, ...]) -> Seconds:  # type: ignore[override]
        return Seconds(self.cpu + other[0], self.wall + other[1])


class ReferencePage(NamedTuple):
    """What 0.2.8 drew: uint8 RGB (H, W, 3), and the time of each step (see ``reference_028``)."""

    image: np.ndarray
    plot: Seconds
    draw: Seconds
    save: Seconds


class Reference:
    """A process that draws with ecg_plot 0.2.8; to be used in a ``with`` statement.

    Args:
        python: the Python of the environment that has ecg_plot 0.2.8.

    Raises:
        MissingToolError: it does not run, or has no ecg_plot 0.2.8.
    """

    def __init__(self, python: Path) -> None:
        self._folder = tempfile.TemporaryDirectory()
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLCONFIGDIR": self._folder.name}
        try:
            # -I: neither this folder's modules nor the caller's PYTHONPATH get in the way.
            self._process = subprocess.Popen(
                [python, "-I", _SCRIPT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            )
        except OSError as error:
            self._folder.cleanup()
            raise MissingToolError(f"{python} does not run ({error.strerror}): {_INSTALL}") from error
        hello = self._process.stdout.readline() if self._process.stdout else ""
        self.versions: dict[str, str] = json.loads(hello) if hello else {}
        if self.versions.get("ecg-plot") != "0.2.8":
            found = self.versions.get("ecg-plot", "none that can be imported")
            self.close()
            raise MissingToolError(f"{python} needs ecg_plot 0.2.8 and has {found}: {_INSTALL}")

    def __enter__(self) -> Reference:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._folder.cleanup()

    def page(self, signal: np.ndarray, *, sampling_rate: float, **options: Any) -> ReferencePage:
        """One page; ``options`` are those of ``ecg_plot.plot``.

        Args:
            signal: float32 (12, samples) millivolts.
            sampling_rate: Hz.

        Raises:
            MissingToolError: the process fell over; the message has its last words.
        """
        path, png = (str(Path(self._folder.name) / name) for name in ("signal.npy", "page.png"))
        np.save(path, signal)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"signal": path, "png": png, "sample_rate": sampling_rate, **options}
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            words = (self._process.communicate()[1].strip().splitlines() or ["no message"])[-1]
            raise MissingToolError(f"ecg_plot 0.2.8 failed: {words}")
        seconds = {name: Seconds(*value) for name, value in json.loads(answer).items()}
        image = cv2.imread(png)
        assert image is not None, "the process has just written it"
        return ReferencePage(image=np.ascontiguousarray(image[..., ::-1]), **seconds)
