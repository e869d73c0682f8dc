"""Named runs: configurations that are worth repeating."""

from __future__ import annotations

from vizecg.data.signal import SignalSpec
from vizecg.data.signal_view import SignalView
from vizecg.models import Modality, VizECGNetConfig
from vizecg.models.encoders import LeadMixing
from vizecg.spec import UsageError
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.config import OptimiserConfig, TrainConfig


def small_recipe(*, epochs: int = 12, seed: int = 0) -> TrainConfig:
    """An image stream of 1.7 M parameters that two CPU cores train in an hour or two, and that a small board runs."""
    network = VizECGNetConfig(
        image_widths=(16, 32, 96, 192), signal_widths=(48, 96, 192, 384), signal_leads=LeadMixing.JOINT,
        width=192, heads=4, dropout=0.1,
    )  # fmt: skip
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
    """The paper's: ResNet18 trunks, one extractor for all leads, 4096 samples at 400 Hz, Adam, batch 16, no average."""
    return TrainConfig(optimiser=OptimiserConfig(name="adam", warmup_steps=0), epochs=epochs, seed=seed)


def full_recipe(*, epochs: int = 60, seed: int = 0) -> TrainConfig:
    """For one large GPU: ResNet18 trunks, leads together, half precision, compiled, averaged, pictures drawn anew."""
    network = VizECGNetConfig(signal_leads=LeadMixing.JOINT)
    return TrainConfig(
        model=network.to_dict(),
        signal=SignalSpec(sampling_rate=400.0, samples=4096).to_dict(),
        optimiser=OptimiserConfig(learning_rate=1e-3, final_learning_rate=1e-6, weight_decay=0.05, warmup_steps=500),
        epochs=epochs,
        batch_size=64,
        ema_decay=0.9995,
        precision="bf16-mixed",
        compile=True,
        pictures="device",
        fuse_drawing=True,
        seed=seed,
    )


def finetune_recipe(*, epochs: int = 20, seed: int = 0) -> TrainConfig:
    """For some hundred to some thousand records of one's own, from the shipped weights (``--start-from shipped``): the
    image stream of ``small``, its heads at the rate of a new network and all before them at a quarter of it."""
    small = small_recipe(epochs=epochs, seed=seed)
    return small.model_copy(
        update={
            "model": {**small.model, "streams": Modality.IMAGE.value},
            "optimiser": OptimiserConfig(
                learning_rate=1.2e-3, trunk_rate=0.25, final_learning_rate=1e-5, weight_decay=0.02, warmup_steps=20
            ),
            "mixup": 0.2,
            "ema_decay": 0.98,
        }
    )


def reader_recipe(*, epochs: int = 40, seed: int = 0) -> TrainConfig:
    """An image stream of 1.2 M parameters that reads the traces of a sheet and looks at those, beside a signal stream
    that sees what a sheet shows and teaches it: learned in parts, each from the last (``docs/train.md``)."""
    network = VizECGNetConfig(
        input_height=160, input_width=1152,
        image_widths=(16, 96, 128, 192), image_blocks=(1, 1, 2, 2), image_fold=1, image_traces=4,
        image_strides_down=(4, 1, 1, 1, 1), image_strides_across=(2, 1, 2, 2, 2),
        image_kernels_down=(11, 3, 3, 3, 3), image_kernels_across=(7, 3, 7, 5, 3),
        signal_widths=(32, 64, 96, 160), signal_strides=(2, 1, 2, 2, 2), signal_leads=LeadMixing.JOINT,
        width=192, heads=4, dropout=0.1, cmam=False,
    )  # fmt: skip
    return TrainConfig(
        model=network.to_dict(),
        preprocess=PreprocessSpec(height=160, width=1152).to_dict(),
        signal=SignalSpec(sampling_rate=100.0, samples=1000).to_dict(),
        signal_view=SignalView.SHEET,
        freeze_signal=True,
        modality_dropout=1.0,
        optimiser=OptimiserConfig(learning_rate=2e-3, final_learning_rate=1e-5, weight_decay=0.03, warmup_steps=300),
        epochs=epochs,
        batch_size=32,
        negatives_every=3,
        emptiness=0.25,
        misread=0.25,
        recorders=0.5,
        trace_weight=0.1,
        ema_decay=0.999,
        seed=seed,
    )


RECIPES = {
    "small": small_recipe, "paper": paper_recipe, "full": full_recipe, "finetune": finetune_recipe,
    "reader": reader_recipe,
}  # fmt: skip
"""Recipe name -> function of (epochs, seed)."""


def recipe_named(name: str) -> TrainConfig:
    """The configuration of a recipe.

    Raises:
        UsageError: there is no such recipe.
    """
    if name not in RECIPES:
        raise UsageError(f"unknown recipe {name!r}: expected one of {', '.join(RECIPES)}")
    return RECIPES[name]()
