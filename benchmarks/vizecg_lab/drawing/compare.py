"""The same plans carried out by torch on a device and by OpenCV: how many grey levels differ, and by how much."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor

from vizecg.data.batch import (
    draw_sheets,
    inks_from_plans,
    pack_pictures,
    photos_at_once,
    take_photos,
)
from vizecg.data.batch.drafts import inks_from_drafts
from vizecg.data.cache import CacheSpec, build_cache
from vizecg.data.fresh import FreshEvaluationSet, pack_samples, signals_on_device
from vizecg.data.signal import SignalSpec
from vizecg.data.source import RecordSource
from vizecg.records import EcgRecord
from vizecg.render import LAYOUTS, PicturePlan, plan_under, sheet_under
from vizecg.render.photo_plan import PhotoPlan
from vizecg.render.photograph import take_photo
from vizecg.render.sheet import draw_sheet
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec, ink_map
from vizecg_lab.drawing.limits import INK, JPEG, LEVEL, SHARE

PHOTOGRAPHED = tuple(condition for condition in Condition if condition not in (Condition.CLEAN, Condition.PRINT))
TRAINED_ON = (Condition.PRINT, Condition.PHOTO)
_AT_ONCE = 20
"""Pictures whose results lie in memory together: a photograph has 8 million grey levels."""

T = TypeVar("T")


@dataclass(kw_only=True)
class Difference:
    """Grey levels of some pictures by both paths, counted picture by picture.

    ``limits`` says how large ``share`` (of grey levels that differ), ``mean`` and ``largest`` (absolute differences)
    may be.
    """

    limits: dict[str, float]
    pictures: int = 0
    levels: int = 0
    differing: int = 0
    total: float = 0.0
    largest: int = 0
    worst_mean: float = 0.0
    worst_picture: str | None = None
    complaints: list[str] = field(default_factory=list)

    def add(self, found: np.ndarray, expected: np.ndarray, *, name: str) -> None:
        """Two pictures of one shape, uint8."""
        if found.shape != expected.shape:
            self.complaints.append(f"{name}: torch drew {found.shape}, OpenCV {expected.shape}")
            return
        apart = cv2.absdiff(np.ascontiguousarray(found), np.ascontiguousarray(expected))
        mean = float(apart.mean())
        self.pictures += 1
        self.levels += apart.size
        self.differing += int(np.count_nonzero(apart))
        self.total += float(apart.sum())
        self.largest = max(self.largest, int(apart.max()))
        if self.worst_picture is None or mean > self.worst_mean:
            self.worst_mean, self.worst_picture = mean, name

    def to_dict(self) -> dict[str, Any]:
        """Figures, limits, and whether they are kept."""
        figures = {
            "share": self.differing / max(1, self.levels),
            "mean": self.total / max(1, self.levels),
            "largest": self.largest,
        }
        beyond = [f"{key} {figures[key]:.3g} over {most:g}" for key, most in self.limits.items() if figures[key] > most]
        return {
            "pictures": self.pictures,
            **figures,
            "worst_mean": self.worst_mean,
            "worst_picture": self.worst_picture,
            "limits": self.limits,
            "complaints": [*self.complaints, *beyond],
        }


def compare_paths(
    source: RecordSource, *, device: torch.device | str, seed: int = 0, preprocess: PreprocessSpec | None = None
) -> dict[str, dict[str, Any]]:
    """One sheet, and one photograph under one of all conditions in turn, of every record; and as training draws them.

    Args:
        source: its records are drawn in random layouts and styles.
        device: where torch draws.
        seed: of everything random.
        preprocess: of the ink maps.

    Returns:
        ``Difference.to_dict`` of ``sheets`` (which must be the same), of ``photographs_before_jpeg``, of
        ``photographs``, and of the ``ink_maps`` of rectified photographs; and of the ink maps that training draws from
        drafts, ``training_print`` and ``training_photo``.
    """
    records = [source.read(item) for item in source.items]
    target = torch.device(device)
    preprocess = preprocess or PreprocessSpec()
    found = {
        "sheets": Difference(limits={"share": 0.0}),
        "photographs_before_jpeg": Difference(limits={"share": SHARE.value, "largest": LEVEL.value}),
        "photographs": Difference(limits={"mean": JPEG.value}),
        "ink_maps": Difference(limits={"mean": INK.value}),
        **{f"training_{condition.value}": Difference(limits={"mean": INK.value}) for condition in TRAINED_ON},
    }
    conditions = [PHOTOGRAPHED[place % len(PHOTOGRAPHED)] for place in range(len(records))]
    for pairs in _some(list(zip(records, conditions, strict=True)), _AT_ONCE):
        _compare(pairs, found, device=target, seed=seed, preprocess=preprocess)
        print(f"{found['ink_maps'].pictures} of {len(records)} pictures compared", flush=True)
    for condition in TRAINED_ON:
        _compare_drafts(
            source, records, condition, found[f"training_{condition.value}"], device=target, seed=seed,
            preprocess=preprocess,
        )  # fmt: skip
    return {name: difference.to_dict() for name, difference in found.items()}


def _compare(
    pairs: Sequence[tuple[EcgRecord, Condition]],
    found: dict[str, Difference],
    *,
    device: torch.device,
    seed: int,
    preprocess: PreprocessSpec,
) -> None:
    layouts = tuple(LAYOUTS)
    plans = [plan_under(condition, record, seed=seed, layouts=layouts) for record, condition in pairs]
    names = [f"{record.record_id}, {condition.value}" for record, condition in pairs]
    chunk = photos_at_once(device)
    sheets = draw_sheets([plan.sheet for plan in plans], device=device, chunk=chunk)
    drawn = [draw_sheet(plan.sheet) for plan in plans]
    for one, expected, name in zip(_images(sheets), drawn, names, strict=True):
        found["sheets"].add(one, expected, name=name)
    shots = [_photo(plan) for plan in plans]
    for key, chosen in (
        ("photographs_before_jpeg", [replace(shot, jpeg=None) for shot in shots]),
        ("photographs", shots),
    ):
        photos = take_photos(sheets, chosen, chunk=chunk)
        for one, sheet, shot, name in zip(_images(photos.images), drawn, chosen, names, strict=True):
            found[key].add(one[: shot.size[0], : shot.size[1]], take_photo(sheet, shot), name=name)
    inks = inks_from_plans(pack_pictures(plans, chunk=chunk), device=device, preprocess=preprocess).cpu().numpy()
    for ink, (record, condition), plan, name in zip(inks, pairs, plans, names, strict=True):
        sheet = sheet_under(condition, record, seed=seed, layouts=layouts)
        found["ink_maps"].add(ink, ink_map(sheet, sheet_spec=plan.sheet.spec, spec=preprocess), name=name)


def _compare_drafts(
    source: RecordSource,
    records: Sequence[EcgRecord],
    condition: Condition,
    difference: Difference,
    *,
    device: torch.device,
    seed: int,
    preprocess: PreprocessSpec,
) -> None:
    """From signals that lie on the device, as ``pictures=device`` draws them."""
    spec = CacheSpec(
        conditions=(), sheet=SheetSpec(), preprocess=preprocess, signal=SignalSpec(), seed=seed, printable=True
    )
    with tempfile.TemporaryDirectory() as folder:
        cache = build_cache(Path(folder) / "cache", source=source, spec=spec)
        drafts = FreshEvaluationSet(cache=cache, condition=condition, variant=0)
        signals = signals_on_device(cache, device)
        for places in _some(range(len(drafts)), _AT_ONCE):
            parcel = pack_samples([drafts[place] for place in places], chunk=photos_at_once(device)).to(device)
            inks = inks_from_drafts(parcel.open().pictures, signals, preprocess=preprocess).cpu().numpy()
            for ink, place in zip(inks, places, strict=True):
                record = records[int(drafts.rows[place])]
                sheet = sheet_under(condition, record, seed=seed)
                expected = ink_map(sheet, sheet_spec=spec.sheet, spec=preprocess)
                difference.add(ink, expected, name=record.record_id)


def _photo(plan: PicturePlan) -> PhotoPlan:
    if plan.photo is None:
        raise ValueError("expected the plan of a photograph, got that of a print")
    return plan.photo


def _images(batch: Tensor) -> Iterator[np.ndarray]:
    """(N, 3, H, W) -> N times uint8 (H, W, 3)."""
    return (one.permute(1, 2, 0).cpu().numpy() for one in batch)


def _some(things: Iterable[T], count: int) -> Iterator[list[T]]:
    rest = iter(things)
    while part := list(islice(rest, count)):
        yield part
