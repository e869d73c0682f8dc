"""Which parts of a result the reports speak of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vizecg_bench.run.contenders import Engine
from vizecg_bench.run.schema import Accuracy, Contender, Result

FLOAT = Engine.TORCH_EAGER.value
"""What ``of_float`` refers to."""
ONNX_FP32 = "onnx-fp32"
REAL = "real"
_STRENGTH = re.compile(r".+@[0-9]+(\.[0-9]+)?")


def ordered(result: Result) -> list[Contender]:
    """By threads, the quickest first."""
    return sorted(result.contenders, key=lambda found: (found.threads, found.latency.p50.value or 0.0, found.name))


def named(contenders: Sequence[Contender], name: str, threads: int) -> Contender | None:
    """The contender of this name on so many threads."""
    return next((found for found in contenders if found.name == name and found.threads == threads), None)


def accuracies(result: Result) -> dict[str, Accuracy]:
    """Name -> accuracy. With other threads it has a line of its own only where its figures are others."""
    found: dict[str, Accuracy] = {}
    for contender in sorted(result.contenders, key=lambda one: one.threads):
        if contender.accuracy is None:
            continue
        if contender.name not in found:
            found[contender.name] = contender.accuracy
        elif found[contender.name] != contender.accuracy:
            found[contender.key] = contender.accuracy
    return found


def accuracy_of(result: Result, contender: Contender) -> Accuracy | None:
    """Its own, or that of the same file on other threads."""
    return contender.accuracy or accuracies(result).get(contender.name)


def headline_sections(accuracy: Accuracy) -> tuple[str, ...]:
    """Those that accuracy is judged by: not single strengths of a condition, and not the few real photographs."""
    whole = [name for name in accuracy.sections if not is_strength(name)]
    return tuple(name for name in whole if name != REAL) or tuple(whole)


def is_strength(section: str) -> bool:
    """Is it one of ``<condition>@<strength>``?"""
    return _STRENGTH.fullmatch(section) is not None


def strengths(result: Result) -> dict[str, Accuracy]:
    """Name -> those sections alone, of the contenders that have some."""
    found = {}
    for name, accuracy in accuracies(result).items():
        sections = {section: part for section, part in accuracy.sections.items() if is_strength(section)}
        if sections:
            found[name] = accuracy.model_copy(update={"sections": sections})
    return found
