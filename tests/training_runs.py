"""Tiny runs on synthetic records, for the tests of training."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from vizecg.data.signal import SignalSpec
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.models import VizECGNetConfig
from vizecg.models.systems import build_system
from vizecg.spec import CODE6, Condition
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.config import CHECKPOINT_SCHEMA, OptimiserConfig, TrainConfig
from vizecg.train.loop import RunOptions, TrainingResult, train
from vizecg.train.module import TrainingModule

TINY_INPUT = PreprocessSpec(height=96, width=192)
RECORDS = 42
STEPS = 5
"""Of an epoch: 42 records in batches of 8."""


def tiny(epochs: int, **changes: Any) -> TrainConfig:
    """VizECGNet with everything that is random switched on: dropout, modality dropout, augmentation."""
    network = VizECGNetConfig(
        input_height=96, input_width=192, image_widths=(4, 8, 8, 16), signal_widths=(4, 8, 8, 16), width=16, heads=2
    )
    settings: dict[str, Any] = {
        "model": network.to_dict(),
        "preprocess": TINY_INPUT.to_dict(),
        "signal": SignalSpec(sampling_rate=100.0, samples=1000).to_dict(),
        "conditions": (Condition.PRINT,),
        "optimiser": OptimiserConfig(learning_rate=3e-3, warmup_steps=2),
        "epochs": epochs,
        "batch_size": 8,
        "ema_decay": 0.9,
    }
    return TrainConfig.model_validate({**settings, **changes})


def untrained_checkpoint(path: Path) -> Path:
    """What its network answers is nonsense, and computed like anything else."""
    config = tiny(1)
    torch.manual_seed(1)
    weights = build_system(config.architecture, config.model).state_dict()
    hyper = {"schema": CHECKPOINT_SCHEMA, "labels": list(CODE6.names), "config": config.model_dump(mode="json")}
    torch.save(
        {"hyper_parameters": hyper, "state_dict": {f"network.{name}": value for name, value in weights.items()}}, path
    )
    return path


@dataclass(frozen=True, kw_only=True)
class Records:
    """The records of all runs of a module, drawn once."""

    cache: Path
    training: RecordSource
    validation: RecordSource

    def train(self, config: TrainConfig, out: Path, **options: Any) -> TrainingResult:
        run = RunOptions(
            **{
                "out": out,
                "cache": self.cache,
                "workers": 0,
                "threads": 1,
                "accelerator": "cpu",
                "log_every": 1,
                **options,
            }
        )
        return train(config=config, training=self.training, validation=self.validation, options=run)


def make_records(folder: Path) -> Records:
    return Records(
        cache=folder / "cache",
        training=synthetic_source(RECORDS, seed=1),
        validation=synthetic_source(RECORDS, seed=2),
    )


def signal_at_step(monkeypatch: pytest.MonkeyPatch, step: int, signum: int = signal.SIGTERM) -> None:
    """This process gets a signal while it computes that step, counted from 0."""
    whole = TrainingModule.training_step

    def interrupted(module: TrainingModule, batch: Any, batch_index: int) -> torch.Tensor:
        if module.global_step == step:
            os.kill(os.getpid(), signum)
        return whole(module, batch, batch_index)

    monkeypatch.setattr(TrainingModule, "training_step", interrupted)


def state_of(path: Path) -> dict[str, Any]:
    """All that decides how a run goes on and what it has come to."""
    raw = torch.load(path, map_location="cpu", weights_only=True)
    keys = ("state_dict", "current_model_state", "averaging_state", "optimizer_states", "lr_schedulers", "global_step")
    return {"best": raw["callbacks"]["RunCheckpoints"], **{key: raw[key] for key in keys if key in raw}}


def differences(a: Any, b: Any, path: str = "") -> list[str]:
    """Where two states differ by so much as a bit."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [found for key in a for found in differences(a[key], b[key], f"{path}/{key}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [found for i, pair in enumerate(zip(a, b, strict=True)) for found in differences(*pair, f"{path}/{i}")]
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return [] if torch.equal(a, b) else [path]
    return [] if type(a) is type(b) and a == b else [path]
