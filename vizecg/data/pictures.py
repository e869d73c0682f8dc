"""What ``vizecg render`` and ``vizecg photograph`` do, once their options are parsed."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vizecg.data.choices import Look, PictureFormat
from vizecg.data.drawing import Drawing, Shot
from vizecg.data.picture_shares import Ledger, ledger, merged_pictures
from vizecg.data.progress import progress
from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.sharding import Shard, share_places
from vizecg.data.source import RecordSource
from vizecg.records import EcgRecord
from vizecg.records.on_identity import OnIdentity
from vizecg.render import (
    CONDITIONS,
    LAYOUTS,
    PALETTES,
    Photo,
    PrintedSheet,
    PrintStyle,
    condition_rng,
    photograph,
    render_sheet,
)
from vizecg.render.pages import FORMS
from vizecg.render.picture import contact_sheet, load_sheet, save_picture
from vizecg.spec import Condition, SheetSpec, UsageError
from vizecg.spec.files import write_atomically

CONTACT_STRENGTHS = (0.25, 0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which records: ``n`` from the beginning of the source, or those with the ids ``records``; a ``shard`` of them."""

    data: str
    root: Path | None
    split: str
    seed: int
    n: int
    records: tuple[str, ...]
    shard: Shard | None = None
    on_identity: OnIdentity = OnIdentity.SKIP

    def read(self) -> Iterator[EcgRecord]:
        """The records, one after the other."""
        return (record for _, record in self.named())

    def named(self, *, without: Container[str] = ()) -> Iterator[tuple[str, EcgRecord]]:
        """The records with their ids in the source, but for those with the ids ``without``."""
        source = self.source()
        for place in self._places(source):
            if source.record_ids[place] not in without:
                yield source.record_ids[place], source.read(source.items[place])

    def ids(self) -> list[str]:
        """Of the records of all shards."""
        source = self.source()
        return [source.record_ids[place] for place in self._all_places(source)]

    def about(self, **options: Any) -> dict[str, Any]:
        """What decides pictures, with options of their own, to tell shares of other work apart."""
        source = self.source()
        own = {"data": source.name, "fingerprint": source.fingerprint, "seed": self.seed, "count": self.n}
        return {**own, "records": list(self.records), **{name: repr(value) for name, value in options.items()}}

    def source(self) -> RecordSource:
        size = None if self.records else self.n
        asked = SourceRequest(
            root=self.root, split=self.split, seed=self.seed, size=size, unlabelled=True, on_identity=self.on_identity
        )
        return build_source(self.data, asked)

    @property
    def count(self) -> int:
        asked = len(self.records) or self.n
        return asked if self.shard is None else len(share_places(asked, self.shard))

    @property
    def single(self) -> bool:
        """Whether it is one picture, which may have a name of its own."""
        return self.shard is None and self.count == 1

    def _places(self, source: RecordSource) -> list[int]:
        places = self._all_places(source)
        return places if self.shard is None else [places[at] for at in share_places(len(places), self.shard)]

    def _all_places(self, source: RecordSource) -> list[int]:
        if not self.records:
            return list(range(min(self.n, len(source))))
        known = {name: place for place, name in enumerate(source.record_ids)}
        unknown = [name for name in self.records if name not in known]
        if unknown:
            raise UsageError(f"{source.name} has no record {unknown[0]!r}; the first is {source.record_ids[0]!r}")
        return [known[name] for name in self.records]


def run_render(
    *, chosen: Chosen, drawing: Drawing, out: Path, kind: PictureFormat, contact: bool, as_json: bool
) -> None:
    """``vizecg render``"""
    if contact:
        record = next(chosen.read())
        save_picture(out, _every_look(record, drawing))
        _tell(out, as_json=as_json)
        return
    share = _share(out, chosen, drawing=drawing, kind=kind)
    with progress("drawing", chosen.count, quiet=as_json) as advance:
        for name, record in chosen.named(without=() if share is None else share.done):
            path = _name(out, record.record_id, kind, single=chosen.single)
            facts: dict[str, Any] = {"record": record.record_id}
            if drawing.look is Look.PAPER:
                from vizecg.render.paper.draw import render_paper

                page = render_paper(record)
                save_picture(path, page.image)
                facts["boxes"] = [asdict(box) for box in page.boxes]
            elif drawing.look is Look.ECG_PLOT:
                from vizecg.render.ecg_plot_page import render_ecg_plot

                save_picture(path, render_ecg_plot(record))
            else:
                sheet, spec = drawing.sheet(record)
                save_picture(path, sheet.image, spec=spec)
                facts |= _on_it(sheet)
                facts["clipped"] = list(sheet.clipped)
            if share is not None:
                share.add(name, path, facts)
            _tell(path, as_json=as_json, **facts)
            advance(1)


def run_merge(*, chosen: Chosen, out: Path, as_json: bool, **options: Any) -> None:
    """``--merge`` of ``vizecg render`` and ``photograph``: tell what all shards have drawn, as one process would.

    ``options`` are those by which ``_share`` knows the work.
    """
    for path, facts in merged_pictures(out, chosen.about(**options), chosen.ids()):
        _tell(path, as_json=as_json, **facts)


def _share(out: Path, chosen: Chosen, **options: Any) -> Ledger | None:
    return None if chosen.shard is None else ledger(out, chosen.shard, chosen.about(**options))


def run_photograph(
    *,
    image: Path | None,
    chosen: Chosen,
    drawing: Drawing,
    shot: Shot,
    out: Path,
    kind: PictureFormat,
    truth: bool,
    contact: bool,
    as_json: bool,
) -> None:
    """``vizecg photograph``"""
    if contact:
        save_picture(out, _every_condition(chosen, drawing))
        _tell(out, as_json=as_json)
        return
    share = _share(out, chosen, drawing=drawing, kind=kind, shot=shot, truth=truth) if image is None else None
    sheets: Iterator[tuple[str, str, np.ndarray, SheetSpec, dict[str, Any]]]
    if image is not None:
        sheets = iter([(image.stem, image.stem, *load_sheet(image), {})])
        chosen = replace(chosen, n=1, records=())
    else:
        read = chosen.named(without=() if share is None else share.done)
        drawn = ((of, record.record_id, *drawing.sheet(record)) for of, record in read)
        sheets = ((of, name, printed.image, spec, _on_it(printed)) for of, name, printed, spec in drawn)
    with progress("photographing", chosen.count, quiet=as_json) as advance:
        for of, name, sheet, spec, on_it in sheets:
            rng = condition_rng(name, seed=drawing.seed, condition=shot.condition)
            photo = shot.take(sheet, spec=spec, rng=rng)
            path = _name(out, name, kind, single=chosen.single)
            save_picture(path, photo.image)
            facts = {"record": name, "condition": shot.condition.value, "strength": shot.strength}
            if truth:
                facts["truth"] = str(path.with_suffix(".json"))
                write_atomically(path.with_suffix(".json"), json.dumps({**_truth(photo, spec), **on_it}) + "\n")
            if share is not None:
                share.add(of, path, facts)
            _tell(path, as_json=as_json, **facts)
            advance(1)


def _on_it(sheet: PrintedSheet) -> dict[str, Any]:
    """Where traces, words and pulses are on a sheet, in its millimetres."""
    return {
        name: [asdict(one) for one in several]
        for name, several in (("boxes", sheet.boxes), ("texts", sheet.texts), ("pulses", sheet.pulses))
    }


def _truth(photo: Photo, spec: SheetSpec) -> dict[str, Any]:
    """Where the sheet is in a photograph, in numbers: what ``SheetToPhoto`` holds."""
    mapping = photo.mapping
    bend = mapping.displacement
    return {
        "sheet": spec.to_dict(),
        "size": list(mapping.size),
        "homography": mapping.homography.tolist(),
        "lens": mapping.lens,
        "displacement": None
        if bend is None
        else {"pitch": bend.pitch, "origin": list(bend.origin), "field": np.round(bend.field, 3).tolist()},
    }


def _every_look(record: EcgRecord, drawing: Drawing) -> np.ndarray:
    """All layouts, and all palettes of the grid; of whole pages, all forms."""
    if drawing.page is not None:
        lots = [(form, replace(drawing, page=replace(drawing.page, form=form))) for form in FORMS]
        return contact_sheet([(form, lot.sheet(record)[0].image) for form, lot in lots], columns=4)
    style = drawing.style or PrintStyle()
    plain = drawing.layout.fitting(record.duration_s)
    kinds = [(f"{layout.name} {layout.order.value}", style, layout.fitting(record.duration_s)) for layout in LAYOUTS]
    kinds += [(f"{plain.name}, {palette} grid", replace(style, palette=palette), plain) for palette in PALETTES]
    pictures = [
        (caption, render_sheet(record, spec=drawing.spec, style=printed, layout=layout).image)
        for caption, printed, layout in kinds
    ]
    return contact_sheet(pictures, columns=4)


def _every_condition(chosen: Chosen, drawing: Drawing) -> np.ndarray:
    """Every condition, at strengths that grow to the right."""
    pictures = []
    records = list(chosen.read())
    photographed = [condition for condition in CONDITIONS if condition not in (Condition.CLEAN, Condition.PRINT)]
    for row, condition in enumerate(photographed):
        record = records[row % len(records)]
        sheet, spec = drawing.sheet(record)
        for strength in CONTACT_STRENGTHS:
            rng = condition_rng(record.record_id, seed=drawing.seed, condition=condition)
            photo = photograph(sheet.image, rng=rng, spec=spec, condition=condition, strength=strength)
            pictures.append((f"{condition.value} {strength:g}", photo.image))
    return contact_sheet(pictures, columns=len(CONTACT_STRENGTHS), tile=(270, 420))


def _name(out: Path, record_id: str, kind: PictureFormat, *, single: bool) -> Path:
    """``out`` itself for one picture with an ending, else a file in the folder ``out``."""
    if single and out.suffix:
        return out
    return out / f"{record_id.replace('/', '_')}.{kind.value}"


def _tell(path: Path, *, as_json: bool, **facts: Any) -> None:
    if as_json:
        print(json.dumps({"file": str(path), **facts}))
    else:
        cut = facts.get("clipped")
        print(f"{path}" + (f"   cut off: {', '.join(cut)}" if cut else ""))
