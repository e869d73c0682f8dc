"""Quantisation-aware training: the weights learn to give the float network's logits through their own rounding."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

from vizecg.train.lightning import pl
from vizecg_export.job import Job
from vizecg_export.quant.pt2e import calibrated, calibration_images, convert, float_graph, quantiser
from vizecg_export.quiet import quiet

with quiet():
    from torchao.quantization.pt2e import FakeQuantizeBase
    from torchao.quantization.pt2e.quantize_pt2e import prepare_qat_pt2e

LEARNING_RATE = 1e-6
CHECK_EVERY, LEAST_CHECK = 5, 4
LEAST_GAIN = 0.9
"""An epoch is taken when its mean square difference is below this share of the best so far: on few images a smaller
gain is chance, and calibration alone is the safer choice."""
STEP_IMAGES = 4
"""Images whose gradients make one step: the graph itself takes one at a time."""


def trained_graph(job: Job) -> GraphModule:
    """Quantise, train for ``job.qat_epochs`` on ``job.images``, and convert.

    Training starts at what calibration alone gives, with batch normalisation folded and the ranges of activations
    fixed. Every ``CHECK_EVERY``-th image is held back; the epoch whose logits for those are clearly nearest to
    the float network's is what is taken, and that may be the start.

    Raises:
        UsageError: no calibration images, or an unknown calibrator.
    """
    images = torch.from_numpy(calibration_images(job).astype(np.float32, copy=False))
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(job.seed)
        with torch.inference_mode():
            wanted = torch.cat([job.network(image) for image in images.split(1)])
        graph = float_graph(job.network, job.input_shape)
        graph = prepare_qat_pt2e(graph, quantiser(job.scope, calibrator=job.calibrator, training=True))
        _take_ranges(graph, calibrated(job))
        held = torch.arange(len(images)) % CHECK_EVERY == 0
        # Too few to hold any back: better to check on what was learned than on one or two.
        learned = ~held if int(held.sum()) >= LEAST_CHECK else torch.ones_like(held)
        checked = held if int(held.sum()) >= LEAST_CHECK else torch.ones_like(held)
        wanted = wanted.clone()
        lessons = DataLoader(
            TensorDataset(images[learned], wanted[learned]),
            shuffle=True,
            generator=torch.Generator().manual_seed(job.seed),
        )
        module = _Distillation(graph=graph)
        trainer = pl.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=job.qat_epochs,
            accumulate_grad_batches=min(STEP_IMAGES, len(images)),
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        check = DataLoader(TensorDataset(images[checked], wanted[checked]))
        trainer.validate(module, check, verbose=False)
        trainer.fit(module, lessons, check)
        graph.load_state_dict(module.best)
        return convert(graph)


def _take_ranges(graph: GraphModule, observed: GraphModule) -> None:
    """Give the fake quantisation of activations in ``graph`` the ranges that ``observed``'s calibration found.

    Both were annotated by the same quantiser, so that their observers have the same names.
    """
    for name, fake in graph.named_modules():
        if not isinstance(fake, FakeQuantizeBase) or fake.is_per_channel:
            continue
        observer: Any = observed.get_submodule(name)
        scale, zero_point = observer.calculate_qparams()
        ranges = fake.activation_post_process
        ranges.min_val = (ranges.quant_min - zero_point[0]) * scale[0]
        ranges.max_val = (ranges.quant_max - zero_point[0]) * scale[0]
        fake.scale.copy_(scale)
        fake.zero_point.copy_(zero_point)
        fake.disable_observer()


class _Distillation(pl.LightningModule):
    """Mean square difference of the quantised graph's logits from the float network's.

    Attributes:
        best: the graph's state after the validation with the least difference (``LEAST_GAIN``).
    """

    def __init__(self, *, graph: GraphModule) -> None:
        super().__init__()
        # An exported graph refuses train() and eval(), so it must not be a child of this module.
        self._graph = [graph]
        self.best: dict[str, Tensor] = {}
        self._least = float("inf")
        self._differences: list[float] = []

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        image, wanted = batch
        return mse_loss(self._graph[0](image), wanted)

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        image, wanted = batch
        self._differences.append(float(mse_loss(self._graph[0](image), wanted)))

    def on_validation_epoch_end(self) -> None:
        difference = float(np.mean(self._differences))
        self._differences = []
        if difference < LEAST_GAIN * self._least:
            self._least, self.best = difference, copy.deepcopy(self._graph[0].state_dict())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self._graph[0].parameters(), lr=LEARNING_RATE)
