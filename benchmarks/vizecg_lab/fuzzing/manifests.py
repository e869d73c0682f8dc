"""Manifests with one or a few things wrong, whose text is still JSON or nearly so."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import numpy as np

from vizecg_lab.fuzzing.mutate import mutate

DEPTH = 100_000
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, math.nan, math.inf, 2**70, "", "x", "../model.onnx", "a\nb", "\0", "\ud800", [], {},
    [None], ["x", 1], [0.5] * 6, [math.nan] * 6, [[]], {"a": {"b": []}}, "é" * 600,
)  # fmt: skip


def mutate_manifest(text: str, rng: np.random.Generator) -> str:
    """A manifest of which some values, keys or bytes are changed."""
    draw = rng.random()
    if draw < 0.2:
        return mutate(text.encode(), rng).decode(errors="surrogateescape")
    if draw < 0.23:
        return ("[" if rng.random() < 0.5 else '{"a":') * DEPTH
    if draw < 0.25:
        return text.replace(":", ": " + "9" * 5000, 1)
    data = json.loads(text)
    for _ in range(int(rng.choice((1, 1, 1, 2, 3)))):
        _change(data, rng)
    return json.dumps(data)


def _change(data: Any, rng: np.random.Generator) -> None:
    """Change something at a random depth of a document, whose root is kept."""
    here = data
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = keys[int(rng.integers(len(keys)))]
        if isinstance(here[key], dict | list) and here[key] and rng.random() < 0.75:
            here = here[key]
            continue
        break
    kind = int(rng.integers(6))
    if kind == 0:
        del here[key]
    elif kind == 1 and isinstance(here, dict):
        here[str(STRANGE[int(rng.integers(len(STRANGE)))])[:40]] = copy.deepcopy(here[key])
    elif kind == 2 and isinstance(here, list):
        here.append(copy.deepcopy(here[key]))
    elif kind == 3 and isinstance(here[key], int | float):
        here[key] *= float(rng.choice((-1, 0, 1e-9, 0.5, 1.01, 10, 1e9)))
    else:
        here[key] = copy.deepcopy(STRANGE[int(rng.integers(len(STRANGE)))])
