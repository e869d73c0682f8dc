"""Drawing, photographing, rectifying and preprocessing whole batches with torch, on the CPU or a GPU.

The same plans as ``vizecg.render``'s, carried out for many pictures at once; start at ``vizecg.data.batch.pictures``.
Convention: pictures are (N, C, H, W); a batch of pictures of several sizes is padded to the largest.
"""

from vizecg.data.batch.camera import PHOTOS_AT_ONCE, Photos, photos_at_once, take_packed, take_photos
from vizecg.data.batch.fused import fusing
from vizecg.data.batch.ink import ink_maps
from vizecg.data.batch.photos import PhotoBatch, pack_photos
from vizecg.data.batch.pictures import (
    PictureBatch,
    inks_from_plans,
    pack_pictures,
    plan_batch,
    sheets_from_plans,
)
from vizecg.data.batch.register import pack_seen, register_photos
from vizecg.data.batch.sheets import SheetBatch, draw_packed, draw_sheets, pack_sheets
from vizecg.data.batch.transfer import Parcel

__all__ = [
    "PHOTOS_AT_ONCE",
    "Parcel",
    "PhotoBatch",
    "Photos",
    "PictureBatch",
    "SheetBatch",
    "draw_packed",
    "draw_sheets",
    "fusing",
    "ink_maps",
    "inks_from_plans",
    "pack_photos",
    "pack_pictures",
    "pack_seen",
    "pack_sheets",
    "photos_at_once",
    "plan_batch",
    "register_photos",
    "sheets_from_plans",
    "take_packed",
    "take_photos",
]
