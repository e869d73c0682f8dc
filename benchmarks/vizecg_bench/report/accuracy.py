"""The tables of accuracy: macro figures, what each class's recall lost, decisions that turned over."""

from __future__ import annotations

from vizecg_bench.report.select import accuracies, headline_sections, is_strength, strengths
from vizecg_bench.report.text import NONE, Table, decimals
from vizecg_bench.run.schema import Accuracy, Result, Section

_FIGURES = {"auroc": "AUROC", "auprc": "AUPRC", "f1": "F1", "precision": "precision", "recall": "recall", "ece": "ECE"}


def macro_tables(result: Result) -> list[Table]:
    """One table for each whole section of the pack."""
    found = accuracies(result)
    rules = _rules(found)
    tables = []
    for section in (name for name in sections_of(found) if not is_strength(name)):
        rows = [
            _macro_row(name, accuracy.sections[section])
            for name, accuracy in found.items()
            if section in accuracy.sections
        ]
        n = max(accuracy.sections[section].n for accuracy in found.values() if section in accuracy.sections)
        tables.append(
            Table(
                title=f"Accuracy on {section}, {n:,} pictures",
                head=(
                    "contender",
                    *(f"macro {text}" for text in _FIGURES.values()),
                    "F1 kept",
                    "AUROC kept",
                    "largest difference",
                ),
                rows=tuple(rows),
                note="In brackets 95 % intervals over records. Largest difference: of a probability from the float"
                f" network's. ECE is the higher the fewer records there are, and a resample holds fewer: its intervals"
                f" lie high. Calibration and thresholds: {rules}.",
            ).without_empty()
        )
    return tables


def class_tables(result: Result) -> list[Table]:
    """Of each headline section: the change of each class's recall, and of its decisions."""
    found = accuracies(result)
    judged = {name for accuracy in found.values() for name in headline_sections(accuracy)}
    tables = []
    for section in (name for name in sections_of(found) if name in judged):
        parts = {name: one.sections[section] for name, one in found.items() if section in one.sections}
        positives = next(iter(parts.values())).positives
        head = tuple(f"{label} ({positives.get(label, 0):,} positive)" for label in result.labels)
        changes = tuple(
            (name, *(decimals(part.recall_change.get(label), signed=True) for label in result.labels))
            for name, part in parts.items()
        )
        turned = tuple((name, *(_flips(part, label) for label in result.labels)) for name, part in parts.items())
        tables += [
            Table(
                title=f"Change of recall on {section}",
                head=("contender", *head),
                rows=changes,
                note="Minus the float network's, with 95 % intervals over records.",
            ),
            Table(
                title=f"Decisions that turned over on {section}",
                head=("contender", *head),
                rows=turned,
                note="Lost: right by the float network only; won: right by the contender only; p: exact McNemar test.",
            ),
        ]
    return tables


def strength_table(result: Result) -> Table | None:
    """Conditions of growing strength, one column for each contender."""
    found = strengths(result)
    if not found:
        return None
    rows = tuple(
        (
            section,
            str(max(one.sections[section].n for one in found.values() if section in one.sections)),
            *(
                decimals(accuracy.sections[section].macro.get("auroc")) if section in accuracy.sections else NONE
                for accuracy in found.values()
            ),
        )
        for section in sections_of(found)
    )
    return Table(
        title="Macro AUROC by condition and strength",
        head=("condition@strength", "pictures", *found),
        rows=rows,
        note="In brackets 95 % intervals over records.",
    )


def sections_of(found: dict[str, Accuracy]) -> list[str]:
    """Names of all sections."""
    return list(dict.fromkeys(name for accuracy in found.values() for name in accuracy.sections))


def _rules(found: dict[str, Accuracy]) -> str:
    """Whose calibration and thresholds decide, and for whom where that differs."""
    names: dict[str, list[str]] = {}
    for name, accuracy in found.items():
        names.setdefault(accuracy.rule, []).append(name)
    if len(names) < 2:
        return "".join(names)
    return "; ".join(f"{rule} ({', '.join(those)})" for rule, those in names.items())


def _macro_row(name: str, section: Section) -> tuple[str, ...]:
    return (
        name,
        *(decimals(section.macro.get(figure)) for figure in _FIGURES),
        decimals(section.retention.get("f1")),
        decimals(section.retention.get("auroc")),
        f"{section.largest_difference:.3f}",
    )


def _flips(section: Section, label: str) -> str:
    found = section.flips.get(label)
    return NONE if found is None else f"lost {found.lost}, won {found.won}; p {found.mcnemar_p:.2g}"
