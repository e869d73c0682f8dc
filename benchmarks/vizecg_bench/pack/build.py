"""Checkpoint and records -> pack. On the training side: needs torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import track

from vizecg.spec import Condition, DecisionRule, UsageError
from vizecg.spec.fingerprint import sha256_ids
from vizecg.spec.manifest import open_bundle
from vizecg_bench.pack.floats import FloatNetwork
from vizecg_bench.pack.format import Pack, open_pack
from vizecg_bench.pack.header import PackHeader
from vizecg_bench.pack.real import real_sheets
from vizecg_bench.pack.scenes import STEPS, Step
from vizecg_bench.pack.sheets import Drawing, Sheets, chosen_rows, drawn_sheets, fitting_photos, robustness_sheets
from vizecg_bench.pack.write import PackWriter

if TYPE_CHECKING:
    from vizecg.train.checkpoint import Checkpoint


@dataclass(frozen=True, kw_only=True)
class Photographs:
    """Real ones: the images, ``photos.csv``, and the PTB-XL folder with the records on them."""

    folder: Path
    table: Path
    root: Path


@dataclass(frozen=True, kw_only=True)
class PackRequest:
    """What ``vizecg-bench pack`` was asked for.

    Attributes:
        checkpoint: None takes the shipped one.
        data, split: ``ptbxl:FOLDER``, ``synthetic`` ..., and which of its records.
        out: the pack.
        limit: first records of the source; None for all.
        drawn: whether the pack holds all records, clean and photographed. They decide the float network's rule anyhow.
        robustness: how many records are drawn under every condition; 0 for none.
        steps: conditions and strengths that they are drawn under.
        photographs: real ones.
        rule_of: bundle whose default artefact's rule is the float network's; None fits one on all records.
        bundle: whose gate decides which real photographs are answered; None takes the shipped one.
        cache: folder of drawn sheets.
        fitting_cache: folder of those that the rule is fitted on, which the exporter shares; None takes ``cache``.
        workers: processes that draw.
        seed: of the drawing.
    """

    data: str
    out: Path
    cache: Path
    fitting_cache: Path | None = None
    checkpoint: Path | None = None
    split: str = "val"
    limit: int | None = None
    drawn: bool = True
    robustness: int = 0
    steps: tuple[Step, ...] = STEPS
    photographs: Photographs | None = None
    rule_of: Path | None = None
    bundle: Path | None = None
    workers: int = 2
    seed: int = 0

    def check(self) -> None:
        """Raises UsageError for what cannot end well, before hours of work and not after."""
        if not self.out.parent.is_dir():
            raise UsageError(f"{self.out.parent} does not exist")
        if not (self.drawn or self.robustness or self.photographs):
            raise UsageError("the pack would be empty: ask for --all, --robustness or --photos")

    @property
    def command(self) -> str:
        """Without the folders of this machine."""
        name, _, folder = self.data.partition(":")
        parts = [f"vizecg-bench pack --data {name}:FOLDER" if folder else f"vizecg-bench pack --data {name}"]
        parts += [f"--split {self.split}"] * (self.split != "val") + [f"--limit {self.limit}"] * (
            self.limit is not None
        )
        parts += ["--no-all"] * (not self.drawn) + [f"--robustness {self.robustness}"] * bool(self.robustness)
        parts += ["--photos FOLDER --table photos.csv"] * (self.photographs is not None)
        parts += ["--rule-of BUNDLE"] * (self.rule_of is not None) + [f"--seed {self.seed}"] * bool(self.seed)
        return " ".join(parts)


def shipped_checkpoint() -> Path:
    """The exporter's default, found without importing it.

    Raises:
        UsageError: it is not installed here.
    """
    found = importlib.util.find_spec("vizecg_export")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / "weights" / "default.ckpt"
        if path.is_file():
            return path
    raise UsageError("the shipped checkpoint is not here: name --checkpoint")


def build_pack(request: PackRequest, *, say: Callable[[str], object] = lambda text: None) -> Pack:
    """Draw, run the float network, write, and read again.

    Raises:
        UsageError: options that do not fit together, or too few records of a class to fit the rule on.
        CheckpointError: the checkpoint is damaged.
        InputRefusedError: no record or no photograph can be used.
    """
    request.check()
    import torch

    from vizecg.data.registry import SourceRequest, parse_source
    from vizecg.models import ImageOnly
    from vizecg.models.logits import torch_logits
    from vizecg.render import PHOTOGRAPHER_VERSION, RENDERER_VERSION
    from vizecg.train.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(request.checkpoint or shipped_checkpoint())
    labels = checkpoint.config.label_set()
    source = parse_source(
        request.data, SourceRequest(split=request.split, seed=request.seed, size=request.limit, labels=labels)
    ).limited(request.limit)
    drawing = Drawing(
        source=source,
        sheet=checkpoint.config.sheet_spec(),
        preprocess=checkpoint.config.preprocess_spec(),
        seed=request.seed,
        cache=request.cache,
        workers=request.workers,
    )
    say(f"{source.name}: {len(source)} records, clean and photographed")
    clean, rows = drawn_sheets(drawing, Condition.CLEAN)
    floating = FloatNetwork(
        run=partial(torch_logits, ImageOnly(network=checkpoint.vizecgnet())),
        sha256=checkpoint.trained_sha256,
        preprocess=drawing.preprocess,
        cache=request.cache,
    )
    rule, rule_source = _rule(request, drawing, checkpoint, clean, floating)
    wanted = [clean, drawn_sheets(drawing, Condition.PHOTO)[0]] if request.drawn else []
    if request.robustness:
        chosen = chosen_rows(clean.labels, request.robustness)
        say(f"{len(chosen)} records under every condition")
        wanted += robustness_sheets(drawing, rows[chosen], clean.labels[chosen], steps=request.steps)
    if request.photographs is not None:
        wanted.append(_real(request.photographs, request.bundle, checkpoint))
    header = PackHeader(
        name=request.out.stem,
        labels=labels.names,
        source=source.name,
        kind=_kind(request, source.name),
        sheet=drawing.sheet,
        preprocess=drawing.preprocess,
        checkpoint_sha256=checkpoint.trained_sha256,
        rule=rule,
        rule_source=rule_source,
        seed=request.seed,
        renderer_version=RENDERER_VERSION,
        photographer_version=PHOTOGRAPHER_VERSION,
        versions={"torch": str(torch.__version__), "numpy": np.__version__},
        command=request.command,
        records_sha256=sha256_ids(clean.record_ids),
    )
    # All of it before anything is shown as being written: only one bar can be shown at once.
    logits = [floating.logits(sheets) for sheets in wanted]
    with PackWriter(request.out, header) as writer:
        pairs = list(zip(wanted, logits, strict=True))
        for sheets, found in track(pairs, description="writing", console=Console(stderr=True)):
            writer.add(
                sheets.header, record_ids=sheets.record_ids, labels=sheets.labels, logits=found, inks=sheets.inks()
            )
    return open_pack(request.out)


def _kind(request: PackRequest, source: str) -> str:
    if request.data == "synthetic":
        return "synthetic records: figures of them say nothing of patients"
    if request.split == "val":
        return "validation figures: thresholds and models were chosen on records of this split"
    return f"figures of split {request.split}"


def _real(photographs: Photographs, bundle: Path | None, checkpoint: Checkpoint) -> Sheets:
    return real_sheets(
        photos_dir=photographs.folder,
        table=photographs.table,
        root=photographs.root,
        bundle=bundle,
        labels=checkpoint.config.label_set(),
        sheet=checkpoint.config.sheet_spec(),
        preprocess=checkpoint.config.preprocess_spec(),
    )


def _rule(
    request: PackRequest, drawing: Drawing, checkpoint: Checkpoint, clean: Sheets, floating: FloatNetwork
) -> tuple[DecisionRule, str]:
    """The float network's rule, and what it was fitted on: a bundle's, or fitted on the sheets that the exporter fits
    its artefacts' rules on. Fitted on the pack's own photographs it would know them, and the artefacts' would not."""
    from vizecg.scoring.calibrate import fit_decision_rule

    if request.rule_of is not None:
        manifest = open_bundle(request.rule_of).manifest
        artefact = manifest.artefact()
        return artefact.decision, f"of bundle {manifest.name}, {artefact.name}"
    photos = fitting_photos(drawing, checkpoint.config, cache=request.fitting_cache or request.cache)
    logits = np.concatenate([floating.logits(clean), floating.logits(photos)])
    rule = fit_decision_rule(
        logits, np.concatenate([clean.labels, photos.labels]), names=checkpoint.config.label_set().names
    )
    return rule, f"fitted on {drawing.source.name}, clean and photographed once more, as the exporter does it"
