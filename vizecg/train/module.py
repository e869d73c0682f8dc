"""The Lightning module: one training step, one validation pass per condition."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from vizecg.data.batch import Parcel
from vizecg.data.cache import InkCache
from vizecg.data.dataset import Sample
from vizecg.data.fresh import SampleBatch, samples_on_device, signals_on_device
from vizecg.data.trace_truth import ROWS
from vizecg.models import Logits, VizECGNet
from vizecg.models.parts import heads, label_rows
from vizecg.models.resnet import ResNetTrunk
from vizecg.models.systems import System, as_system, build_system
from vizecg.models.trace_head import TraceHead
from vizecg.spec import UsageError
from vizecg.train.config import CHECKPOINT_SCHEMA, TrainConfig
from vizecg.train.layout import compiler_options, training_layout
from vizecg.train.lightning import (
    BinaryAUROC,
    BinaryAveragePrecision,
    Metric,
    MetricCollection,
    MultilabelAUROC,
    MultilabelAveragePrecision,
    OptimizerLRSchedulerConfig,
    pl,
)
from vizecg.train.losses import bernoulli_kl, reading_loss, trace_loss, training_loss
from vizecg.train.prior import Prior
from vizecg.train.sampler import EpochBatches, step_seed


class TrainingModule(pl.LightningModule):
    """A system in training. The checkpoint carries the whole configuration as plain types.

    Args:
        config: ``TrainConfig.model_dump(mode="json")``.
        validation_names: names of the validation loaders, in their order.
        training_data: what it is trained on, as ``vizecg.train.seen.described`` says it.
        positive_weight: per class, how much more a positive counts.
        prior: of the labels, where an epoch does not show all records.
        started_from: sha256 of the checkpoint whose weights it starts with.
    """

    def __init__(
        self,
        *,
        config: dict[str, Any],
        validation_names: tuple[str, ...] = (),
        training_data: dict[str, Any] | None = None,
        positive_weight: list[float] | None = None,
        prior: Prior | None = None,
        started_from: str | None = None,
        schema: int = CHECKPOINT_SCHEMA,
    ) -> None:
        super().__init__()
        self.config = TrainConfig.model_validate(config)
        self.labels = self.config.label_set().names
        self.save_hyperparameters(
            {
                "config": config,
                "labels": list(self.labels),
                "training_data": training_data,
                "positive_weight": positive_weight,
                "prior": None if prior is None else prior.to_dict(),
                "started_from": started_from,
                "schema": schema,
            }
        )
        self.network = build_system(self.config.architecture, self.config.model, labels=len(self.labels))
        if self.config.freeze_signal and isinstance(self.network, VizECGNet):
            # Before the network is shared out among processes, which settles what they tell each other.
            self.network.signal_encoder.requires_grad_(False)
            self.network.signal_stream.requires_grad_(False)
        if self.config.freeze == "trunk":
            learning = {id(one) for one in self._head_parameters()}
            for one in self.network.parameters():
                one.requires_grad_(id(one) in learning)
        if self.config.learn != "all":
            self._freeze_other_part()
        # Beside the network and after it: what is deployed, averaged or loaded of it does not know of this head, and
        # the network's first weights are the same without.
        self.trace_head = self._trace_head()
        # Lightning leaves modules in the mode they come in.
        self.train()
        self.layout = torch.contiguous_format
        self.positive_weight = None if positive_weight is None else torch.tensor(positive_weight)
        self.prior = prior
        self.preprocess = self.config.preprocess_spec()
        self.caches: tuple[InkCache, InkCache] | None = None
        """Of the training and the validation records, where pictures are drawn anew; no part of checkpoints."""
        self._signals: tuple[Tensor, ...] = ()
        self.validation_names = validation_names
        self.metrics = torch.nn.ModuleDict(
            {
                self._metric_key(name, stream): _collection(name, stream, len(self.labels))
                for name, stream in self._measured()
            }
        )

    def _trace_head(self) -> TraceHead | None:
        if not self.config.trace_weight or not isinstance(self.network, VizECGNet) or self.config.reads_traces:
            return None
        return TraceHead(trunk=self.network.image_encoder.trunk, stage=self.config.trace_stage, rows=ROWS)

    def _trunk(self) -> ResNetTrunk:
        assert isinstance(self.network, VizECGNet)
        return self.network.image_encoder.trunk

    def _freeze_other_part(self) -> None:
        """Leave what reads traces as it is, or all but that."""
        reader = {id(one) for part in self._trunk().reader() for one in part.parameters()}
        for one in self.network.parameters():
            if (id(one) in reader) != (self.config.learn == "reading"):
                one.requires_grad_(False)

    @property
    def system(self) -> System:
        """The network, with the type of what it offers; not a second name for its weights in checkpoints."""
        return as_system(self.network)

    def _measured(self) -> list[tuple[str, str]]:
        """(validation loader, stream): pictures under every condition, signals once, as they do not change."""
        image = [(name, "image") for name in self.validation_names if self.config.modality.has_image]
        signal = [(name, "signal") for name in self.validation_names[:1] if self.config.modality.has_signal]
        return image + signal

    @staticmethod
    def _metric_key(name: str, stream: str) -> str:
        return f"{name}_{stream}"

    def train(self, mode: bool = True) -> TrainingModule:
        """As ever, but what is frozen stays in evaluation mode: its statistics are frozen with it."""
        super().train(mode)
        if self.config.freeze == "trunk":
            self.network.eval()
            for head in self._heads():
                head.train(mode)
        if self.config.freeze_signal and isinstance(self.network, VizECGNet):
            self.network.signal_encoder.eval()
            self.network.signal_stream.eval()
        return self

    def _heads(self) -> list[torch.nn.Module]:
        return heads(self.network, label_rows(self.config.architecture, self.config.model))

    def _head_parameters(self) -> list[torch.nn.Parameter]:
        found = [parameter for head in self._heads() for parameter in head.parameters()]
        if not found:
            raise UsageError(
                f"{self.config.architecture} has no head apart: leave freeze and optimiser.trunk_rate alone"
            )
        return found

    def _groups(self) -> list[dict[str, Any]]:
        """What learns, and at which rate: one group, or heads and all that comes before them."""
        rate = self.config.optimiser.learning_rate
        told = [] if self.trace_head is None else list(self.trace_head.parameters())
        learning = [parameter for parameter in self.network.parameters() if parameter.requires_grad] + told
        if self.config.optimiser.trunk_rate == 1:
            return [{"params": learning}]
        of_heads = {id(parameter) for parameter in [*self._head_parameters(), *told]}
        groups: list[dict[str, Any]] = [
            {"params": [one for one in learning if id(one) in of_heads], "name": "head"},
            {
                "params": [one for one in learning if id(one) not in of_heads],
                "name": "trunk",
                "lr": rate * self.config.optimiser.trunk_rate,
            },
        ]
        return [group for group in groups if group["params"]]

    def setup(self, stage: str) -> None:
        # A quarter faster on CPUs, and what tensor cores want on GPUs.
        self.layout = training_layout(
            self.network,
            wanted=self.config.modality.has_image and self.config.channels_last,
            device=self.trainer.strategy.root_device,
            tell=self.global_rank == 0,
        )

    def on_train_start(self) -> None:
        if self.config.compile:
            # In place, and without a trace in the names of the weights. Validation calls single streams, as they are.
            self.network.compile(options=compiler_options(self.network, device=self.device))

    def on_train_epoch_start(self) -> None:
        batches = getattr(self.trainer.train_dataloader, "batch_sampler", None)
        if isinstance(batches, EpochBatches):
            batches.set_epoch(self.current_epoch)

    def on_fit_start(self) -> None:
        if self.caches is not None:
            training, validation = self.caches
            self._signals = (signals_on_device(training, self.device), signals_on_device(validation, self.device))

    def on_after_batch_transfer(self, batch: Sample | Parcel[SampleBatch], dataloader_idx: int) -> Sample:
        """Pictures that are only drafted are drawn here, where the network is."""
        if not isinstance(batch, Parcel):
            return batch
        signals = self._signals[0 if self.trainer.training else 1]
        return samples_on_device(batch, signals, self.preprocess, fuse=self.config.fuse_drawing and signals.is_cuda)

    def on_train_batch_start(self, batch: Sample, batch_index: int) -> None:
        # Dropout depends on the step alone, so that a run that is resumed here draws what it would have drawn.
        torch.manual_seed(step_seed(self.config.seed, step=self.global_step, rank=self.global_rank))

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        if self.config.mixup:
            batch = mixed(batch, alpha=self.config.mixup)
        if self.config.learn == "reading":
            return self._reading_step(batch)
        offset, sample_weight = self._prior_terms(batch.labels)
        terms_of = partial(
            training_loss,
            labels=batch.labels,
            distillation_weight=self.config.distillation_weight,
            temperature=self.config.temperature,
            direction=self.config.distillation_direction,
            memory_weight=self.config.memory_weight,
            positive_weight=None if self.positive_weight is None else self.positive_weight.to(batch.labels.device),
            focal_gamma=self.config.focal_gamma,
            offset=offset,
            sample_weight=sample_weight,
            trace_weight=self.config.trace_weight,
        )
        answered = self._logits(batch)
        if answered.features is not None:
            terms_of = partial(terms_of, trace=self._trace_term(answered.features, batch.trace))
        logits = Logits(*(None if part is None else part.float() for part in answered._replace(features=None)))
        terms = terms_of(logits)
        for name, value in terms._asdict().items():
            self._log_step(f"loss/{name}", value, prog_bar=name == "total")
        if logits.signal is not None and logits.image is not None:
            with torch.no_grad():
                gap = bernoulli_kl(logits.signal, logits.image)
            for label, value in zip(self.labels, gap, strict=True):
                self._log_step(f"kl/{label}", value)
        return terms.total

    def _reading_step(self, batch: Sample) -> Tensor:
        """One of what reads traces alone: what follows is not asked."""
        features = self._trunk().until_fold(batch.image.contiguous(memory_format=self.layout))
        trace = self._trace_term(features, batch.trace)
        self._log_step("loss/trace", trace, prog_bar=True)
        return self.config.trace_weight * trace

    def _trace_term(self, features: Tensor, truth: Tensor) -> Tensor:
        if self.trace_head is not None:
            return trace_loss(self.trace_head(features).float(), truth)
        return reading_loss(self._trunk().trace_fold, features, truth)

    def _prior_terms(self, labels: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """(offset of the logits, weights of the samples) in the loss."""
        if self.prior is None or self.config.prior == "none":
            return None, None
        if self.config.prior == "weights":
            return None, self.prior.weights(labels)
        return labels.new_tensor(self.prior.offset), None

    def _log_step(self, name: str, value: Tensor, *, prog_bar: bool = False) -> None:
        self.log(name, value, on_step=True, on_epoch=False, prog_bar=prog_bar, sync_dist=self.trainer.world_size > 1)

    def _logits(self, batch: Sample) -> Logits:
        if not self.config.modality.has_image:
            return self.system(batch.signal, None)
        image = batch.image.contiguous(memory_format=self.layout)
        system: Callable[..., Logits] = self.system
        if self.config.learn == "answers":
            system = partial(self.network, traces=batch.trace)
        elif self.config.trace_weight:
            stage = self._trunk().fold if self.config.reads_traces else self.config.trace_stage
            system = partial(self.network, stage=stage)
        if not self.config.modality.has_signal:
            return system(None, image)
        return system(batch.signal, image, cross=self._cross(len(batch.labels)))

    def _cross(self, samples: int) -> Tensor:
        """bool (samples,): whose streams see each other in this step.

        Drawn for the batches of all processes together, of which each takes its share, as it does of the records.
        """
        generator = torch.Generator().manual_seed(step_seed(self.config.seed, step=self.global_step, rank=0))
        drawn = torch.rand(samples * self.trainer.world_size, generator=generator)
        own = drawn[self.global_rank * samples : (self.global_rank + 1) * samples]
        alone = self.current_epoch >= (self.trainer.max_epochs or 0) - self.config.alone_epochs
        return (own >= (1.0 if alone else self.config.modality_dropout)).to(self.device)

    def on_validation_epoch_start(self) -> None:
        if self.trainer.world_size > 1:
            # Statistics of BatchNorm differ where they are not synchronised; training takes the first process's too.
            for buffer in self.network.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def validation_step(self, batch: Sample, batch_index: int, dataloader_idx: int = 0) -> None:
        name, labels = self.validation_names[dataloader_idx], batch.labels.long()
        if (name, "image") in self._measured():
            self._metrics(name, "image").update(self.system.forward_image(batch.image).float().sigmoid(), labels)
        if (name, "signal") in self._measured():
            self._metrics(name, "signal").update(self.system.forward_signal(batch.signal).float().sigmoid(), labels)

    def _metrics(self, name: str, stream: str) -> MetricCollection:
        metrics = self.metrics[self._metric_key(name, stream)]
        assert isinstance(metrics, MetricCollection)
        return metrics

    def on_validation_epoch_end(self) -> None:
        for name, stream in self._measured():
            metrics = self._metrics(name, stream)
            for key, value in metrics.compute().items():
                # The metric is that of all processes' records already; it is the same everywhere.
                self.log(key, value, prog_bar=key.endswith("auroc"), sync_dist=self.trainer.world_size > 1)
            metrics.reset()

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        settings = self.config.optimiser
        kind = torch.optim.Adam if settings.name == "adam" else torch.optim.AdamW
        optimiser = kind(
            self._groups(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
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


def mixed(batch: Sample, *, alpha: float) -> Sample:
    """Every sample blended with another of the batch (mixup, Zhang et al., ICLR 2018): signals, pictures and labels.

    One share for the batch, drawn from Beta(alpha, alpha) and at least a half.
    """
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    share = max(share, 1 - share)
    other = torch.randperm(len(batch.labels)).to(batch.labels.device)
    return Sample(*(share * part + (1 - share) * part[other] if part.numel() else part for part in batch))


def _collection(name: str, stream: str, labels: int) -> MetricCollection:
    """AUROC and AUPRC, named ``photo/image_auroc``, and ``signal/auroc`` for the signal stream."""
    measured: dict[str, Metric | MetricCollection]
    if labels == 1:
        # torchmetrics knows no multilabel figures of one label.
        measured = {"auroc": BinaryAUROC(thresholds=None), "auprc": BinaryAveragePrecision(thresholds=None)}
    else:
        measured = {
            "auroc": MultilabelAUROC(labels, thresholds=None),
            "auprc": MultilabelAveragePrecision(labels, thresholds=None),
        }
    return MetricCollection(measured, prefix="signal/" if stream == "signal" else f"{name}/image_")


def rate_at(step: int, *, total: int, warmup: int, final: float) -> float:
    """Share of the learning rate at a step: a linear warm-up, then a cosine down to ``final`` at ``total``.

    It depends on the step alone, so that a run that is resumed for more epochs has the schedule of the longer run.
    """
    if step < warmup:
        return 0.01 + 0.99 * step / warmup
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2
