"""Where models look in records drawn clean: saliency, and the places of the leads on the sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from vizecg.data.signal import SignalSpec, signal_input
from vizecg.data.source import RecordSource
from vizecg.models import VizECGNet
from vizecg.models.systems import build_system
from vizecg.records import EcgRecord
from vizecg.render import LeadBox, plan_under
from vizecg.render.sheet import draw_sheet
from vizecg.spec import CODE6, Condition, InputRefusedError, SheetSpec, UsageError
from vizecg.spec.preprocess import PreprocessSpec, ink_map, normalise
from vizecg.train.checkpoint import load_checkpoint
from vizecg.train.saliency import SaliencyMethod, image_saliency, signal_saliency
from vizecg_lab.tables.saliency.regions import Regions, divergence, lead_regions, over_leads

BATCH = 8
INK = "ink"
AREA = "area"
UNTRAINED = "untrained"


@dataclass(frozen=True, kw_only=True)
class Model:
    """An image stream to look into, and its checkpoint's signal stream where ``signal`` is not None."""

    name: str
    network: VizECGNet
    sheet: SheetSpec
    preprocess: PreprocessSpec
    signal: SignalSpec | None


@dataclass(frozen=True, kw_only=True)
class View:
    """A record as a model gets it: ``ink`` uint8 (H, W), ``signal`` float32 (12, T) or None, and what is where."""

    record_id: str
    ink: np.ndarray
    signal: np.ndarray | None
    regions: Regions
    boxes: tuple[LeadBox, ...]


@dataclass(frozen=True, kw_only=True)
class Looks:
    """One model and class, per record: shares of the places (n, places + 1), and over leads (n, 12) of the teacher.

    ``shares`` is by method. A row of NaN is a map that was zero everywhere.
    """

    views: tuple[View, ...]
    shares: dict[str, np.ndarray]
    teacher: np.ndarray | None

    def inside(self, label: str, method: str) -> np.ndarray:
        """(n,): the share in the expected regions."""
        return np.array(
            [row[view.regions.expected(label)].sum() for view, row in zip(self.views, self.shares[method], strict=True)]
        )

    def apart(self, shares: np.ndarray) -> np.ndarray:
        """(n,): distance of the teacher's spread over the leads from that of ``shares`` (n, places + 1)."""
        if self.teacher is None:
            return np.full(len(self.views), np.nan)
        rows = zip(self.views, shares, self.teacher, strict=True)
        return np.array([divergence(view.regions.by_lead(row), teacher) for view, row, teacher in rows])


def load_model(name: str, path: Path) -> Model:
    """A checkpoint's streams.

    Raises:
        UsageError: not a VizECGNet, or without an image stream.
    """
    checkpoint = load_checkpoint(path)
    network = checkpoint.vizecgnet()
    if not network.modality.has_image:
        raise UsageError(f"{path} holds no image stream")
    return Model(
        name=name,
        network=network,
        sheet=checkpoint.config.sheet_spec(),
        preprocess=checkpoint.config.preprocess_spec(),
        signal=checkpoint.config.signal_spec() if network.modality.has_signal else None,
    )


def untrained(model: Model, *, seed: int) -> Model:
    """The same image stream with the weights it began with, or others as good."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_system("vizecgnet", model.network.config.to_dict(), labels=model.network.labels)
    assert isinstance(network, VizECGNet)
    return replace(model, name=UNTRAINED, network=network.eval(), signal=None)


def positives(source: RecordSource, *, limit: int, seed: int) -> tuple[dict[str, list[EcgRecord]], dict[str, str]]:
    """Up to ``limit`` records of each class, and the records that were refused: id -> why. Reads no more than it needs.

    Raises:
        UsageError: the records have no labels, or there is none of a class.
    """
    found: dict[str, list[EcgRecord]] = {label: [] for label in CODE6.names}
    refused: dict[str, str] = {}
    for index in np.random.default_rng(seed).permutation(len(source)):
        try:
            record = source.read(source.items[int(index)])
        except InputRefusedError as error:
            refused[source.record_ids[int(index)]] = str(error)
            continue
        if record.labels is None:
            raise UsageError(f"record {record.record_id} has no labels: expected positives of every class")
        for label, present in zip(CODE6.names, record.labels, strict=True):
            if present and len(found[label]) < limit:
                found[label].append(record)
        if all(len(records) == limit for records in found.values()):
            break
    absent = [label for label, records in found.items() if not records]
    if absent:
        raise UsageError(f"{source.name} has no record with {', '.join(absent)}")
    return found, refused


def look(model: Model, records: Sequence[EcgRecord], column: int) -> Looks:
    """Where a model looks in each record for the class of this column, by every method."""
    views = tuple(view_of(record, model) for record in records)
    rows: dict[str, list[np.ndarray]] = {method.value: [] for method in SaliencyMethod}
    teacher: list[np.ndarray] = []
    for batch in track(list(_batches(views)), description=f"{CODE6.names[column]}, {model.name}"):
        for method in SaliencyMethod:
            maps = picture_maps(model, batch, column, method=method)
            rows[method.value] += [view.regions.shares(found) for view, found in zip(batch, maps, strict=True)]
        if model.signal is not None:
            signals = torch.from_numpy(np.stack([view.signal for view in batch if view.signal is not None]))
            found = signal_saliency(model.network, signals, column).numpy()
            rate = model.signal.sampling_rate
            teacher += [over_leads(one, view.boxes, rate=rate) for view, one in zip(batch, found, strict=True)]
    return Looks(
        views=views,
        shares={method: np.stack(found) for method, found in rows.items()},
        teacher=np.stack(teacher) if teacher else None,
    )


def picture_maps(model: Model, views: Sequence[View], column: int, *, method: SaliencyMethod) -> np.ndarray:
    """Saliency (n, H, W) of some views."""
    images = torch.from_numpy(normalise(np.stack([view.ink for view in views]), model.preprocess))
    return np.asarray(image_saliency(model.network, images, column, method=method).numpy())


def view_of(record: EcgRecord, model: Model) -> View:
    """The record drawn clean for a model."""
    plan = plan_under(Condition.CLEAN, record, seed=0, spec=model.sheet).sheet
    spec = model.preprocess
    return View(
        record_id=record.record_id,
        ink=ink_map(draw_sheet(plan), sheet_spec=model.sheet, spec=spec),
        signal=None if model.signal is None else signal_input(record, model.signal),
        regions=lead_regions(plan.boxes, sheet=model.sheet, height=spec.height, width=spec.width),
        boxes=plan.boxes,
    )


def _batches(views: Sequence[View]) -> Iterator[Sequence[View]]:
    for start in range(0, len(views), BATCH):
        yield views[start : start + BATCH]
