"""The paper's peers: their interface, their sizes, and the helper that brings torchvision."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from small_peers import ALL, SMALL_IMAGE, inputs, names, needs_torchvision, outputs, small
from tolerances import tolerance
from vizecg.models import Logits, vision
from vizecg.models.peers import Modality, peer
from vizecg.models.peers.acnet import ACNet
from vizecg.models.peers.mhm import MHM, TREE, both_logit
from vizecg.models.peers.ranet import RANet
from vizecg.models.peers.xresnet1d import XResNet1d
from vizecg.models.resnet import RESNET18_WIDTHS, ResNetTrunk
from vizecg.models.sizes import macs, parameters
from vizecg.models.vision import ensure_torchvision, torchvision_models
from vizecg.spec import CODE6, MissingToolError, UsageError

pytestmark = pytest.mark.unit

# Measured: parameters at the original's sizes, and at the small ones.
PARAMETERS = {
    "inception_time": (492_550, 124_422),
    "xresnet1d101": (28_805_382, 1_924_614),
    "transformer": (24_048_582, 806_534),
    "acnet": (144_111_302, 961_822),
    "ranet": (3_915_138, 1_743_534),
    "resnet18": (11_173_318, 1_506_486),
    "mobilenet_v3": (4_209_430, 1_097_278),
    "mhm": (15_404_040, 1_998_488),
}


@pytest.mark.parametrize("samples", [256, 999, 1000, 4096])
@pytest.mark.parametrize("name", names(Modality.SIGNAL))
def test_signal_peers_take_any_length(name: str, samples: int) -> None:
    network = small(name).eval()
    with torch.no_grad():
        assert network(torch.randn(1, 12, samples)).shape == (1, len(CODE6))


@pytest.mark.parametrize("shape", [(1, 64, 96), (1, 160, 288)])
@pytest.mark.parametrize("name", names(Modality.IMAGE))
def test_image_peers_take_any_size(name: str, shape: tuple[int, int, int]) -> None:
    network = small(name).eval()
    with torch.no_grad():
        assert network(torch.randn(2, *shape)).shape == (2, len(CODE6))


@pytest.mark.parametrize("name", ALL)
def test_gradients_reach_every_parameter(name: str) -> None:
    network = small(name)
    # Branches that start at zero hide what lies in front of them.
    for parameter in network.parameters():
        if parameter.dim() == 1 or not parameter.any():
            nn.init.normal_(parameter, mean=0.5, std=0.2)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    made = outputs(network, *inputs(peer(name), samples=512))
    torch.stack(made).square().sum().backward()
    missed = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert not missed


@pytest.mark.parametrize("name", ALL)
def test_a_sample_does_not_depend_on_its_neighbours(name: str) -> None:
    network = small(name).double().eval()
    given = [part.double() for part in inputs(peer(name))]
    with torch.no_grad():
        together = outputs(network, *given)
        alone = outputs(network, *(part[1:2] for part in given))
    for whole, one in zip(together, alone, strict=True):
        torch.testing.assert_close(whole[1:2], one, atol=tolerance("f32-reorder"), rtol=0)


@pytest.mark.parametrize("name", ALL)
def test_state_survives_a_round_trip(name: str) -> None:
    first, second = small(name).eval(), peer(name).build(**peer(name).small_options).eval()
    second.load_state_dict(first.state_dict())
    given = inputs(peer(name))
    with torch.no_grad():
        for a, b in zip(outputs(first, *given), outputs(second, *given), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs_torchvision) if name == "resnet18" else name for name in ALL]
)
def test_sizes(name: str) -> None:
    entry = peer(name)
    with torch.device("meta"):  # 144 M parameters need not be drawn to be counted
        counts = tuple(parameters(entry.build(**options)) for options in (entry.paper_options, entry.small_options))
    assert counts == PARAMETERS[name]


def test_the_counts_that_the_notes_name() -> None:
    with torch.device("meta"):
        assert parameters(XResNet1d(expansion=1).trunk) == 13_930_368
        assert parameters(ACNet(cells=105)) == 261_551_814
        assert parameters(RANet(widths=RESNET18_WIDTHS, kernel=3, stem_kernel=7)) == 3_940_990


@needs_torchvision
def test_the_narrow_resnet18_is_the_same_network() -> None:
    trunk = ResNetTrunk(dims=2, inputs=1)
    classifier = nn.Linear(trunk.outputs, len(CODE6))
    ours, theirs = nn.Sequential(trunk, nn.AdaptiveAvgPool2d(1), nn.Flatten(), classifier), peer("resnet18").build()
    image = torch.zeros(1, *SMALL_IMAGE)
    assert parameters(ours) == parameters(theirs)
    assert macs(ours, image) == macs(theirs, image)


def test_multiply_accumulates() -> None:
    assert macs(nn.Linear(5, 7), torch.zeros(2, 5)) == 2 * 5 * 7
    assert macs(nn.Conv1d(3, 4, 5, padding=2), torch.zeros(1, 3, 10)) == 3 * 4 * 5 * 10
    width, layers, tokens = 16, 2, 32
    network = peer("transformer").build(patch=8, width=width, layers=layers, heads=4, feed_forward=32)
    linear = tokens * (4 * width**2 + 2 * width * 32)
    attention = 2 * tokens**2 * width
    expected = tokens * 12 * 8 * width + layers * (linear + attention) + width * len(CODE6)
    assert macs(network, torch.zeros(1, 12, 256)) == expected
    assert network.training


def mhm() -> MHM:
    made = small("mhm").eval()
    assert isinstance(made, MHM)
    # Attention starts as the identity; give it something to do.
    nn.init.normal_(made.fuse.out.weight, std=0.5)
    return made


def test_mhm_does_with_one_modality() -> None:
    network, (signal, image) = mhm(), inputs(peer("mhm"))
    with torch.no_grad():
        both = network(signal, image)
        apart = network(signal, image, cross=torch.zeros(3, dtype=torch.bool))
        alone = Logits(signal=network.forward_signal(signal), image=network.forward_image(image))
    for one, other, single in zip(both[:2], apart[:2], alone[:2], strict=True):
        assert one is not None
        assert not torch.allclose(one, single)
        torch.testing.assert_close(other, single)


def test_mhm_follows_its_tree() -> None:
    assert sorted(label for labels in TREE.values() for label in labels) == sorted(CODE6.names)
    a, b = torch.tensor([-40.0, -1.0, 0.0, 3.0, 90.0]), torch.tensor([2.0, 0.5, 0.0, -4.0, 90.0])
    torch.testing.assert_close(both_logit(a, b).sigmoid(), a.sigmoid() * b.sigmoid())
    assert both_logit(a, b).isfinite().all()


def test_unknown_names_and_options() -> None:
    with pytest.raises(UsageError, match="inception_time, xresnet1d101"):
        peer("inception")
    with pytest.raises(UsageError, match="did you mean 'filters'"):
        peer("inception_time").build(filter=8)
    with pytest.raises(UsageError, match="expected one of patch, width"):
        peer("transformer").build(zzz=8)
    with pytest.raises(UsageError, match="5 heads do not divide"):
        peer("transformer").build(heads=5)


def test_without_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "_installed", lambda: False)
    ensure_torchvision()
    with pytest.raises(MissingToolError, match=r"\[peers\]'"):
        peer("mobilenet_v3").build()
    assert parameters(small("resnet18")) == PARAMETERS["resnet18"][1]


@needs_torchvision
def test_torchvision_loads_once() -> None:
    models = torchvision_models()
    declared = list(vision._declared)
    ensure_torchvision()
    assert torchvision_models() is models
    assert vision._declared == declared
