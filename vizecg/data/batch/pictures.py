"""From plans of pictures to ink maps on a GPU. Training hands on drafts, which are smaller:
``vizecg.data.batch.drafts``.

Workers of a data loader read records and make plans; the main process draws, photographs, rectifies and preprocesses a
whole batch on its device::

    class Pictures(Dataset):
        def __getitem__(self, index):
            record = self.source.read(self.source.items[index])
            return plan_under(Condition.PHOTO, record, seed=self.seed, variant=self.epoch)

    loader = DataLoader(
        Pictures(...), batch_size=64, num_workers=8, collate_fn=pack_pictures, pin_memory=True,
        multiprocessing_context="spawn",
    )
    for parcel in loader:
        inks = inks_from_plans(parcel, device="cuda")  # uint8 (64, height, width)
        images = (inks[:, None].float() / 255 - spec.mean) / spec.std

The pictures are those of ``vizecg.render.sheet_under`` for the same arguments, to within a few grey levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vizecg.data.batch.camera import PHOTOS_AT_ONCE, Photos, take_packed
from vizecg.data.batch.ink import ink_maps
from vizecg.data.batch.photos import PhotoBatch, pack_photos
from vizecg.data.batch.register import pack_seen, register_photos
from vizecg.data.batch.sheets import SheetBatch, draw_packed, pack_sheets
from vizecg.data.batch.transfer import Parcel, TensorBatch
from vizecg.records import EcgRecord
from vizecg.render import Layout, PicturePlan, plan_under
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec


@dataclass(frozen=True, kw_only=True)
class Part(TensorBatch):
    """Pictures that are worked on at once. ``photographed``, ``printed``: int64, which of them are rectified from a
    photograph and from the print itself, with what their lattices see."""

    sheets: SheetBatch
    photographed: Tensor
    photos: PhotoBatch | None
    seen: Tensor
    printed: Tensor
    seen_print: Tensor


@dataclass(frozen=True, kw_only=True)
class PictureBatch(TensorBatch):
    """Packed ``PicturePlan``s, in their order; ``spec`` is of their sheets."""

    spec: SheetSpec
    parts: tuple[Part, ...]


def pack_pictures(plans: Sequence[PicturePlan], *, chunk: int = PHOTOS_AT_ONCE) -> Parcel[PictureBatch]:
    """Plans in one piece of memory: the ``collate_fn`` of a data loader.

    Args:
        plans: at least one, of one sheet size.
        chunk: pictures that the device will work on at once.
    """
    if not plans:
        raise ValueError("expected at least one plan of a picture")
    parts = tuple(_pack(plans[at : at + chunk]) for at in range(0, len(plans), chunk))
    return Parcel.of(PictureBatch(spec=plans[0].sheet.spec, parts=parts))


def _pack(plans: Sequence[PicturePlan]) -> Part:
    sheet = plans[0].sheet.spec.shape[:2]
    photographed = [(i, plan.photo, plan.seen) for i, plan in enumerate(plans) if plan.photo is not None]
    printed = [(i, plan.seen) for i, plan in enumerate(plans) if plan.photo is None and plan.seen is not None]
    return Part(
        sheets=pack_sheets([plan.sheet for plan in plans]),
        photographed=torch.tensor([i for i, _, _ in photographed], dtype=torch.int64),
        photos=pack_photos([photo for _, photo, _ in photographed], sheet=sheet) if photographed else None,
        seen=pack_seen([seen for _, _, seen in photographed if seen is not None]),
        printed=torch.tensor([i for i, _ in printed], dtype=torch.int64),
        seen_print=pack_seen([seen for _, seen in printed]),
    )


def plan_batch(
    records: Sequence[EcgRecord],
    *,
    conditions: Sequence[Condition],
    seed: int,
    spec: SheetSpec | None = None,
    variant: int = 0,
    layouts: tuple[Layout, ...] = (Layout(),),
    chunk: int = PHOTOS_AT_ONCE,
) -> Parcel[PictureBatch]:
    """``plan_under`` of every record under its condition, packed."""
    plans = [
        plan_under(condition, record, seed=seed, spec=spec, variant=variant, layouts=layouts)
        for record, condition in zip(records, conditions, strict=True)
    ]
    return pack_pictures(plans, chunk=chunk)


def sheets_from_plans(plans: Parcel[PictureBatch], *, device: torch.device | str) -> Tensor:
    """The rectified sheets: uint8 RGB (B, 3, H, W) on ``device``."""
    batch = plans.to(device).open()
    return torch.cat([rectified_part(part, batch.spec) for part in batch.parts])


def inks_from_plans(
    plans: Parcel[PictureBatch], *, device: torch.device | str, preprocess: PreprocessSpec | None = None
) -> Tensor:
    """The ink maps: uint8 (B, height, width) on ``device``, which never holds more sheets than one part has."""
    spec = preprocess or PreprocessSpec()
    batch = plans.to(device).open()
    return torch.cat(
        [
            ink_maps(rectified_part(part, batch.spec), sheet_spec=batch.spec, spec=spec, chunk=len(part.sheets.ink))
            for part in batch.parts
        ]
    )


def rectified_part(part: Part, spec: SheetSpec) -> Tensor:
    """The rectified sheets of one part: uint8 RGB (B, 3, H, W)."""
    sheets = draw_packed(part.sheets)
    out = sheets.clone() if part.photos is not None or len(part.printed) else sheets
    if part.photos is not None:
        photos = take_packed(sheets[part.photographed], part.photos)
        out[part.photographed] = register_photos(photos, part.seen, spec=spec, chunk=len(part.seen))
    if len(part.printed):
        prints = sheets[part.printed]
        sizes = torch.tensor([sheets.shape[2:]], device=sheets.device).expand(len(prints), -1)
        out[part.printed] = register_photos(
            Photos(images=prints, sizes=sizes), part.seen_print, spec=spec, chunk=len(prints)
        )
    return out
