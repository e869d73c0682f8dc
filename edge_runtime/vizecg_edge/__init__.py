"""Bundle and photograph in, decision out; never imports torch.

    from vizecg_edge import Reader

    reader = Reader()
    answer = reader.read("ecg.jpg")
    print(answer.probabilities if answer.answered else answer.advice)

What this module names is promised to stay: ``Reader``, the ``Answer`` it gives, and the errors it raises, which all
are a ``VizecgError`` with a message of one line. Modules below it may change with every version. Nothing is loaded
before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vizecg.spec.errors import BundleError, MissingToolError, UsageError, VizecgError
    from vizecg_edge.answer import Answer
    from vizecg_edge.reader import Reader

__all__ = ["Answer", "BundleError", "MissingToolError", "Reader", "UsageError", "VizecgError"]

_HOMES = {
    "Answer": "vizecg_edge.answer",
    "BundleError": "vizecg.spec.errors",
    "MissingToolError": "vizecg.spec.errors",
    "Reader": "vizecg_edge.reader",
    "UsageError": "vizecg.spec.errors",
    "VizecgError": "vizecg.spec.errors",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
