"""Everything that decides a training run, validated."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vizecg.data.cache import CacheSpec
from vizecg.data.signal import SignalSpec
from vizecg.data.signal_view import SignalView
from vizecg.models import Modality, VizECGNetConfig
from vizecg.models.systems import VIZECGNET, modality_of
from vizecg.spec import CODE6, Condition, LabelSet, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.losses import DistillationDirection

CHECKPOINT_SCHEMA = 2


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OptimiserConfig(_Strict):
    """Adam, with decoupled weight decay (``adamw``) or as it was published (``adam``, where decay is part of the
    gradient), and a cosine that falls every step, after a linear warm-up. All but the heads learns at ``trunk_rate``
    times the learning rate: less than 1 for weights that were trained before."""

    name: Literal["adam", "adamw"] = "adamw"
    learning_rate: float = Field(1e-4, gt=0)
    trunk_rate: float = Field(1.0, gt=0, le=1)
    final_learning_rate: float = Field(1e-6, ge=0)
    weight_decay: float = Field(5e-4, ge=0)
    warmup_steps: int = Field(200, ge=0)
    gradient_clip: float = Field(1.0, gt=0)


class TrainConfig(_Strict):
    """A run. Defaults are the paper's where it states them; recipes change them by name.

    ``architecture`` is ``vizecgnet`` or a peer of ``vizecg.models.peers``, ``model`` its options. ``labels`` is the
    whole label set; a configuration may name it instead (``vizecg.records.label_files``). ``batch_size`` is
    that of all processes together. ``modality_dropout`` is the share of samples whose streams do not see each other,
    so that each learns to work alone; in the last ``alone_epochs`` that is all of them, and the image stream learns as
    it is deployed. ``freeze_signal`` keeps a signal stream that was trained before as it is, as a teacher;
    ``freeze`` ``trunk`` keeps all but the heads.
    ``class_weights`` makes rare positives count more: by the ratio of negatives to positives (``balanced``) or its root
    (``sqrt``); ``focal_gamma`` makes answers that are right already count less. ``mixup`` blends pairs of samples and
    their labels by shares drawn from Beta(mixup, mixup) (0 switches it off). ``negatives_every`` k shows, of the
    records without any positive label, another k-th each epoch (``vizecg.train.sampler``); ``prior`` puts right what
    the others would learn of it (``vizecg.train.prior``): an ``offset`` of the logits in the loss, ``weights`` of the
    samples in it, or ``none``. ``steps`` ends a run, and its schedule, after so many steps, whatever ``epochs`` says.
    ``emptiness`` is the share of pictures that lack what pages of other layouts do not print
    (``vizecg.data.emptiness``), ``misread`` that of pictures whose leads are where a reader's errors put them
    (``vizecg.data.misread``). ``signal_view`` is how much of a recording the signal stream sees
    (``vizecg.data.signal_view``): what it is trained with, and judged by. ``recorders`` is the share of drawn variants,
    and of signals, that go through a recorder drawn by lot (``vizecg.data.recorders``). ``trace_weight`` is that of a
    head, in training only, that tells from the image trunk's map after stage ``trace_stage`` (1 to 4) where the trace
    of every row lies in every column of the picture (``vizecg.models.trace_head``); of a network that reads traces
    (``model.image_traces``) that of what it reads. ``learn`` is all of such a network, or its ``reading`` alone, or its
    ``answers`` alone, which are then told the true traces. ``ema_decay`` averages the weights over steps (0 switches it
    off). ``precision`` ``bf16-mixed`` becomes ``32-true`` on a processor that has no
    bfloat16, unless ``emulate_bf16``. ``channels_last`` is a wish: where oneDNN would spoil the gradients (see
    ``vizecg.train.layout``) the ordinary layout is taken. ``compile`` has torch compile the step of training.
    ``drawing_seed`` is that of the drawn sheets: runs of several seeds can share them; None takes ``seed``.
    ``pictures`` says whether sheets and photographs are drawn once and kept (``cached``: one variant per entry of
    ``conditions``) or drawn anew in every epoch by torch, on the device that trains (``device``: for a GPU; a CPU draws
    far faster with OpenCV); ``fuse_drawing`` has torch compile that drawing on a GPU, which takes minutes at the start
    of a run.
    """

    architecture: str = VIZECGNET
    labels: dict[str, Any] = Field(default_factory=CODE6.to_dict)
    model: dict[str, Any] = Field(default_factory=lambda: VizECGNetConfig().to_dict())
    sheet: dict[str, Any] = Field(default_factory=lambda: SheetSpec().to_dict())
    preprocess: dict[str, Any] = Field(default_factory=lambda: PreprocessSpec().to_dict())
    signal: dict[str, Any] = Field(default_factory=lambda: SignalSpec(sampling_rate=400.0, samples=4096).to_dict())
    signal_view: SignalView = SignalView.WHOLE
    conditions: tuple[Condition, ...] = Field((Condition.PRINT, Condition.PHOTO, Condition.PHOTO), min_length=1)
    optimiser: OptimiserConfig = OptimiserConfig()
    epochs: int = Field(300, ge=1)
    steps: int | None = Field(None, ge=1)
    batch_size: int = Field(16, ge=1)
    modality_dropout: float = Field(0.5, ge=0, le=1)
    alone_epochs: int = Field(0, ge=0)
    distillation_weight: float = Field(1.0, ge=0)
    distillation_direction: DistillationDirection = DistillationDirection.SIGNAL_TO_IMAGE
    temperature: float = Field(1.0, gt=0)
    memory_weight: float = Field(1.0, ge=0)
    freeze_signal: bool = False
    freeze: Literal["none", "trunk"] = "none"
    class_weights: Literal["none", "sqrt", "balanced"] = "none"
    focal_gamma: float = Field(0.0, ge=0)
    mixup: float = Field(0.0, ge=0)
    negatives_every: int = Field(1, ge=1)
    prior: Literal["offset", "weights", "none"] = "offset"
    emptiness: float = Field(0.0, ge=0, le=1)
    misread: float = Field(0.0, ge=0, le=1)
    trace_weight: float = Field(0.0, ge=0)
    trace_stage: int = Field(2, ge=1, le=4)
    learn: Literal["all", "reading", "answers"] = "all"
    recorders: float = Field(0.0, ge=0, le=1)
    ema_decay: float = Field(0.0, ge=0, lt=1)
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    emulate_bf16: bool = False
    channels_last: bool = True
    compile: bool = False
    seed: int = Field(0, ge=0, lt=2**32)
    drawing_seed: int | None = Field(None, ge=0, lt=2**32)
    pictures: Literal["cached", "device"] = "cached"
    fuse_drawing: bool = False

    @model_validator(mode="after")
    def _sizes_agree(self) -> TrainConfig:
        if self.architecture == VIZECGNET:
            default = VizECGNetConfig()
            for side in ("height", "width"):
                expected = self.model.get(f"input_{side}", getattr(default, f"input_{side}"))
                size = self.preprocess.get(side, getattr(PreprocessSpec(), side))
                if expected != size and self.model.get("streams") != Modality.SIGNAL.value:
                    raise ValueError(f"model.input_{side} is {expected} and preprocess.{side} {size}: they must agree")
        return self

    @model_validator(mode="after")
    def _labels_fit(self) -> TrainConfig:
        names = self.label_set().names
        if self.architecture == "mhm" and names != CODE6.names:
            raise ValueError(f"mhm follows a tree of the labels of {CODE6.name}: expected labels {CODE6.name}")
        return self

    @model_validator(mode="after")
    def _samples_can_be_weighed(self) -> TrainConfig:
        if self.negatives_every > 1 and self.prior == "weights" and self.mixup:
            raise ValueError("prior=weights counts whole records, which mixup blends: expected mixup=0")
        return self

    @model_validator(mode="after")
    def _traces_can_be_learned(self) -> TrainConfig:
        if not self.trace_weight:
            return self
        if self.architecture != VIZECGNET or not self.modality.has_image:
            raise ValueError(f"trace_weight is for the image stream of {VIZECGNET}: expected trace_weight=0")
        if self.mixup:
            raise ValueError("pictures that mixup blends have two traces in a row: expected mixup=0 or trace_weight=0")
        if self.freeze == "trunk":
            raise ValueError("a frozen trunk learns nothing of traces: expected freeze=none or trace_weight=0")
        return self

    @model_validator(mode="after")
    def _parts_can_be_learned(self) -> TrainConfig:
        if self.learn != "all" and not (self.trace_weight and self.reads_traces):
            raise ValueError(
                f"learn={self.learn} is for networks that read traces: expected model.image_traces and"
                " trace_weight above 0, or learn=all"
            )
        return self

    @property
    def reads_traces(self) -> bool:
        """Whether the deployed network reads traces, and looks at those."""
        return self.architecture == VIZECGNET and bool(self.model.get("image_traces")) and self.modality.has_image

    @property
    def modality(self) -> Modality:
        """What the network looks at."""
        return modality_of(self.architecture, self.model)

    @property
    def draws_anew(self) -> bool:
        """Whether pictures are drawn in every epoch, and not taken from a cache."""
        return self.pictures == "device" and self.modality.has_image

    def label_set(self) -> LabelSet:
        return LabelSet.from_dict(self.labels)

    def sheet_spec(self) -> SheetSpec:
        return SheetSpec.from_dict(self.sheet)

    def preprocess_spec(self) -> PreprocessSpec:
        return PreprocessSpec.from_dict(self.preprocess)

    def signal_spec(self) -> SignalSpec:
        return SignalSpec.from_dict(self.signal)

    def cache_spec(self, conditions: tuple[Condition, ...], *, recorders: float = 0.0) -> CacheSpec:
        """What a cache for this network holds: one variant of the sheets per condition, and signals alone if it sees no
        sheets or they are drawn anew. ``recorders`` is the share of what is drawn that goes through one: that of the
        configuration for records to be trained on, none for others."""
        return CacheSpec(
            conditions=conditions if self.modality.has_image and not self.draws_anew else (),
            printable=self.draws_anew,
            sheet=self.sheet_spec(),
            preprocess=self.preprocess_spec(),
            signal=self.signal_spec(),
            seed=self.seed if self.drawing_seed is None else self.drawing_seed,
            recorders=recorders if self.modality.has_image else 0.0,
            recorder_variants=len(conditions) if self.draws_anew else 1,
        )
