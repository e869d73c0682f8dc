"""From drafts of pictures to ink maps on a GPU that holds the records' signals.

A draft is small and quickly drawn: what it takes to work it out, trace, bend and light, is left to the device. The
pictures are those of ``vizecg.data.batch.pictures`` for the same arguments, to within a few grey levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vizecg.data.batch.camera import PHOTOS_AT_ONCE
from vizecg.data.batch.geometry import (
    displacements,
    light_lattice,
    misplaced_points,
    seen_of_picture,
    seen_of_sheet,
    surfaces,
)
from vizecg.data.batch.ink import ink_maps
from vizecg.data.batch.photos import PhotoBatch, pack_untaken
from vizecg.data.batch.pictures import Part, rectified_part
from vizecg.data.batch.pixels import enlarge
from vizecg.data.batch.scenes import Misplacements, Scenes, pack_misplacements, pack_scenes
from vizecg.data.batch.sheets import SheetBatch, pack_undrawn
from vizecg.data.batch.traces import Strokes, pack_strokes, spans_of
from vizecg.data.batch.transfer import TensorBatch, plain_arithmetic
from vizecg.render import PictureDraft
from vizecg.spec import SheetSpec
from vizecg.spec.preprocess import PreprocessSpec


@dataclass(frozen=True, kw_only=True)
class _Part(TensorBatch):
    """Drafts that are worked on at once. ``photographed``, ``printed``: int64, which of them are rectified from a
    photograph and from the print itself, with the rectifier's errors."""

    sheets: SheetBatch
    strokes: Strokes
    photographed: Tensor
    photos: PhotoBatch | None
    scenes: Scenes | None
    errors: Misplacements | None
    printed: Tensor
    errors_print: Misplacements | None


@dataclass(frozen=True, kw_only=True)
class DraftBatch(TensorBatch):
    """Packed ``PictureDraft``s, in their order; ``spec`` is of their sheets."""

    spec: SheetSpec
    parts: tuple[_Part, ...]


def batch_of_drafts(
    drafts: Sequence[PictureDraft], *, records: Sequence[int], samples: Sequence[int], chunk: int = PHOTOS_AT_ONCE
) -> DraftBatch:
    """Drafts as tensors in this process's memory; cheap enough for the workers of a data loader.

    Args:
        drafts: at least one, of one sheet size.
        records: which of the device's signals each shows.
        samples: how many it has.
        chunk: pictures that the device will work on at once.
    """
    if not drafts:
        raise ValueError("expected at least one draft of a picture")
    spec = drafts[0].sheet.spec
    parts = tuple(
        _pack(drafts[at : at + chunk], records[at : at + chunk], samples[at : at + chunk], spec)
        for at in range(0, len(drafts), chunk)
    )
    return DraftBatch(spec=spec, parts=parts)


def _pack(drafts: Sequence[PictureDraft], records: Sequence[int], samples: Sequence[int], spec: SheetSpec) -> _Part:
    photos = [(i, draft.photo, draft.error) for i, draft in enumerate(drafts) if draft.photo is not None]
    prints = [(i, draft.error) for i, draft in enumerate(drafts) if draft.photo is None and draft.error is not None]
    errors = [error for _, _, error in photos if error is not None]
    shots = [photo for _, photo, _ in photos]
    return _Part(
        sheets=pack_undrawn([draft.sheet for draft in drafts]),
        strokes=pack_strokes([draft.sheet for draft in drafts], records=records, samples=samples),
        photographed=torch.tensor([i for i, _, _ in photos], dtype=torch.int64),
        photos=pack_untaken(shots, sheet=spec.shape[:2]) if shots else None,
        scenes=pack_scenes(shots, spec=spec) if shots else None,
        errors=pack_misplacements(errors, spec=spec) if errors else None,
        printed=torch.tensor([i for i, _ in prints], dtype=torch.int64),
        errors_print=pack_misplacements([error for _, error in prints], spec=spec) if prints else None,
    )


def inks_from_drafts(batch: DraftBatch, signals: Tensor, *, preprocess: PreprocessSpec) -> Tensor:
    """The ink maps: uint8 (B, height, width), on the device of the batch and of the signals.

    Args:
        batch: of ``batch_of_drafts``.
        signals: int16 (n, 12, samples), see ``vizecg.data.batch.traces.spans_of``.
        preprocess: of the ink maps.
    """
    return torch.cat(
        [
            ink_maps(
                rectified_part(worked_out(part, signals, spec=batch.spec), batch.spec),
                sheet_spec=batch.spec,
                spec=preprocess,
                chunk=len(part.strokes.record),
            )
            for part in batch.parts
        ]
    )


@plain_arithmetic
def worked_out(part: _Part, signals: Tensor, *, spec: SheetSpec) -> Part:
    """What ``vizecg.render`` makes of the drafts one by one, with float32 where it has float64 for the bend of
    paper."""
    low, high = spans_of(part.strokes, signals)
    nothing = low.new_zeros(0, 2, 1, 1)
    size = (spec.height_px, spec.width_px)
    photos, seen = part.photos, nothing
    if photos is not None and part.scenes is not None and part.errors is not None:
        heights, creases = surfaces(part.scenes)
        field = displacements(part.scenes, heights)
        lattice = seen_of_sheet(part.scenes, field, photos.size)
        photos = replace(
            photos,
            lattice=lattice,
            light=light_lattice(part.scenes, heights, creases, lattice),
            inside=_inside(part.scenes, lattice, photos.size),
        )
        seen = seen_of_picture(part.scenes, field, misplaced_points(part.errors, size))
    seen_print = nothing if part.errors_print is None else misplaced_points(part.errors_print, size).float()
    return Part(
        sheets=replace(part.sheets, low=low, high=high),
        photographed=part.photographed,
        photos=photos,
        seen=seen,
        printed=part.printed,
        seen_print=seen_print,
    )


def _inside(scenes: Scenes, lattice: Tensor, size: tuple[int, int]) -> Tensor:
    """bool (N, H, W): the pixels that see the page."""
    x, y = enlarge(lattice, size).unbind(1)
    left, top, right, bottom = (edge[:, None, None] for edge in scenes.page.unbind(1))
    return (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
