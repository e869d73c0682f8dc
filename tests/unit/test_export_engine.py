"""What the exporter makes of the device's own build command."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from vizecg.spec import ParityError
from vizecg_export.engine import build_engine

pytestmark = pytest.mark.unit


def bundle(target: str) -> SimpleNamespace:
    return SimpleNamespace(path=Path("b.vizecg"), manifest=SimpleNamespace(artefacts=(SimpleNamespace(target=target),)))


def answer(monkeypatch: pytest.MonkeyPatch, code: int, stdout: str) -> None:
    """TensorRT is there, and the build command ends so."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=code, stdout=stdout, stderr="error: x\n")
    )


def test_without_tensorrt_the_device_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    told = build_engine(bundle("tensorrt"))  # type: ignore[arg-type]
    assert told == {
        "built": False, "why": "tensorrt is not installed", "on_the_device": "vizecg-edge build b.vizecg",
    }  # fmt: skip
    assert build_engine(bundle("onnx")) is None  # type: ignore[arg-type]


def test_an_engine_is_reported_as_it_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, 0, '{"path": "e", "parity": {"p50_ms": 1.5}}')
    told = build_engine(bundle("tensorrt"))  # type: ignore[arg-type]
    assert told == {"built": True, "path": "e", "parity": {"p50_ms": 1.5}}


def test_no_gpu_is_told_and_a_wrong_engine_stops_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, 6, '{"message": "no GPU"}')
    told = build_engine(bundle("tensorrt"))  # type: ignore[arg-type]
    assert told is not None
    assert (told["built"], told["why"]) == (False, "no GPU")
    answer(monkeypatch, 4, '{"message": "the engine leaves the float network"}')
    with pytest.raises(ParityError, match="the engine leaves"):
        build_engine(bundle("tensorrt"))  # type: ignore[arg-type]
