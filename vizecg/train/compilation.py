"""torch.compile: refused in one line where it cannot work."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from vizecg.spec import MissingToolError, UsageError

_WITHOUT = "or train with --set compile=false"


def check_compiler(*, cuda: bool) -> None:
    """What torch.compile needs beside torch: Triton for a GPU, a C++ compiler for a CPU.

    Raises:
        MissingToolError: it is not there.
    """
    if cuda:
        if importlib.util.find_spec("triton") is None:
            raise MissingToolError(f"compile needs Triton: pip install triton, {_WITHOUT}")
        return
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except (InvalidCxxCompiler, OSError) as error:
        raise MissingToolError(f"compile needs a C++ compiler: apt-get install g++, {_WITHOUT}") from error


@contextmanager
def compile_errors() -> Iterator[None]:
    """Errors of the compiler, which come with the first step, as one line.

    Raises:
        UsageError: this network cannot be compiled here.
    """
    from torch._dynamo.exc import TorchDynamoException
    from torch._inductor.exc import CppCompileError

    try:
        yield
    except (TorchDynamoException, CppCompileError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[0][:200] if lines else type(error).__name__
        raise UsageError(
            f"torch {torch.__version__} cannot compile this network here ({reason}): {_WITHOUT}"
        ) from error
