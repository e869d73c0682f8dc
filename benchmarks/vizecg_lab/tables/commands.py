"""What the verbs ``table1``, ``table2`` and ``study`` do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.results import write_result
from vizecg.train.evaluation.predict import checkpoint_classifier
from vizecg.train.runs.folder import BEST
from vizecg_lab.tables.agreement import measure_agreement
from vizecg_lab.tables.report import collect, markdown
from vizecg_lab.tables.robustness import measure_robustness
from vizecg_lab.tables.rows import STUDIES, VIZECGNET_ROW, Row, Study
from vizecg_lab.tables.saliency.measure import measure_saliency
from vizecg_lab.tables.training import Plan, run_row


def chosen(rows: Sequence[Row], names: Sequence[str] | None) -> tuple[Row, ...]:
    """The rows of these names, in the table's order; all of them for None.

    Raises:
        UsageError: a name that the table does not have.
    """
    if not names:
        return tuple(rows)
    known = [row.name for row in rows]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"no row {unknown[0]!r}: expected some of {', '.join(known)}")
    return tuple(row for row in rows if row.name in names)


def run_table(
    rows: Sequence[Row],
    *,
    plan: Plan,
    kind: str,
    title: str,
    json_path: Path | None,
    markdown_path: Path | None,
    reference: str = VIZECGNET_ROW.name,
    finished: bool = False,
) -> dict[str, Any]:
    """Run every row for every seed, seed by seed, and write the table; finished rows are read, not run.

    With ``finished`` the others are left out, and told of.

    Raises:
        UsageError: no row is finished.
    """
    if finished:
        done_rows = [row for row in rows if all(plan.finished(row, seed) for seed in range(plan.seeds))]
        if not done_rows:
            raise UsageError(f"{plan.out}: no row is finished")
        print(f"not finished: {', '.join(row.name for row in rows if row not in done_rows) or 'none'}", file=sys.stderr)
        rows = done_rows
    console = Console(stderr=True)
    runs: dict[str, list[dict[str, Any]]] = {row.name: [] for row in rows}
    total = plan.seeds * len(rows)
    for seed in range(plan.seeds):
        for row in rows:
            done = sum(len(found) for found in runs.values())
            console.rule(f"{row.title}, seed {seed} ({done + 1} of {total})")
            runs[row.name].append(run_row(row, seed, plan))
    result = collect(rows, runs, plan, reference=reference)
    result["data"] = plan.source("val").name
    result["config_note"] = plan.note(rows[0])
    text = markdown(result, title=title)
    write_result(json_path, kind=kind, figures=result)
    if markdown_path is not None:
        write_atomically(markdown_path, text)
    Console().print(Markdown(text))
    return result


def run_study(asked: Study, *, plan: Plan, names: Sequence[str] | None, report: Path, limit: int) -> None:
    """Train what an open question needs, and write its report folder."""
    rows = chosen(STUDIES[asked], names)
    if asked in (Study.DISTILLATION, Study.CMAM):
        run_table(
            rows, plan=plan, kind=f"study_{asked.value}", title=f"Open question: {asked.value}",
            json_path=report / "figures.json", markdown_path=report / "report.md",
        )  # fmt: skip
        return
    folders = {}
    for row in rows:
        run_row(row, 0, plan)
        folders[row.title] = plan.folder(row, 0)
    checkpoints = {title: folder / BEST for title, folder in folders.items()}
    if asked is Study.SALIENCY:
        measure_saliency(checkpoints, source=plan.source("val"), limit=limit, out=report)
    elif asked is Study.AGREEMENT:
        measure_agreement(folders, out=report)
    else:
        measure_robustness(
            {title: checkpoint_classifier(path) for title, path in checkpoints.items()}, source=plan.source("val"),
            out=report, cache=plan.out / "cache" / "conditions", workers=plan.workers,
        )  # fmt: skip
    print(report / "report.md")
