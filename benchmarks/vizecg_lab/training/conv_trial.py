"""Gradients of one convolution against float64, each in a process of its own: ``python -m`` with this module's name.

Trials come as lines of JSON on standard input, and an answer goes out for each. A fault in a kernel may hang, kill its
process, or overwrite what a later trial needs: this one computes no convolution, it imports torch once and forks.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

WRONG = {"float32": 1e-3, "bfloat16": 0.1}
"""Relative error of a gradient that rounding does not explain: some 1e-6, and 1e-2, is usual."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One convolution. ``layout`` is that of input, weights and the output's gradient.

    In one dimension ``channels_last`` is an input (B, T, C) seen as (B, C, T): torch has no such layout of its own, but
    passes it to the same kernels.
    """

    dims: int
    kernel: int
    stride: int
    inputs: int
    outputs: int
    groups: int = 1
    batch: int
    height: int
    width: int
    dtype: str = "float32"
    layout: str = "channels_last"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def gradients(trial: Trial, *, dtype: torch.dtype, layout: str) -> tuple[Tensor, Tensor]:
    """Of the weights and of the input, of the same numbers whatever the type and the layout, as float64."""
    generator = torch.Generator().manual_seed(0)
    made = nn.Conv2d if trial.dims == 2 else nn.Conv1d
    conv = made(
        trial.inputs, trial.outputs, trial.kernel, stride=trial.stride, padding=trial.kernel // 2, groups=trial.groups,
        bias=False,
    )  # fmt: skip
    size = (trial.height, trial.width) if trial.dims == 2 else (trial.height * trial.width,)
    weight = torch.randn(conv.weight.shape, generator=generator)
    image = torch.randn((trial.batch, trial.inputs, *size), generator=generator)
    conv = conv.to(dtype)
    conv.weight.data.copy_(weight)
    image = image.to(dtype)
    if layout == "channels_last":
        image = _channels_last(image)
        if trial.dims == 2:
            conv = conv.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    image.requires_grad_()
    answer = conv(image)
    above = torch.randn(answer.shape, generator=generator).to(dtype)
    answer.backward(_channels_last(above) if layout == "channels_last" else above)
    assert conv.weight.grad is not None
    assert image.grad is not None
    return conv.weight.grad.double(), image.grad.double()


def _channels_last(x: Tensor) -> Tensor:
    if x.dim() == 4:
        return x.contiguous(memory_format=torch.channels_last)
    return x.transpose(1, 2).contiguous().transpose(1, 2)


def error(trial: Trial) -> float:
    """Largest difference from the gradients in float64, as a share of the largest gradient."""
    # First, before anything else has used memory that the fault might spoil unseen.
    found = gradients(trial, dtype=getattr(torch, trial.dtype), layout=trial.layout)
    true = gradients(trial, dtype=torch.float64, layout="contiguous")
    worst = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, true, strict=True))
    return worst if worst == worst else float("inf")


def outcome(trial: Trial, *, seconds: int) -> str:
    """``right``, ``wrong``, ``hang``, or the name of the signal that ended it; ``refused`` where torch declines.

    Args:
        trial: to be computed.
        seconds: of computing after which it hangs. A busy machine may take longer, and does not make a hang.
    """
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        _answer(trial, writes)
    os.close(writes)
    told = os.read(reads, 64).decode()
    os.close(reads)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        return told
    ended = signal.Signals(os.WTERMSIG(status))
    return "hang" if ended is signal.SIGXCPU else ended.name


def _answer(trial: Trial, pipe: int) -> None:
    code = 1
    try:
        # A kernel's complaint about the heap is no news to the terminal.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        told = "wrong" if error(trial) > WRONG[trial.dtype] else "right"
        # What damages the heap shows when memory is given back.
        os.write(pipe, told.encode())
        code = 0
    except RuntimeError:
        os.write(pipe, b"refused")
        code = 0
    finally:
        os._exit(code)


def serve(*, seconds: int) -> None:
    # The first backward pass imports hundreds of modules: once, and not in every child.
    torch.ones(1, requires_grad=True).backward()
    for line in sys.stdin:
        trial = Trial(**json.loads(line))
        print(json.dumps({**trial.to_dict(), "outcome": outcome(trial, seconds=seconds)}), flush=True)


if __name__ == "__main__":
    serve(seconds=int(sys.argv[1]))
