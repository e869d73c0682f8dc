"""The paper's peers learn, and training goes together with torchvision."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from small_peers import ALL, inputs, needs_torchvision, outputs, small
from vizecg.models.peers import peer
from vizecg.spec import CODE6

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", ALL)
def test_learns_sixteen_samples_by_heart(name: str) -> None:
    network = small(name)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    given = inputs(peer(name), count=16)
    labels = (torch.rand(16, len(CODE6), generator=torch.Generator().manual_seed(1)) < 0.3).float()
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    losses = []
    for _ in range(25):
        loss = sum(
            (nn.functional.binary_cross_entropy_with_logits(made, labels) for made in outputs(network, *given)),
            start=torch.zeros(()),
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert min(losses) < losses[0] / 2


@needs_torchvision
def test_training_imports_beside_torchvision() -> None:
    """In a new process, as whatever runs before this test may have imported torchvision already."""
    code = "import vizecg.train.module, pytorch_lightning, torchvision.models"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
