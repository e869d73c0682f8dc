"""Everything that decides a training run, validated."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vizecg.data.cache import CacheSpec
from vizecg.data.signal import SignalSpec
from vizecg.models import Modality, VizECGNetConfig
from vizecg.models.systems import VIZECGNET, modality_of
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.losses import DistillationDirection

CHECKPOINT_SCHEMA = 2


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OptimiserConfig(_Strict):
    """Adam with decoupled weight decay and a cosine that falls every step, after a linear warm-up."""

    learning_rate: float = Field(1e-4, gt=0)
    final_learning_rate: float = Field(1e-6, ge=0)
    weight_decay: float = Field(5e-4, ge=0)
    warmup_steps: int = Field(200, ge=0)
    gradient_clip: float = Field(1.0, gt=0)


class TrainConfig(_Strict):
    """A run. Defaults are the paper's where it states them; recipes change them by name.

    ``architecture`` is ``vizecgnet`` or a peer of ``vizecg.models.peers``, ``model`` its options. ``modality_dropout``
    is the share of samples whose streams do not see each other, so that each learns to work alone.
    ``freeze_signal`` keeps a signal stream that was trained before as it is, as a teacher. ``class_weights`` makes
    rare positives count more: by the ratio of negatives to positives (``balanced``) or its root (``sqrt``).
    ``ema_decay`` averages the weights over steps (0 switches it off).
    """

    architecture: str = VIZECGNET
    model: dict[str, Any] = Field(default_factory=lambda: VizECGNetConfig().to_dict())
    sheet: dict[str, Any] = Field(default_factory=lambda: SheetSpec().to_dict())
    preprocess: dict[str, Any] = Field(default_factory=lambda: PreprocessSpec().to_dict())
    signal: dict[str, Any] = Field(default_factory=lambda: SignalSpec(sampling_rate=400.0, samples=4096).to_dict())
    conditions: tuple[Condition, ...] = (Condition.PRINT, Condition.PHOTO, Condition.PHOTO)
    optimiser: OptimiserConfig = OptimiserConfig()
    epochs: int = Field(300, ge=1)
    batch_size: int = Field(16, ge=1)
    modality_dropout: float = Field(0.5, ge=0, le=1)
    distillation_weight: float = Field(1.0, ge=0)
    distillation_direction: DistillationDirection = DistillationDirection.SIGNAL_TO_IMAGE
    temperature: float = Field(1.0, gt=0)
    memory_weight: float = Field(1.0, ge=0)
    freeze_signal: bool = False
    class_weights: Literal["none", "sqrt", "balanced"] = "none"
    ema_decay: float = Field(0.0, ge=0, lt=1)
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    seed: int = 0

    @property
    def modality(self) -> Modality:
        """What the network looks at."""
        return modality_of(self.architecture, self.model)

    def sheet_spec(self) -> SheetSpec:
        return SheetSpec.from_dict(self.sheet)

    def preprocess_spec(self) -> PreprocessSpec:
        return PreprocessSpec.from_dict(self.preprocess)

    def signal_spec(self) -> SignalSpec:
        return SignalSpec.from_dict(self.signal)

    def cache_spec(self, conditions: tuple[Condition, ...]) -> CacheSpec:
        """What a cache of sheets for this network holds, one variant per condition; no sheets if it sees none."""
        return CacheSpec(
            conditions=conditions if self.modality.has_image else (),
            sheet=self.sheet_spec(),
            preprocess=self.preprocess_spec(),
            signal=self.signal_spec(),
            seed=self.seed,
        )


def small_recipe(*, epochs: int = 12, seed: int = 0) -> TrainConfig:
    """A network of 1.9 M parameters that two CPU cores train in an hour or two, and that a small board runs."""
    network = VizECGNetConfig(
        image_widths=(16, 32, 96, 192), signal_widths=(16, 32, 64, 128), width=192, heads=4, dropout=0.1
    )
    return TrainConfig(
        model=network.to_dict(),
        signal=SignalSpec(sampling_rate=100.0, samples=1000).to_dict(),
        optimiser=OptimiserConfig(learning_rate=1.2e-3, final_learning_rate=1e-5, weight_decay=0.02, warmup_steps=300),
        epochs=epochs,
        batch_size=16,
        ema_decay=0.998,
        seed=seed,
    )


def paper_recipe(*, epochs: int = 300, seed: int = 0) -> TrainConfig:
    """The paper's sizes: ResNet18 trunks, 4096 samples at 400 Hz, batch 16."""
    return TrainConfig(epochs=epochs, seed=seed)


RECIPES = {"small": small_recipe, "paper": paper_recipe}
"""Recipe name -> function of (epochs, seed)."""
