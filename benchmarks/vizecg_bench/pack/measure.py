"""What ``vizecg-bench accuracy`` and ``robustness`` do: a pack through the engines of the edge, tables and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from vizecg.spec import DecisionRule, MissingToolError
from vizecg.spec.manifest import Bundle
from vizecg.spec.results import write_result
from vizecg_bench.pack.engines import candidates, opened_engine
from vizecg_bench.pack.evaluate import FLOAT_RULE, float_logits, pack_logits, score
from vizecg_bench.pack.figures import METRICS
from vizecg_bench.pack.format import Pack, open_pack
from vizecg_bench.pack.options import MeasureOptions
from vizecg_bench.pack.plot import flip_share, save_robustness
from vizecg_bench.pack.trend import MEASURES, robustness_sections, trend
from vizecg_bench.run.inputs import bundle_or_shipped
from vizecg_bench.run.schema import Accuracy, Interval, LeftOut

FLOAT = "float"
"""Name of the pack's own network, whose logits are stored."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """Logits of each contender, section -> (n, labels), and its rule; engines that could not be had."""

    pack: Pack
    bundle: Bundle
    logits: Mapping[str, Mapping[str, np.ndarray]]
    rules: Mapping[str, tuple[DecisionRule, str]]
    engines: Mapping[str, str]
    left_out: tuple[LeftOut, ...]

    def accuracies(self, options: MeasureOptions) -> dict[str, Accuracy]:
        return {
            name: score(
                self.pack,
                found,
                rule=self.rules[name][0],
                rule_name=self.rules[name][1],
                bootstraps=options.bootstraps,
                seed=options.seed,
            )
            for name, found in self.logits.items()
        }

    def told(self) -> dict[str, Any]:
        """For result files."""
        return {
            "pack": self.pack.part().model_dump(),
            "float_rule": self.pack.header.rule_source,
            "bundle": {
                "name": self.bundle.manifest.name,
                "sha256": self.bundle.sha256,
                "checkpoint_sha256": self.pack.header.checkpoint_sha256,
            },
            "engines": dict(self.engines),
            "left_out": [one.model_dump() for one in self.left_out],
        }


def run_engines(options: MeasureOptions, sections: Sequence[str] | None, pack: Pack) -> Ran:
    """The pack through each artefact.

    Raises:
        MissingToolError: none of the bundle's artefacts runs here.
        As ``open_backend`` for what was named.
    """
    bundle = bundle_or_shipped(options.bundle)
    pack.check_bundle(bundle)
    chosen = pack.chosen(sections)
    logits: dict[str, Mapping[str, np.ndarray]] = {FLOAT: float_logits(pack, chosen)}
    rules = {FLOAT: (pack.header.rule, FLOAT_RULE)}
    engines = {FLOAT: f"torch {pack.header.versions.get('torch', '')}, stored in the pack"}
    left_out: list[LeftOut] = []
    console = Console(stderr=True)
    with ExitStack() as opened:
        # All of them before the first runs for minutes: what is missing is said at once.
        wanted = [
            (one, opened.enter_context(opened_engine(bundle, one, threads=options.threads)))
            for one in candidates(bundle, artefacts=options.artefact or (), kinds=options.backend or ())
        ]
        for _, found in wanted:
            if isinstance(found, LeftOut):
                left_out.append(found)
                console.print(f"left out: {found.name}: {found.why}", highlight=False, soft_wrap=True)
        for one, found in wanted:
            if isinstance(found, LeftOut):
                continue
            logits[one.name] = pack_logits(pack, found.backend.logits, sections=chosen, console=console, told=one.name)
            own = (found.artefact.decision, one.artefact)
            rules[one.name] = (pack.header.rule, FLOAT_RULE) if options.float_rule else own
            engines[one.name] = found.backend.name
    if len(logits) == 1:
        raise MissingToolError(
            "; ".join(f"{one.name}: {one.why}" for one in left_out) or "no artefact fits this device"
        )
    return Ran(pack=pack, bundle=bundle, logits=logits, rules=rules, engines=engines, left_out=tuple(left_out))


def measure_accuracy(options: MeasureOptions, *, sections: Sequence[str] = ()) -> dict[str, Accuracy]:
    """``vizecg-bench accuracy``

    Raises:
        As ``open_pack`` and ``run_engines``.
    """
    pack = open_pack(options.pack)
    ran = run_engines(options, sections or None, pack)
    found = ran.accuracies(options)
    console = Console(width=150)
    console.print(f"{pack.header.name}: {pack.header.source}; {pack.header.kind}", highlight=False)
    _print(console, found)
    write_result(
        options.figures,
        kind="accuracy",
        figures={**ran.told(), "accuracies": {name: one.model_dump() for name, one in found.items()}},
    )
    return found


def measure_robustness(options: MeasureOptions, *, plot: Path | None) -> dict[str, Any]:
    """``vizecg-bench robustness``

    Raises:
        As ``open_pack``, ``robustness_sections`` and ``run_engines``.
    """
    pack = open_pack(options.pack)
    sections = robustness_sections(pack)
    ran = run_engines(options, sections, pack)
    found = ran.accuracies(options)
    trends = {
        name: trend(pack, logits, rule=ran.rules[name][0], bootstraps=options.bootstraps, seed=options.seed)
        for name, logits in ran.logits.items()
        if name != FLOAT
    }
    _print_strengths(Console(width=150), pack, found, trends)
    if plot is not None:
        save_robustness(plot, found)
    figures = {
        **ran.told(),
        "accuracies": {name: one.model_dump() for name, one in found.items()},
        "trends": trends,
    }
    write_result(options.figures, kind="pack-robustness", figures=figures)
    return figures


def _print(console: Console, found: Mapping[str, Accuracy]) -> None:
    sections = list(dict.fromkeys(name for accuracy in found.values() for name in accuracy.sections))
    for section in sections:
        table = Table("", *METRICS, "of float's F1", "of float's AUROC", "lost", "won", "largest |dp|", title=section)
        labels = next(iter(found.values())).sections[section].flips
        classes = Table("recall change; lost, won, McNemar p", *labels)
        for name, accuracy in found.items():
            own = accuracy.sections[section]
            table.add_row(
                name,
                *(shown(own.macro[metric]) for metric in METRICS),
                *(shown(own.retention[metric], digits=4) for metric in ("f1", "auroc")),
                str(sum(flips.lost for flips in own.flips.values())),
                str(sum(flips.won for flips in own.flips.values())),
                f"{own.largest_difference:.3f}",
            )
            if name != FLOAT:
                classes.add_row(
                    name,
                    *(
                        f"{shown(own.recall_change[label])}\n{flips.lost}, {flips.won}, {flips.mcnemar_p:.3g}"
                        for label, flips in own.flips.items()
                    ),
                )
        console.print(table)
        console.print(classes)


def _print_strengths(
    console: Console, pack: Pack, found: Mapping[str, Accuracy], trends: Mapping[str, Mapping[str, Any]]
) -> None:
    n = pack.sections[robustness_sections(pack)[0]].header.n
    console.print(f"{pack.header.source}, {n} records; {pack.header.kind}", highlight=False)
    table = Table("section", *(f"AUROC {name}" for name in found), *(f"flips % {name}" for name in trends))
    for section in robustness_sections(pack):
        table.add_row(
            section,
            *(shown(accuracy.sections[section].macro["auroc"]) for accuracy in found.values()),
            *(f"{100 * flip_share(found[name].sections[section]):.2f}" for name in trends),
        )
    console.print(table)
    answers = Table("worse where the photograph is worst?", *MEASURES, title="worst third minus best third of sections")
    for name, told in trends.items():
        answers.add_row(
            name,
            *(
                f"{told['answer'][key]}: {shown(Interval(**told['worst_minus_best'][key]), digits=4)}"
                for key in MEASURES
            ),
        )
    console.print(answers)


def shown(found: Interval, *, digits: int = 3) -> str:
    """``0.725 [0.687, 0.757]``; a dash where it is not defined."""
    if found.value is None or found.low is None or found.high is None:
        return "-"
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"
