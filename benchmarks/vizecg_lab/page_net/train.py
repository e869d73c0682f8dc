"""Training of the page network, and its file for the edge."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from torch.nn import functional as F

from vizecg.spec import UsageError
from vizecg_lab.page_net.net import PageNet
from vizecg_lab.page_net.tiles import UNCOUNTED, Tiles

BATCH, RATE, WARM = 12, 4e-3, 50
FILES_AT_ONCE = 12
"""So many files of tiles are held in memory and mixed."""
MASK_WEIGHTS = (12.0, 50.0, 30.0)
INK_WEIGHTS = (1.0, 4.0, 3.0)
"""Of ink beside paper: pulses and rules are rare, and better seen too often than not."""
HEIGHT_WEIGHT = 0.3
GAIN = (0.6, 1.4)
"""Ink is made lighter or darker by as much while it is learned from."""


def train_page_net(
    *, tiles: Path, out: Path, steps: int, seed: int, start: Path | None = None, rate: float = RATE
) -> None:
    """Learn from files of ``draw_tiles`` and write the weights to ``out``; files added meanwhile are found.

    Raises:
        UsageError: there are no tiles.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    net = PageNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        net.load_state_dict(torch.load(start, weights_only=True))
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / WARM, 0.5 * (1 + math.cos(math.pi * step / steps)) + 0.005)
    )
    console = Console()
    net.train()
    sums = np.zeros(3)
    for step, batch in zip(range(1, steps + 1), _batches(tiles, rng), strict=False):
        parts = losses_of(net, batch, gain=rng.uniform(*GAIN, (len(batch), 1, 1, 1)))
        optimiser.zero_grad()
        sum(parts).backward()  # type: ignore[union-attr]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        sums += [part.item() for part in parts]
        if step % 50 == 0:
            console.print(f"{step}: names {sums[0] / 50:.3f}  height {sums[1] / 50:.3f}  masks {sums[2] / 50:.3f}")
            sums[:] = 0
        if step % 250 == 0 or step == steps:
            torch.save(net.state_dict(), out)


def losses_of(net: PageNet, batch: Tiles, *, gain: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of names, heights and masks, as they are added."""
    inked = torch.from_numpy(np.minimum(batch.ink * (gain / 255), 1.0).astype(np.float32))
    with torch.autocast("cpu", dtype=torch.bfloat16):  # a third faster where the processor has AMX
        outputs = net(inked.contiguous(memory_format=torch.channels_last))
    names, height, masks = (output.float() for output in outputs)
    truth = torch.from_numpy(batch.names.astype(np.int64))
    likely = torch.log_softmax(names, dim=1)
    wanted = likely.gather(1, truth.where(truth != UNCOUNTED, 0)[:, None])[:, 0]
    # What is known already weighs little, above all the wide empty paper.
    missed = 1 - wanted.exp()
    found, empty = (truth > 0) & (truth < UNCOUNTED), truth == 0
    count = found.sum().clamp(min=20)
    loss = -(wanted * missed * found + wanted * missed**2 * empty).sum() / count
    deviation = F.smooth_l1_loss(height[:, 0], torch.from_numpy(batch.height), reduction="none", beta=0.1)
    shares = torch.from_numpy(batch.masks[:, :3].astype(np.float32) / 255)
    ink_weights = torch.tensor(INK_WEIGHTS)[:, None, None]
    error = F.binary_cross_entropy_with_logits(masks, shares, reduction="none", pos_weight=ink_weights)
    error = torch.cat([error[:, :2], error[:, 2:] * torch.from_numpy(batch.masks[:, 3:] < 20)], dim=1)
    mean = (error.mean(dim=(0, 2, 3)) * torch.tensor(MASK_WEIGHTS)).sum()
    return loss, HEIGHT_WEIGHT * (deviation * found).sum() / count, mean


def _batches(folder: Path, rng: np.random.Generator) -> Iterator[Tiles]:
    """Without end, each file once before any comes again."""
    while True:
        paths = sorted(folder.glob("tiles_*.npz"))
        if not paths:
            raise UsageError(f"{folder} holds no tiles_*.npz: expected a folder of page-tiles")
        order = [paths[index] for index in rng.permutation(len(paths))]
        for first in range(0, len(order), FILES_AT_ONCE):
            pool = Tiles.joined([Tiles.read(path) for path in order[first : first + FILES_AT_ONCE]])
            picks = rng.permutation(len(pool))
            for at in range(0, len(picks) - BATCH + 1, BATCH):
                pick = picks[at : at + BATCH]
                yield Tiles(**{name: getattr(pool, name)[pick] for name in Tiles.__annotations__})
