"""What the integration tests share."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

import vizecg_edge.pipeline
from native_runner import int8_program, native_runner
from vizecg_edge.pipeline import Pipeline

__all__ = ["int8_program", "native_runner"]


@pytest.fixture(scope="session", autouse=True)
def _graphs_are_exported_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """In a run without tests of the exporter there is none to be kept, and torch need not be imported."""
    if "vizecg_export.recipes.onnx" not in sys.modules:
        yield
        return
    from exporting import exported_once

    with exported_once(tmp_path_factory):
        yield


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(threads=1)


@pytest.fixture
def one_pipeline(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that run in this process share one loaded model."""
    monkeypatch.setattr(vizecg_edge.pipeline, "Pipeline", lambda **options: pipeline)
