"""What a measurement was made with, as result files tell it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vizecg_edge.pipeline import Pipeline


def bundle_used(pipeline: Pipeline) -> dict[str, Any]:
    """The bundle and the engine; without why that engine was taken, which may name a folder of this machine."""
    return {name: value for name, value in asdict(pipeline.bundle_id).items() if name != "backend_reason"}
