"""The edge of another checkout, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from vizecg.spec import UsageError


class CheckoutEdge:
    """A program that runs with the edge of a checkout, and is asked line by line.

    Args:
        tree: the checkout.
        program: Python that answers each line of its stdin with one of its stdout.

    Raises:
        UsageError: ``tree`` is no checkout.
    """

    def __init__(self, tree: Path, program: str) -> None:
        paths = (tree / "edge_runtime", tree)
        if not (tree / "edge_runtime" / "vizecg_edge").is_dir():
            raise UsageError(f"{tree} is not a checkout: it has no edge_runtime/vizecg_edge")
        # One thread each: time of the processor is then that of the work.
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **one, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        )

    def ask(self, line: str) -> str:
        """The line that answers.

        Raises:
            UsageError: the edge of this checkout does not run here.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise UsageError("the edge of a checkout does not run here; what it said stands above")
        return answer

    def close(self) -> None:
        """End the process and wait for it."""
        self._process.communicate()
