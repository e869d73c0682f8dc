"""What a table may cost. Every row of a table has the same budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from vizecg.models.systems import VIZECGNET
from vizecg.train.config import TrainConfig
from vizecg.train.settings import resolve


class Budget(str, Enum):
    """``smoke``: synthetic ECGs and tiny networks, to see that everything runs. ``cpu``: real data, a sheet at 1 px/mm
    and small networks. ``gpu``: real data, the sheet at 2 px/mm and the paper's sizes."""

    SMOKE = "smoke"
    CPU = "cpu"
    GPU = "gpu"


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The settings behind a budget. ``records`` limits each split; None takes all. ``small`` is also the recipe of
    small peers, ``full`` that of the paper's sizes."""

    data: str
    records: int | None
    epochs: int
    height: int
    width: int
    recipe: str
    vizecgnet: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


COSTS = {
    Budget.SMOKE: Costs(
        data="synthetic",
        records=64,
        epochs=1,
        height=96,
        width=192,
        recipe="small",
        vizecgnet={
            "model.image_widths": [8, 16, 16, 32], "model.signal_widths": [8, 16, 16, 32], "model.width": 32,
        },
        settings={"conditions": ["print"]},
    ),
    Budget.CPU: Costs(data="ptbxl", records=None, epochs=5, height=160, width=288, recipe="small"),
    Budget.GPU: Costs(data="ptbxl", records=None, epochs=60, height=320, width=576, recipe="full"),
}  # fmt: skip


def row_config(
    budget: Budget,
    *,
    architecture: str,
    changes: Mapping[str, Any],
    seed: int,
    epochs: int | None = None,
    precision: str | None = None,
) -> TrainConfig:
    """The configuration of a row: the budget's, then the architecture's sizes, then the row's changes.

    Args:
        budget: what it may cost.
        architecture: of the row.
        changes: settings by dotted names, such as ``model.smam``.
        seed: of weights, order and augmentation. The drawn sheets are those of seed 0 for every row and seed.
        epochs: instead of the budget's.
        precision: instead of the budget's.
    """
    costs = COSTS[budget]
    options = {
        "architecture": architecture,
        "preprocess.height": costs.height,
        "preprocess.width": costs.width,
        "epochs": epochs or costs.epochs,
        "seed": seed,
        "drawing_seed": 0,
        **costs.settings,
        **(costs.vizecgnet if architecture == VIZECGNET else {}),
        **({} if precision is None else {"precision": precision}),
        **changes,
    }
    return resolve(recipe=costs.recipe, options=options)
