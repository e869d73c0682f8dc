"""Chains of small operations as one pass over memory: compiled by torch, where that is asked for.

A picture takes some hundred steps, and each alone reads and writes every picture of a batch. Functions marked ``fused``
are pure, and written so that torch.compile makes a kernel or two of each; outside ``fusing()`` they run as they are
written. Grey levels are the same but for sums that round the other way, as ``tests/tolerances.py`` bounds them.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

import torch
import torch.fx.experimental._config
from torch import Tensor
from torch.utils._pytree import tree_map_only

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS: dict[str, str | int | bool | Callable[..., object]] = {
    # Indices are clamped where they are made; to look again at every one of them costs more than to use it.
    "assert_indirect_indexing": False,
    # Chains are not cut for their length: what lies between two parts would be written and read for every pixel.
    "realize_acc_reads_threshold": 256,
    "realize_opcount_threshold": 2000,
}

_wanted = ContextVar("wanted", default=False)
_log = logging.getLogger(__name__)


class _Compiler:
    """Whether torch.compile has failed in this process. It does not recover, and each try takes seconds."""

    failed = False


@contextmanager
def fusing(wanted: bool = True) -> Iterator[None]:
    """Within it, ``fused`` functions are compiled: for a GPU, where it pays. The first batch takes a minute longer."""
    token = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(token)


def is_fusing() -> bool:
    """Whether ``fused`` functions are compiled here."""
    return _wanted.get() and not _Compiler.failed


def fused(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a pure function of tensors, the first of which counts pictures, for any sizes at once.

    A single picture is worked on as written: a size of one would be compiled by itself. So is everything once the
    compiler has failed: a run goes on, after one line that says so.
    """

    @functools.lru_cache(maxsize=1)
    def compiled() -> Callable[P, R]:
        return torch.compile(function, dynamic=True, fullgraph=True, options=_OPTIONS)

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        if not is_fusing() or torch.compiler.is_compiling() or _single(args[0]):
            return function(*args, **kwargs)
        try:
            # Views would be compiled for the memory they lie in, which is another for every batch; and two sizes that
            # happen to be equal, say three pictures and three channels, for no others.
            plain = tree_map_only(Tensor, lambda tensor: tensor.data, args)
            with torch.fx.experimental._config.patch(use_duck_shape=False):  # type: ignore[attr-defined]
                return compiled()(*plain, **kwargs)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            # What is wrong with the arguments themselves is raised here, too.
            result = function(*args, **kwargs)
            _Compiler.failed = True
            _log.warning("pictures are drawn without torch.compile, which failed: %s", _first_line(error))
            return result

    return wrapped


def _single(pictures: object) -> bool:
    return isinstance(pictures, Tensor) and len(pictures) < 2


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # "backend='inductor' raised:", and the cause in the line below.
    told = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
    return told[:300] or type(error).__name__
