"""Draws with ecg_plot 0.2.8; run by the Python of an environment of its own, never imported.

Such an environment needs ``pip install ecg-plot==0.2.8 matplotlib numpy pillow`` and nothing of ours. One JSON object
a line comes in: ``signal`` (a .npy file, float32 (12, samples) millivolts), ``png`` (where to draw to), and the
arguments of ``plot()``. One JSON object a line goes out: ``plot`` (the figure is built, nothing is drawn yet),
``draw`` (from there to pixels in memory) and, of a second figure, ``save`` (from there to the PNG file), each as
[CPU seconds, wall seconds].
"""

import json
import sys
import time
from importlib.metadata import version
from typing import Any

import matplotlib

matplotlib.use("Agg")

import ecg_plot
import matplotlib.pyplot as plt
import numpy as np

DPI = 100


class Clock:
    """CPU and wall seconds since the last call."""

    def __init__(self) -> None:
        self.last = self.now()

    def now(self) -> tuple[float, float]:
        return time.process_time(), time.perf_counter()

    def __call__(self) -> list[float]:
        before, self.last = self.last, self.now()
        return [self.last[0] - before[0], self.last[1] - before[1]]


def draw(request: dict[str, Any]) -> dict[str, list[float]]:
    """One page; ``save`` saves the figure whole, without the margin that 0.2.8's own function adds by default."""
    signal = np.load(request.pop("signal"))
    png = request.pop("png")
    clock = Clock()
    ecg_plot.plot(signal, **request)
    seconds = {"plot": clock()}
    plt.gcf().set_dpi(DPI)
    plt.gcf().canvas.draw()
    seconds["draw"] = clock()
    plt.close()
    # A figure that has been drawn once is drawn faster the second time.
    ecg_plot.plot(signal, **request)
    clock()
    plt.savefig(png, dpi=DPI)
    seconds["save"] = clock()
    plt.close()
    return seconds


def main() -> None:
    versions = {name: version(name) for name in ("ecg-plot", "matplotlib", "numpy")}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        print(json.dumps(draw(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
