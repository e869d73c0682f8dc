"""Evaluation packs of noise, small enough for a test."""

from __future__ import annotations

from typing import Any

import numpy as np

from vizecg.spec import CODE6, DecisionRule, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec
from vizecg_bench.pack.header import CHUNK, PackHeader, SectionHeader

N = CHUNK + 5
SPEC = PreprocessSpec(height=32, width=48)


def header(**changes: Any) -> PackHeader:
    told: dict[str, Any] = {
        "name": "p", "source": "made up", "kind": "a test", "sheet": SheetSpec(), "preprocess": SPEC,
        "labels": CODE6.names,
        "checkpoint_sha256": "0" * 64, "rule": DecisionRule.plain(6), "rule_source": "nothing", "seed": 0,
        "renderer_version": "1", "photographer_version": "1", "versions": {"torch": "2"}, "command": "c",
        "records_sha256": "1" * 64,
    }  # fmt: skip
    return PackHeader(**{**told, **changes})


def content(n: int = N) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "record_ids": [f"r{number}" for number in range(n)],
        "labels": np.arange(6 * n).reshape(n, 6) % 5 == 0,
        "logits": rng.normal(size=(n, 6)).astype(np.float32),
        "inks": rng.integers(0, 256, (n, 32, 48), np.uint8),
    }


def section(name: str = "photo", n: int = N) -> SectionHeader:
    return SectionHeader(name=name, kind="drawn", n=n, condition="photo")
