"""What a step is told, as a file: its process shares nothing else with the one that started it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import RecordSource
from vizecg.spec.files import write_atomically
from vizecg_lab.gpu.options import GpuRunOptions


@dataclass(frozen=True, kw_only=True)
class Request:
    """``ends``: seconds since the epoch at which the step is ended; ``results``: those of the steps before, by name;
    ``anew``: leave alone what an earlier start of this step has left; ``place``: where its result goes."""

    options: GpuRunOptions
    ends: float
    results: dict[str, dict[str, Any]]
    place: Path
    anew: bool = False

    def keep(self, found: dict[str, Any]) -> None:
        """Leave what is known so far, for the case that time is up before the step has ended."""
        write_atomically(self.place, json.dumps(found))

    @property
    def rates(self) -> dict[str, float]:
        """Pictures a second of ``drawing_rates``; empty where they were not measured."""
        found: dict[str, float] = self.results.get("agreement", {}).get("rates", {}).get("pictures_per_s", {})
        return found

    @property
    def fuses(self) -> bool:
        """Whether drawing was right and faster compiled."""
        found = self.results.get("fusing", {})
        rates = found.get("pictures_per_s", {})
        return bool(found.get("right")) and rates.get("fused", 0.0) > rates.get("plain", 0.0)

    def source(self, split: str) -> RecordSource:
        """The records of a split, as many as the sizes allow; raises as ``build_source``."""
        options = self.options
        asked = SourceRequest(root=options.root, split=split, seed=options.seed)
        return build_source(options.data, asked).limited(options.sizes.limit)

    def write(self, path: Path) -> None:
        content = {
            "options": self.options.to_dict(),
            "ends": self.ends,
            "results": self.results,
            "place": str(self.place),
            "anew": self.anew,
        }
        path.write_text(json.dumps(content))

    @classmethod
    def read(cls, path: Path) -> Request:
        content = json.loads(path.read_text())
        options, place = GpuRunOptions.from_dict(content["options"]), Path(content["place"])
        return cls(**{**content, "options": options, "place": place})
