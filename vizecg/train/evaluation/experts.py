"""CODE-test's annotators against its gold standard, against each other, and beside a network: figures and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vizecg.records.annotators import GOLD_MADE_OF, Annotations, annotator
from vizecg.scoring.readers import BOOTSTRAPS, READER_METRICS, compare_readers
from vizecg.spec import UsageError
from vizecg.train.evaluation.tables import cell

NETWORK, FITTED = "network", "network, fitted"
"""How the evaluated network is called: by its own thresholds, and by those that ``--fit`` fitted."""
CODE_TEST_ID = "codetest-"
AGREE_AND_GOLD_DIFFERS = "tracings_where_they_agree_and_the_gold_standard_differs"
_CARDIOLOGISTS = ("cardiologist1", "cardiologist2")


def experts_alone(annotations: Annotations, *, bootstraps: int = BOOTSTRAPS, seed: int = 0) -> dict[str, Any]:
    """Every annotator against the gold standard and against every other.

    Returns:
        As ``vizecg.scoring.readers.compare_readers``; ``gold_standard`` and ``annotators`` tell who they are.
    """
    figures = compare_readers(
        annotations.readers, annotations.gold, names=annotations.labels, bootstraps=bootstraps, seed=seed
    )
    return {**_told(annotations), **figures}


def experts_beside(
    annotations: Annotations,
    decisions: Mapping[str, np.ndarray],
    *,
    record_ids: Sequence[str],
    labels: np.ndarray,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
) -> dict[str, Any]:
    """A network beside every annotator, on the tracings that it answered.

    Args:
        annotations: of all tracings.
        decisions: ``NETWORK`` and perhaps ``FITTED`` -> (m, labels) of 0 and 1.
        record_ids: of the tracings that were evaluated.
        labels: (m, labels) that they were evaluated against.
        bootstraps, seed: of the resampling.

    Returns:
        As ``experts_alone``; the pairs are the network and each annotator.

    Raises:
        UsageError: the records are not CODE-test's, or its gold standard is another one than the annotators'.
    """
    rows = _rows(record_ids, len(annotations.gold))
    gold = annotations.gold[rows]
    differ = int((gold != np.asarray(labels)).any(axis=1).sum())
    if differ:
        raise UsageError(
            f"--experts: its gold standard differs from the data's in {differ} of {len(gold)} tracings: they must be"
            " the same, in the same order"
        )
    people = {name: of[rows] for name, of in annotations.readers.items()}
    figures = compare_readers(
        {**decisions, **people}, gold, names=annotations.labels,
        pairs=[(network, name) for network in decisions for name in people], bootstraps=bootstraps, seed=seed,
    )  # fmt: skip
    return {**_told(annotations), **figures}


def check_experts(annotations: Annotations, tracings: int) -> None:
    """Before anything is drawn: raise UsageError unless the tables have a line for each tracing."""
    if len(annotations.gold) != tracings:
        raise UsageError(f"--experts: its tables have {len(annotations.gold)} lines for the {tracings} tracings")


def _rows(record_ids: Sequence[str], n: int) -> list[int]:
    rows = []
    for record_id in record_ids:
        number = record_id.removeprefix(CODE_TEST_ID)
        if number == record_id or not 1 <= int(number) <= n:
            raise UsageError(f"--experts: record {record_id} is none of the {n} tracings of CODE-test")
        rows.append(int(number) - 1)
    return rows


def _told(annotations: Annotations) -> dict[str, Any]:
    gold, (one, two) = annotations.gold, (annotations.readers.get(name) for name in _CARDIOLOGISTS)
    origin: dict[str, Any] = {"made_of": GOLD_MADE_OF}
    if one is not None and two is not None:
        disagree = (one != two).any(axis=1)
        origin |= {
            "tracings": len(gold),
            "tracings_where_they_disagree": int(disagree.sum()),
            AGREE_AND_GOLD_DIFFERS: int(((gold != one).any(axis=1) & ~disagree).sum()),
        }
    return {
        "gold_standard": origin,
        "annotators": {
            name: {"title": known.title, "who": known.who, "not_independent_since": known.bound}
            for name in annotations.readers
            for known in (annotator(name),)
        },
        "missing": list(annotations.missing),
        "not_read": list(annotations.not_read),
    }


def title_of(name: str) -> str:
    return name if name in (NETWORK, FITTED) else annotator(name).title


def starred(figures: Mapping[str, Any], name: str) -> str:
    """The title, with a star where the reader is not independent of the gold standard."""
    return title_of(name) + ("*" if figures["annotators"].get(name, {}).get("not_independent_since") else "")


def notes(figures: Mapping[str, Any]) -> list[str]:
    """Sentences that belong under every table of these figures."""
    origin = figures["gold_standard"]
    lines = [f"Gold standard: {origin['made_of']}."]
    if "tracings" in origin:
        apart, other = (origin[key] for key in ("tracings_where_they_disagree", AGREE_AND_GOLD_DIFFERS))
        lines.append(
            f"In these tables they disagree on {apart} of {origin['tracings']} tracings; on {other} they agree and the"
            " gold standard says otherwise."
        )
    for name, known in figures["annotators"].items():
        bound = known["not_independent_since"]
        lines.append(
            f"{starred(figures, name)}: {known['who']}{'' if bound is None else f'; not independent: {bound}'}."
        )
    if figures["missing"]:
        lines.append(f"Not there: {', '.join(f'{name}.csv' for name in figures['missing'])}.")
    if figures["not_read"]:
        lines.append(f"Not read, since no column is a label: {', '.join(figures['not_read'])}.")
    return lines


def reader_rows(figures: Mapping[str, Any], *, sign: str = "") -> list[list[str]]:
    """Title, then F1 of each class and the macro figures, of every reader."""
    return [
        [
            starred(figures, name),
            *(_value(of["classes"][label]["f1"]) for label in figures["positives"]),
            *(cell(of["macro"][metric]) for metric in READER_METRICS),
        ]
        for name, of in figures["readers"].items()
    ]


def class_rows(figures: Mapping[str, Any]) -> list[list[str]]:
    """Title, then precision, recall and specificity of each class, of every reader."""
    return [
        [
            starred(figures, name),
            *(
                "/".join(_value(of["classes"][label][metric]) for metric in ("precision", "recall", "specificity"))
                for label in figures["positives"]
            ),
        ]
        for name, of in figures["readers"].items()
    ]


def pair_rows(figures: Mapping[str, Any], *, kappa: bool = False) -> list[list[str]]:
    """Both titles, the difference of macro F1, and for each class who alone is right how often, and p; and kappa."""
    return [
        [
            f"{starred(figures, pair['first'])} - {starred(figures, pair['second'])}",
            cell(pair["macro"]["f1"], sign="+"),
            *(
                _flips(of) + (f", {_value(of['kappa'])}" if kappa else "")
                for of in (pair["classes"][label] for label in figures["positives"])
            ),
        ]
        for pair in figures["pairs"]
    ]


def reader_head(figures: Mapping[str, Any]) -> list[str]:
    return [f"n = {figures['n']}", *figures["positives"], *(f"macro {metric}" for metric in READER_METRICS)]


def class_head(figures: Mapping[str, Any]) -> list[str]:
    return ["precision/recall/specificity", *figures["positives"]]


def pair_head(figures: Mapping[str, Any]) -> list[str]:
    return ["pair", "macro F1", *figures["positives"]]


PAIRS_SAY = (
    "By class: tracings that only the first : only the second decides right, and McNemar's exact p, not corrected for"
    " the number of comparisons"
)


def experts_text(figures: Mapping[str, Any]) -> str:
    """What the commands print."""
    readers = _columns([reader_head(figures), *reader_rows(figures)])
    classes = _columns([class_head(figures), *class_rows(figures)])
    pairs = _columns([pair_head(figures), *pair_rows(figures)])
    return "\n".join(
        [
            "F1 by class against the gold standard, and macro figures",
            *readers, "", *classes, "", f"Differences of macro F1, paired. {PAIRS_SAY}.", *pairs, "", *notes(figures),
        ]
    )  # fmt: skip


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    wide = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, wide, strict=True)).rstrip() for row in rows]


def _value(interval: Mapping[str, float | None]) -> str:
    return "-" if interval["value"] is None else f"{interval['value']:.3f}"


def _flips(of: Mapping[str, Any]) -> str:
    flips = of["mcnemar"]
    return f"{flips['only_first_right']}:{flips['only_second_right']} {flips['p']:.3f}"
