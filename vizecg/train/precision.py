"""In which precision a run computes where the processor has no bfloat16."""

from __future__ import annotations

import sys

from vizecg.spec.processor import Processor
from vizecg.train.config import TrainConfig
from vizecg.train.layout import onednn_processor


def computed_precision(config: TrainConfig, *, cuda: bool, processor: Processor | None = None) -> TrainConfig:
    """The configuration with the precision that is computed in: what a checkpoint records.

    A CPU without instructions for bfloat16 emulates them, slower than float32: there ``bf16-mixed`` becomes
    ``32-true``, unless the configuration says ``emulate_bf16``.

    Args:
        config: as it was asked for.
        cuda: whether a GPU computes.
        processor: default, this one as oneDNN sees it.
    """
    if config.precision != "bf16-mixed" or config.emulate_bf16 or cuda:
        return config
    if (processor or onednn_processor()).has_bf16:
        return config
    return config.model_copy(update={"precision": "32-true"})


def tell_precision(*, asked: TrainConfig, computed: TrainConfig) -> None:
    """One line on standard error where they differ."""
    if asked.precision != computed.precision:
        print(
            f"precision {asked.precision} is left out for {computed.precision}: this processor has no bfloat16 and"
            " would emulate it, slower than float32 (--set emulate_bf16=true has it all the same)",
            file=sys.stderr,
        )
