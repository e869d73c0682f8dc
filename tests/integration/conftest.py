"""What the integration tests share."""

from __future__ import annotations

import pytest

import vizecg_edge.pipeline
from native_runner import int8_program, native_runner
from vizecg_edge.pipeline import Pipeline

__all__ = ["int8_program", "native_runner"]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(threads=1)


@pytest.fixture
def one_pipeline(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that run in this process share one loaded model."""
    monkeypatch.setattr(vizecg_edge.pipeline, "Pipeline", lambda **options: pipeline)
