"""Does quantisation break first where the photograph is worst? Sections of the same records, compared with each other.

All sections hold the same records, and all resamples are of records, so that differences between sections and
contenders are paired: what all of them have in common is in no interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata

from vizecg.scoring.resamples import Interval, Resamples, interval
from vizecg.spec import DecisionRule, UsageError
from vizecg_bench.pack.evaluate import scored_pair
from vizecg_bench.pack.figures import BOOTSTRAPS
from vizecg_bench.pack.format import Pack
from vizecg_bench.pack.header import SectionKind

MEASURES = {"auroc_change": -1, "f1_change": -1, "flip_share": 1, "logit_rms": 1}
"""Of a contender against the float network in a section, and the sign of worse: macro AUROC and F1 minus the float
network's, share of decisions that differ, and root mean square of the logits' differences."""


def robustness_sections(pack: Pack) -> tuple[str, ...]:
    """Names of the sections of conditions and strengths.

    Raises:
        UsageError: there are none, or they do not hold the same records.
    """
    known = [s for s in pack.sections.values() if s.header.kind == SectionKind.ROBUSTNESS.value]
    if len(known) < 3:
        raise UsageError(f"{pack.path.name} has {len(known)} robustness sections: build it with --robustness")
    if any(section.record_ids != known[0].record_ids for section in known):
        raise UsageError(f"{pack.path.name}: its robustness sections are not of the same records")
    return tuple(section.header.name for section in known)


def trend(
    pack: Pack,
    logits: Mapping[str, np.ndarray],
    *,
    rule: DecisionRule | None = None,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
) -> dict[str, Any]:
    """A contender beside the float network over all conditions.

    Args:
        pack: with robustness sections.
        logits: section -> (n, labels) of the contender.
        rule: the contender's; None takes the float network's.
        bootstraps, seed: of the resamples.

    Returns:
        ``sections``: name -> condition, strength, ``float_auroc`` and the ``MEASURES``. ``slopes``: condition ->
        measure -> change per unit of strength. ``worst_minus_best``: measure -> its mean over the third of the
        sections where the float network's AUROC is lowest, minus that where it is highest. ``rank_correlation``:
        measure -> Spearman's, over sections, with the float network's AUROC, signed so that positive means worse
        where it is lower. ``answer``: per measure, ``yes``, ``no`` (the opposite) or ``not shown``.

    Raises:
        UsageError: as ``robustness_sections``, or logits that do not fit.
    """
    names = robustness_sections(pack)
    missing = [name for name in names if name not in logits]
    if missing:
        raise UsageError(f"no logits of section {missing[0]}")
    columns = [_columns(pack, name, logits[name], rule, bootstraps, seed) for name in names]
    table = {key: np.stack([one[key] for one in columns], axis=1) for key in columns[0]}  # (1 + bootstraps, sections)
    sections = {}
    for place, name in enumerate(names):
        header = pack.sections[name].header
        sections[name] = {
            "condition": header.condition,
            "strength": header.strength,
            **{key: interval(values[:, place]) for key, values in table.items()},
        }
    order = np.argsort(table["float_auroc"][0], kind="stable")
    third = max(1, len(names) // 3)
    apart = {
        key: interval(table[key][:, order[:third]].mean(axis=1) - table[key][:, order[-third:]].mean(axis=1))
        for key in MEASURES
    }
    ranks = {key: interval(_spearman(-table["float_auroc"], sign * table[key])) for key, sign in MEASURES.items()}
    return {
        "sections": sections,
        "slopes": _slopes(pack, names, table),
        "worst": [names[place] for place in order[:third]],
        "best": [names[place] for place in order[-third:]],
        "worst_minus_best": apart,
        "rank_correlation": ranks,
        "answer": {key: _answer(apart[key], sign) for key, sign in MEASURES.items()},
    }


def _columns(
    pack: Pack, name: str, logits: np.ndarray, rule: DecisionRule | None, bootstraps: int, seed: int
) -> dict[str, np.ndarray]:
    """Figures (1 + bootstraps,) of a section."""
    own, floating = scored_pair(pack, name, logits, rule=rule, bootstraps=bootstraps, seed=seed)
    figures, whole = own.figures.values, floating.figures.values
    resamples = Resamples(n=len(logits), bootstraps=bootstraps, seed=seed)
    turned = (own.decisions != floating.decisions).mean(axis=1)
    squares = ((logits.astype(np.float64) - pack.sections[name].logits) ** 2).mean(axis=1)
    return {
        "float_auroc": whole["macro/auroc"],
        "auroc_change": figures["macro/auroc"] - whole["macro/auroc"],
        "f1_change": figures["macro/f1"] - whole["macro/f1"],
        "flip_share": resamples.means(turned),
        "logit_rms": np.sqrt(resamples.means(squares)),
    }


def _slopes(pack: Pack, names: tuple[str, ...], table: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Least squares, of each condition that has several strengths."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(pack.sections[name].header.condition, []).append(place)
    told: dict[str, Any] = {}
    for condition, found in places.items():
        strengths = np.array([pack.sections[names[place]].header.strength or 0.0 for place in found])
        away = strengths - strengths.mean()
        if not away.any():
            continue
        share = away / (away**2).sum()
        told[condition] = {key: interval(table[key][:, found] @ share) for key in MEASURES}
    return told


def _spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Row by row of two (m, sections): (m,); NaN where a row does not vary."""
    ranks = [rankdata(np.nan_to_num(one), axis=1) for one in (first, second)]
    one, other = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((one * other).sum(axis=1) / np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1)))


def _answer(apart: Interval, sign: int) -> str:
    if apart["low"] is None or apart["high"] is None:
        return "not shown"
    low, high = sorted((sign * apart["low"], sign * apart["high"]))
    return "yes" if low > 0 else "no" if high < 0 else "not shown"
