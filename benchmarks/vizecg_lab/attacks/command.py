"""Pages spoilt and changed, shown to the edge: how many decisions turn over without a word?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from vizecg.records import EcgRecord
from vizecg.spec import CODE6, UsageError
from vizecg.spec.results import write_result
from vizecg_lab.attacks.changes import CHANGES
from vizecg_lab.attacks.edges import Edge, OtherEdge, Said, ThisEdge
from vizecg_lab.attacks.figures import hostile_figures
from vizecg_lab.attacks.gate_rows import GateRows
from vizecg_lab.attacks.kinds import Kind
from vizecg_lab.attacks.patients import Patients, patients
from vizecg_lab.attacks.plan import Drawing, drawings
from vizecg_lab.attacks.score import Outcome, score
from vizecg_lab.attacks.show import print_hostile
from vizecg_lab.attacks.spoilings import SPOILINGS
from vizecg_lab.attacks.studio import SEED, Picture, Studio
from vizecg_lab.leads.log import DoneLog

KINDS: tuple[Kind, ...] = (*SPOILINGS, *CHANGES)
DRAWINGS_VERSION = 1
"""Written into logs and results; raised when the same page is drawn differently."""


def measure_hostile(
    *,
    root: Path,
    fold: int,
    count: int,
    ids: Sequence[int],
    names: Sequence[str],
    sample: int | None,
    bundle: Path | None,
    checkout: Path | None,
    log: Path | None,
    save: Path | None,
    gate_rows: Path | None,
    out: Path | None,
    as_json: bool,
) -> dict[str, Any]:
    """Draw pages of every kind and have them answered; print and save the figures.

    Args:
        root, fold, count, ids: see ``patients``.
        names: of the kinds that are drawn, or of families; all where none is named.
        sample: pages, spread evenly over kinds; None draws every way of every kind on every record.
        bundle: None takes the shipped one.
        checkout: another checkout, whose edge and bundle answer; None takes this one's.
        log: file of what is done; run again with it, the rest is done.
        save: folder for the pictures that were changed in silence.
        gate_rows: file for ``vizecg-export fit-gate``, see ``GateRows``; only of pages that the log has not yet.
        out: result file.
        as_json: whether the figures are printed as JSON instead of tables.

    Raises:
        UsageError: no such kind, or record; the log is of another measurement; rows are wanted of another checkout.
    """
    kinds = chosen_kinds(names)
    edge: Edge = ThisEdge(bundle) if checkout is None else OtherEdge(checkout)
    rows = None if gate_rows is None else GateRows(gate_rows, edge)
    console = Console(stderr=as_json)
    about = {"bundle": edge.about["bundle"]["sha256"], "seed": SEED, "drawings": DRAWINGS_VERSION}
    done = DoneLog(log, about={**about, "answering": edge.about.get("answering")})

    def control(record: EcgRecord, photographed: bool) -> Said:
        key = f"control//{record.record_id}/{'photo' if photographed else 'flat'}"
        if key not in done.done:
            shown = Studio.of(record, record, photographed=photographed).control()
            done.add(key, **edge.ask(shown).to_dict())
        return Said.from_dict(done.done[key])

    with closing(edge):
        who = patients(root, fold=fold, count=count, ids=ids, ask=control)
        plan = drawings(kinds, records=len(who.chosen), sample=sample)
        for drawing in track(plan, description="showing", console=console):
            _done(drawing, who, edge, done, save, rows)
    pages = [done.done[drawing.key(who.chosen[drawing.record].record.record_id)] for drawing in plan]
    figures = {
        "data": f"PTB-XL fold {fold}" if not ids else "PTB-XL, records that were given",
        "drawings": DRAWINGS_VERSION, "seed": SEED, "records": len(who.chosen), "records_tried": who.tried,
        "by_class": who.by_class(CODE6.names), **hostile_figures(pages),
    }  # fmt: skip
    write_result(out, kind="hostile", figures={**edge.about, **figures})
    if as_json:
        print(json.dumps({**edge.about, **figures}))
    else:
        print_hostile(figures, Console(width=170))
    return figures


def chosen_kinds(names: Sequence[str]) -> tuple[Kind, ...]:
    """The kinds of some names or families; all where none is named.

    Raises:
        UsageError: there is none of a name.
    """
    known = {*(kind.name for kind in KINDS), *(kind.family.value for kind in KINDS)}
    unknown = [name for name in names if name not in known]
    if unknown:
        families = ", ".join(dict.fromkeys(kind.family.value for kind in KINDS))
        raise UsageError(f"unknown kind {unknown[0]!r}: expected the name of a kind, or one of {families}")
    return tuple(kind for kind in KINDS if not names or kind.name in names or kind.family.value in names)


def picture_of(drawing: Drawing, who: Patients) -> Picture:
    """The page of a drawing; the same for the same arguments."""
    record = who.chosen[drawing.record].record
    studio = Studio.of(
        record, who.other(drawing.record), photographed=drawing.photographed, name=f"{drawing.kind.name}/{drawing.way}"
    )  # fmt: skip
    return drawing.kind.picture(studio, drawing.way)


def _done(drawing: Drawing, who: Patients, edge: Edge, done: DoneLog, save: Path | None, rows: GateRows | None) -> None:
    """Answer one page, unless the log has it."""
    patient = who.chosen[drawing.record]
    key = drawing.key(patient.record.record_id)
    if key in done.done:
        return
    picture = picture_of(drawing, who)
    said = edge.ask(picture)
    if rows is not None:
        rows.add(drawing, patient.record)
    kind = drawing.kind
    scored = score(said, patient.control(photographed=drawing.photographed), other_heart=kind.other_heart)
    done.add(
        key, kind=kind.name, family=kind.family.value, way=drawing.way, benign=kind.benign,
        photographed=drawing.photographed, outcome=scored.outcome.value, turned=scored.turned, told=scored.told,
        **said.to_dict(),
    )  # fmt: skip
    if save is not None and scored.outcome is Outcome.SILENT:
        _save(save, key, picture)


def _save(folder: Path, key: str, picture: Picture) -> None:
    from vizecg_edge.overlay import save_image

    folder.mkdir(parents=True, exist_ok=True)
    name = key.replace("/", "_").replace(" ", "-")
    if isinstance(picture, bytes):
        (folder / name).with_suffix(".tif" if picture[:2] in (b"II", b"MM") else ".jpg").write_bytes(picture)
    else:
        save_image(folder / f"{name}.png", picture)
