"""Steps of a ``gpu-run`` that take no time, or too much of it: they stand in for the real ones, which need torch."""

from __future__ import annotations

import os
import time
from typing import Any

from vizecg_lab.gpu.request import Request
from vizecg_lab.gpu.worker import COMPLAINT


def work(request: Request) -> dict[str, Any]:
    """Counts how often it was called."""
    with (request.options.work / "calls").open("a") as handle:
        handle.write("work\n")
    return {"before": sorted(request.results), "anew": request.anew}


def fail(request: Request) -> dict[str, Any]:
    raise ValueError("the disk is full\nand more that nobody needs")


def complain(request: Request) -> dict[str, Any]:
    return {COMPLAINT: "2 of 3 tests failed", "failed": 2}


def die(request: Request) -> dict[str, Any]:
    print("out of memory", flush=True)
    os._exit(9)


def hang(request: Request) -> dict[str, Any]:
    request.keep({"so_far": 1})
    (request.options.work / "hangs").touch()
    while True:
        time.sleep(0.1)
