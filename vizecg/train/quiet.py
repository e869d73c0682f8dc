"""Warnings of libraries that say nothing to whoever trains: each is left out for a reason that stands beside it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_HARMLESS: tuple[tuple[str, type[Warning]], ...] = (
    # The sampler leaves out what a checkpoint in mid-epoch has seen.
    (".*your dataloader is not resumable", UserWarning),
    # A signal stream that is frozen on purpose.
    ("Found .* in eval mode", UserWarning),
    # Few processors, or a test: --workers says how many.
    (".*does not have many workers", UserWarning),
    # Lightning with the torch of after its release.
    (".*isinstance\\(treespec, LeafSpec\\)", Warning),
    # Under Slurm it is torchrun that srun starts.
    ("The `srun` command is available on your system but is not used", UserWarning),
    # A label that no validation record has, or that all have: ``vizecg.train.seen`` says so itself, by its name.
    ("No (positive|negative) samples (found )?in targets?,", UserWarning),
    ("Average precision score for one or more classes was `nan`", UserWarning),
)
"""Beginning of the message, as a regular expression, and its category."""


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Leave them out; every other warning stays one."""
    # What it has to say about itself; its warnings stay.
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message, category in _HARMLESS:
                warnings.filterwarnings("ignore", message=message, category=category)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def one_line_warnings() -> None:
    """Of a command: what is left is told in a line, without the line of code that it came from."""
    warnings.formatwarning = _one_line
    # That it looks for fonts, which takes a while the first time.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def _one_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    module = filename.rpartition("site-packages/")[2].partition("/")[0]
    return f"warning of {module}: {' '.join(str(message).split())}\n"
