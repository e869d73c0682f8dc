"""The Lightning module: one training step, one validation pass per condition."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MultilabelAUROC, MultilabelAveragePrecision

from vizecg.data.dataset import Sample
from vizecg.models import VizECGNet
from vizecg.spec import LABELS
from vizecg.train.config import CHECKPOINT_SCHEMA, TrainConfig
from vizecg.train.losses import vizecgnet_loss


class TrainingModule(pl.LightningModule):
    """VizECGNet in training. The checkpoint carries the whole configuration as plain types.

    Args:
        config: ``TrainConfig.model_dump(mode="json")``.
        labels: the label order the weights were trained in.
        validation_names: names of the validation loaders, in their order.
        training_data: what it is trained on, as ``vizecg.train.loop.described`` says it.
    """

    def __init__(
        self,
        *,
        config: dict[str, Any],
        labels: tuple[str, ...] = LABELS,
        validation_names: tuple[str, ...] = (),
        training_data: dict[str, Any] | None = None,
        schema: int = CHECKPOINT_SCHEMA,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(
            {"config": config, "labels": list(labels), "training_data": training_data, "schema": schema}
        )
        self.config = TrainConfig.model_validate(config)
        self.network = VizECGNet(config=self.config.network())
        # A quarter faster on CPUs, and what tensor cores want on GPUs.
        self.network.image_encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.validation_names = validation_names
        self.metrics = torch.nn.ModuleDict(
            {
                f"{name}_{stream}": MetricCollection(
                    {
                        "auroc": MultilabelAUROC(len(LABELS), thresholds=None),
                        "auprc": MultilabelAveragePrecision(len(LABELS), thresholds=None),
                    },
                    prefix=f"{name}/{stream}_",
                )
                for name in validation_names
                for stream in ("image", "signal")
            }
        )

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        cross = torch.rand(len(batch.labels), device=self.device) >= self.config.modality_dropout
        image = batch.image.contiguous(memory_format=torch.channels_last)
        logits = self.network(batch.signal, image, cross=cross)
        terms = vizecgnet_loss(
            logits,
            batch.labels,
            distillation_weight=self.config.distillation_weight,
            temperature=self.config.temperature,
        )
        for name, value in terms._asdict().items():
            self.log(f"loss/{name}", value, on_step=True, on_epoch=False, prog_bar=name == "total")
        return terms.total

    def validation_step(self, batch: Sample, batch_index: int, dataloader_idx: int = 0) -> None:
        name = self.validation_names[dataloader_idx]
        labels = batch.labels.long()
        self._metrics(f"{name}_image").update(self.network.forward_image(batch.image).sigmoid(), labels)
        self._metrics(f"{name}_signal").update(self.network.forward_signal(batch.signal).sigmoid(), labels)

    def _metrics(self, name: str) -> MetricCollection:
        metrics = self.metrics[name]
        assert isinstance(metrics, MetricCollection)
        return metrics

    def on_validation_epoch_end(self) -> None:
        for name in self.metrics:
            metrics = self._metrics(name)
            for key, value in metrics.compute().items():
                self.log(key, value, prog_bar=key.endswith("image_auroc"))
            metrics.reset()

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        settings = self.config.optimiser
        optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        total = int(self.trainer.estimated_stepping_batches)
        share = partial(
            rate_at,
            total=total,
            warmup=min(settings.warmup_steps, total // 2),
            final=settings.final_learning_rate / settings.learning_rate,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, share)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def rate_at(step: int, *, total: int, warmup: int, final: float) -> float:
    """Share of the learning rate at a step: a linear warm-up, then a cosine down to ``final`` at ``total``.

    It depends on the step alone, so that a run that is resumed for more epochs has the schedule of the longer run.
    """
    if step < warmup:
        return 0.01 + 0.99 * step / warmup
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2
