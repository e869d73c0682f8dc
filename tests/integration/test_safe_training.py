"""Training without AVX-512, as oneDNN's variable imitates it: nothing hangs, and what is changed is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from children import CHILD_LIMIT_S
from vizecg.train.checkpoint import load_checkpoint

pytestmark = pytest.mark.integration

NARROW = (
    "model={image_widths: [4, 8, 8, 16], signal_widths: [4, 8, 8, 16], width: 16, heads: 2, signal_leads: joint}",
    "preprocess={height: 96, width: 192}", "conditions=[print]", "batch_size=8", "ema_decay=0",
)  # fmt: skip
LEFT_OUT = "channels_last is left out: on this processor oneDNN would damage memory in the gradients of"
FLOAT32 = "precision bf16-mixed is left out for 32-true: "


def train(out: Path, *assignments: str, more: tuple[str, ...] = (), limit: str = "AVX2") -> str:
    """What a run on a few synthetic ECGs says on standard error, but for Lightning's own."""
    arguments = ["train", "--data", "synthetic", "--limit", "24", "--out", str(out), "--accelerator", "cpu", "--json"]
    arguments += ["--epochs", "1", "--workers", "0", *more]
    for text in (*NARROW, *assignments):
        arguments += ["--set", text]
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": limit, "ATEN_CPU_CAPABILITY": "avx2"}
    done = subprocess.run(
        [sys.executable, "-m", "vizecg.cli", *arguments], capture_output=True, text=True, check=False,
        timeout=CHILD_LIMIT_S, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"]
    return done.stderr


def test_a_narrow_network_trains_in_the_ordinary_layout_and_says_so(tmp_path: Path) -> None:
    told = train(tmp_path)
    assert told.count(LEFT_OUT) == 1
    assert "image_encoder.trunk.stages.2.shortcut.0 (4 channels)" in told
    assert "precision" not in told


COMPILED = """
import torch
from torch import nn
from vizecg.train.layout import compiler_options

class Narrow(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.shortcut = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 8, 1, 2)

    def forward(self, image):
        return self.shortcut(self.stem(image).relu())

network = Narrow()
network.compile(options=compiler_options(network, device=torch.device("cpu")))
network(torch.randn(2, 1, 26, 50)).square().sum().backward()
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler: apt-get install g++")
def test_the_compiler_leaves_a_narrow_network_in_the_ordinary_layout() -> None:
    """It would have it in channels-last, whatever comes in."""
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_VERBOSE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    of_weights = [line for line in done.stdout.splitlines() if ",convolution," in line and "backward_weights" in line]
    assert any("ic4oc8" in line for line in of_weights)
    assert not any("src:f32::blocked:acdb" in line for line in of_weights), of_weights


def test_bfloat16_is_taken_where_it_is_or_is_forced_and_the_checkpoint_says_what_was_computed(tmp_path: Path) -> None:
    half = ("precision=bf16-mixed", "model.image_widths=[8, 8, 8, 16]")
    told = train(tmp_path / "a", *half)
    assert told.count(FLOAT32) == 1
    assert LEFT_OUT not in told, "8 channels are a vector of AVX2"
    assert load_checkpoint(tmp_path / "a/best.ckpt").config.precision == "32-true"
    # The same command goes on, in the same precision.
    resumed = train(tmp_path / "a", *half, more=("--resume",))
    assert resumed.count(FLOAT32) == 1
    assert FLOAT32 not in train(tmp_path / "b", *half, "emulate_bf16=true")
    assert load_checkpoint(tmp_path / "b/best.ckpt").config.precision == "bf16-mixed"
