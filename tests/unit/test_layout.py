"""The memory layout and the precision that a network is trained in, by processor and widths."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vizecg.models.resnet import ResNetTrunk
from vizecg.models.systems import build_system
from vizecg.spec.processor import Processor
from vizecg.train import layout as layouts
from vizecg.train.config import TrainConfig
from vizecg.train.layout import compiler_options, endangered, training_layout
from vizecg.train.precision import computed_precision, tell_precision
from vizecg.train.recipes import RECIPES

pytestmark = pytest.mark.unit

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def processor(*flags: str, machine: str = "x86_64") -> Processor:
    return Processor(machine=machine, model=None, cores=1, flags=frozenset(flags))


AVX512 = processor("avx", "avx2", "avx512f", "avx512_bf16")
AVX2 = processor("avx", "avx2")
SSE = processor("sse4_1")
UNKNOWN = processor()
ARM = processor("asimd", machine="aarch64")


def trunk(first: int) -> ResNetTrunk:
    return ResNetTrunk(dims=2, inputs=1, widths=(first, 16, 16, 16))


@pytest.mark.parametrize(
    ("here", "first_sound"), [(AVX512, 16), (AVX2, 8), (UNKNOWN, 16), (SSE, 1), (ARM, 1)],
    ids=["AVX-512", "AVX2", "unknown", "SSE4.1", "ARM"],
)  # fmt: skip
def test_channels_last_needs_as_many_channels_as_a_vector(here: Processor, first_sound: int) -> None:
    for first in (1, 4, 7, 8, 12, 15, 16, 32):
        chosen = training_layout(trunk(first), wanted=True, device=CPU, processor=here, tell=False)
        assert (chosen is torch.channels_last) == (first >= first_sound), first


def test_only_strided_convolutions_of_one_pixel_and_one_group_are_endangered() -> None:
    network = nn.Sequential(
        nn.Conv2d(4, 8, 1), nn.Conv2d(4, 8, 3, stride=2), nn.Conv2d(4, 8, 1, stride=2, groups=2),
        nn.Conv1d(4, 8, 1, stride=2), nn.Conv2d(4, 8, 1, stride=(1, 2)),
    )  # fmt: skip
    assert endangered(network, AVX2) == ["4 (4 channels)"]


def test_what_is_left_out_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    network = trunk(4)
    assert training_layout(network, wanted=True, device=CPU, processor=AVX2) is torch.contiguous_format
    assert all(weight.is_contiguous() for weight in network.parameters())
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "stages.2.shortcut.0 (4 channels)" in told
    training_layout(network, wanted=False, device=CPU, processor=AVX2)
    training_layout(network, wanted=True, device=GPU, processor=AVX2)
    assert capsys.readouterr().err == ""


def test_weights_are_brought_into_the_layout() -> None:
    network = trunk(16)
    training_layout(network, wanted=True, device=CPU, processor=AVX512)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert all(conv.weight.is_contiguous(memory_format=torch.channels_last) for conv in convolutions)


def test_the_shipped_recipes_keep_channels_last_everywhere() -> None:
    for recipe in RECIPES.values():
        config = recipe()
        with torch.device("meta"):
            network = build_system(config.architecture, config.model)
        for here in (AVX512, AVX2, UNKNOWN):
            assert endangered(network, here) == []


def test_the_compiler_is_told_to_leave_the_layout_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "onednn_processor", lambda: AVX512)
    assert compiler_options(trunk(8), device=CPU) == {"layout_optimization": False}
    assert compiler_options(trunk(16), device=CPU) == {}
    assert compiler_options(trunk(8), device=GPU) == {}


def test_bfloat16_that_would_be_emulated_becomes_float32(capsys: pytest.CaptureFixture[str]) -> None:
    half = TrainConfig(precision="bf16-mixed")
    without = computed_precision(half, cuda=False, processor=AVX2)
    assert without == TrainConfig(precision="32-true")
    tell_precision(asked=half, computed=without)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "emulate_bf16=true" in told
    forced = TrainConfig(precision="bf16-mixed", emulate_bf16=True)
    for asked, cuda, here in ((half, False, AVX512), (half, True, AVX2), (forced, False, AVX2)):
        assert computed_precision(asked, cuda=cuda, processor=here) is asked
    tell_precision(asked=half, computed=half)
    assert capsys.readouterr().err == ""
