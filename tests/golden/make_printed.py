"""Trains the letter network that reads paper speed and gain, and writes its weights into the package.

    .venv/bin/python tests/golden/make_printed.py [ROUNDS]

takes some ten minutes of one idle core. Seeded and on one thread; other versions or processors round differently and
end in other weights. Needs torch, matplotlib and Pillow for their fonts,
and Debian's fonts-liberation and fonts-freefont-ttf; no data.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import torch
from printed_lines import random_strip
from rich.progress import track
from torch import nn

from vizecg_edge.printed.net import ALPHABET, COLUMN_PX, WEIGHTS

SEED, ROUNDS, STRIPS, BATCH, PASSES = 7, 26, 1536, 24, 2
"""In each round new strips are drawn and learned in a few passes."""
WIDTHS = (12, 24, 40, 64, 64)
RATE = 4e-3


class LetterNet(nn.Module):
    """(n, 2, 24, w) -> log-probabilities (w / 2, n, 1 + letters), the blank first."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d, e = WIDTHS
        self.body = nn.Sequential(
            *_layer(2, a), nn.MaxPool2d(2), *_layer(a, b), nn.MaxPool2d((2, 1)), *_layer(b, c), nn.MaxPool2d((2, 1)),
            *_layer(c, d, pad=(0, 1)), *_layer(d, e, kernel=(1, 5), pad=(0, 2)),
        )  # fmt: skip
        self.head = nn.Linear(e, 1 + len(ALPHABET))

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        columns = self.body(strips)[:, :, 0].permute(2, 0, 1)
        return torch.log_softmax(self.head(columns), dim=2)


def _layer(
    given: int, made: int, *, kernel: tuple[int, int] = (3, 3), pad: tuple[int, int] = (1, 1)
) -> tuple[nn.Module, ...]:
    return nn.Conv2d(given, made, kernel, padding=pad, bias=False), nn.BatchNorm2d(made), nn.ReLU()


def batches(strips: list[tuple[np.ndarray, str]], rng: np.random.Generator) -> list[list[tuple[np.ndarray, str]]]:
    """Strips of like width together, the batches in any order."""
    widths = np.array([strip.shape[2] for strip, _ in strips]) + rng.uniform(0, 30, len(strips))
    order = np.argsort(widths)
    groups = [[strips[i] for i in order[k : k + BATCH]] for k in range(0, len(order), BATCH)]
    return [groups[i] for i in rng.permutation(len(groups))]


def loss_of(net: LetterNet, batch: list[tuple[np.ndarray, str]]) -> torch.Tensor:
    """Mean CTC loss per strip."""
    width = max(strip.shape[2] for strip, _ in batch)
    inputs = np.zeros((len(batch), *batch[0][0].shape[:2], width), np.float32)
    for row, (strip, _) in zip(inputs, batch, strict=True):
        row[:, :, : strip.shape[2]] = strip
    said = [[ALPHABET.index(letter) + 1 for letter in text] for _, text in batch]
    lengths = torch.tensor([strip.shape[2] // COLUMN_PX for strip, _ in batch])
    return nn.functional.ctc_loss(
        net(torch.from_numpy(inputs)),
        torch.tensor([letter for text in said for letter in text], dtype=torch.long),
        lengths,
        torch.tensor([len(text) for text in said]),
        zero_infinity=True,
    )


def folded(net: LetterNet) -> dict[str, np.ndarray]:
    """float16 kernels (rows * columns * in, out) and biases (out,), the normalisations folded into them."""
    arrays = {}
    layers = list(net.body)
    convolutions = [k for k, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    for number, k in enumerate(convolutions):
        conv, norm = layers[k], layers[k + 1]
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        kernel = (conv.weight * factor[:, None, None, None]).permute(2, 3, 1, 0).flatten(0, 2)
        arrays[f"w{number}"], arrays[f"b{number}"] = kernel, norm.bias - norm.running_mean * factor
    arrays[f"w{len(convolutions)}"], arrays[f"b{len(convolutions)}"] = net.head.weight.T, net.head.bias
    return {name: value.detach().numpy().astype(np.float16) for name, value in arrays.items()}


def train(rounds: int) -> LetterNet:
    """A trained network, ready to be read out."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(SEED)
    net = LetterNet()
    steps = rounds * PASSES * -(-STRIPS // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-3)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    for number in track(range(rounds), description="rounds"):
        strips = [random_strip(rng) for _ in range(STRIPS)]
        losses = []
        for _ in range(PASSES):
            for batch in batches(strips, rng):
                optimiser.zero_grad()
                loss = loss_of(net, batch)
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 5.0)
                optimiser.step()
                plan.step()
                losses.append(float(loss.detach()))
        print(f"round {number + 1}: loss {np.mean(losses):.4f}", flush=True)
        if number % 4 == 3:
            write(net, WEIGHTS)
    return net.eval()


def write(net: LetterNet, path: Path) -> None:
    np.savez_compressed(path, **folded(net))  # type: ignore[arg-type]


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    write(train(int(sys.argv[1]) if len(sys.argv) == 2 else ROUNDS), WEIGHTS)
    print(f"{WEIGHTS} has {WEIGHTS.stat().st_size} bytes")
