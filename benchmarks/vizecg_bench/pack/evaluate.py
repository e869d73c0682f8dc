"""A pack through whatever gives logits, and from the logits to the figures of a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from rich.console import Console
from rich.progress import Progress

from vizecg.spec import BundleError, DecisionRule, UsageError
from vizecg.spec.preprocess import normalise
from vizecg_bench.pack.figures import BOOTSTRAPS, Scored, score_logits, section_of
from vizecg_bench.pack.format import Pack
from vizecg_bench.run.schema import Accuracy

FLOAT_RULE = "float"
"""Name of the rule of a pack's float network."""

Logits = Callable[[np.ndarray], np.ndarray]
"""Preprocessed sheet float32 (1, 1, H, W) -> logits (labels,)."""


def pack_logits(
    pack: Pack,
    logits: Logits,
    *,
    sections: Sequence[str] | None = None,
    console: Console | None = None,
    told: str = "sheets of the pack",
) -> dict[str, np.ndarray]:
    """Run every sheet of some sections; None takes all.

    Args:
        pack: opened.
        logits: of one sheet.
        sections: names.
        console: shows a progress bar, if it is a terminal; ``told`` names it.

    Returns:
        Section -> float32 (n, labels).

    Raises:
        UsageError: no such section.
        BundleError: the pack is damaged, or the engine gives something else than a finite number for each label.
    """
    names = pack.chosen(sections)
    found: dict[str, np.ndarray] = {}
    console = console or Console(stderr=True, quiet=True)
    # In a log a bar is blank lines.
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(told, total=sum(pack.sections[name].header.n for name in names))
        for name in names:
            rows = []
            for inks in pack.inks(name):
                for place in range(len(inks)):
                    image = normalise(inks[place : place + 1], pack.header.preprocess)
                    rows.append(_checked(logits(image), name, len(pack.header.labels)))
                bar.advance(task, len(inks))
            found[name] = np.stack(rows)
    return found


def _checked(row: np.ndarray, section: str, labels: int) -> np.ndarray:
    found = np.asarray(row, np.float32)
    if found.shape != (labels,) or not np.isfinite(found).all():
        raise BundleError(f"expected {labels} finite logits of a sheet of {section}, got {found.tolist()}")
    return found


def score(
    pack: Pack,
    logits: Mapping[str, np.ndarray],
    *,
    rule: DecisionRule | None = None,
    rule_name: str = FLOAT_RULE,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
) -> Accuracy:
    """Figures from logits, section -> (n, labels), of ``pack_logits`` or of files that a device wrote.

    Args:
        pack: opened.
        logits: of some or all sections.
        rule: calibration and thresholds; None takes the float network's, from the pack.
        rule_name: whose rule that is.
        bootstraps, seed: of the intervals; with the same, contenders are paired.

    Raises:
        UsageError: no such section, or not as many logits as it has sheets.
    """
    pairs = {
        name: scored_pair(pack, name, logits[name], rule=rule, bootstraps=bootstraps, seed=seed)
        for name in pack.chosen(tuple(logits))
    }
    return Accuracy(
        rule=rule_name,
        sections={
            name: section_of(own, floating, pack.sections[name].labels) for name, (own, floating) in pairs.items()
        },
    )


def scored_pair(
    pack: Pack,
    section: str,
    logits: np.ndarray,
    *,
    rule: DecisionRule | None = None,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
) -> tuple[Scored, Scored]:
    """A contender's and the float network's figures on the same resamples of a section. Raises as ``score``."""
    known = pack.sections[section]
    if logits.shape != known.logits.shape or not np.isfinite(logits).all():
        raise UsageError(f"{section}: expected finite logits {known.logits.shape}, got {logits.shape}")
    scored = partial(score_logits, labels=known.labels, names=pack.header.labels, bootstraps=bootstraps, seed=seed)
    return scored(logits, rule=rule or pack.header.rule), scored(known.logits, rule=pack.header.rule)


def float_logits(pack: Pack, sections: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """The float network's, as stored: section -> float32 (n, labels)."""
    return {name: pack.sections[name].logits for name in pack.chosen(sections)}


def evaluate_pack(
    pack: Pack,
    *,
    logits: Logits,
    rule: DecisionRule | None = None,
    rule_name: str = FLOAT_RULE,
    sections: Sequence[str] | None = None,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
    console: Console | None = None,
    told: str = "sheets of the pack",
) -> Accuracy:
    """``pack_logits``, then ``score``."""
    found = pack_logits(pack, logits, sections=sections, console=console, told=told)
    return score(pack, found, rule=rule, rule_name=rule_name, bootstraps=bootstraps, seed=seed)
