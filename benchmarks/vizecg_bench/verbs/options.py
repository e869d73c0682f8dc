"""Options that several verbs of ``vizecg-bench`` have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vizecg.spec.options import BundleOption, FiguresOption, SeedOption, ThreadsOption
from vizecg_edge.backends.kinds import BackendKind

if TYPE_CHECKING:
    from vizecg_bench.pack.measure import MeasureRequest

HtmlOption = Annotated[Path | None, typer.Option(help="Write a report with plots to this file.")]
MarkdownOption = Annotated[Path | None, typer.Option(help="Write the tables to this file.")]
SectionOption = Annotated[list[str] | None, typer.Option("--section", help="Of the pack; repeatable. Default: all.")]


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """A pack, and the engines it is put through."""

    pack: Annotated[Path, typer.Argument(help="Made by vizecg-bench pack.")]
    bundle: BundleOption = None
    artefact: Annotated[
        list[str] | None, typer.Option("--artefact", help="Of the bundle; repeatable. Default: all that run here.")
    ] = None
    backend: Annotated[
        list[BackendKind] | None, typer.Option("--backend", help="Engine; repeatable. Default: each artefact's best.")
    ] = None
    threads: ThreadsOption = 0
    float_rule: Annotated[bool, typer.Option("--float-rule", help="Decide by the float network's thresholds.")] = False
    bootstraps: Annotated[int, typer.Option(min=20, help="Resamples of the records.")] = 300
    seed: SeedOption = 0
    figures: FiguresOption = None

    def request(self, *, section: list[str] | None = None) -> MeasureRequest:
        """Of all sections, or of some."""
        from vizecg_bench.pack.measure import MeasureRequest

        return MeasureRequest(
            pack=self.pack, bundle=self.bundle, artefacts=tuple(self.artefact or ()), kinds=tuple(self.backend or ()),
            sections=tuple(section or ()), threads=self.threads, float_rule=self.float_rule,
            bootstraps=self.bootstraps, seed=self.seed, out=self.figures,
        )  # fmt: skip
