"""Saliency: maps that are known by construction, and their shares of the lead boxes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vizecg.models import Modality, VizECGNet, VizECGNetConfig
from vizecg.models.resnet import TrunkAxis
from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, LeadOrder, plan_under, render_sheet
from vizecg.spec import CODE6, LEADS, Condition, SheetSpec
from vizecg.train.saliency import EXPECTED, SaliencyMethod, image_saliency, signal_saliency
from vizecg_lab.tables.saliency.regions import divergence, ink_weights, lead_regions

pytestmark = pytest.mark.unit

HEIGHT, WIDTH = 128, 192


def tiny(**changes: object) -> VizECGNet:
    torch.manual_seed(0)
    values: dict[str, object] = {
        "input_height": HEIGHT, "input_width": WIDTH, "image_widths": (4, 8, 8, 16), "signal_widths": (4, 8, 8, 16),
        "width": 16, "heads": 2, **changes,
    }  # fmt: skip
    return VizECGNet(config=VizECGNetConfig(**values)).eval()  # type: ignore[arg-type]


class OneQuadrant(VizECGNet):
    """Decides by the upper right quarter of the last feature map alone."""

    def forward_image(self, image: Tensor) -> Tensor:
        features = self.image_encoder.trunk(image)
        rows, columns = features.shape[2] // 2, features.shape[3] // 2
        return features[:, : len(CODE6), :rows, columns:].mean(dim=(2, 3))


class Identity(nn.Module):
    """A trunk of one stage: what is drawn is the feature map."""

    def __init__(self, *, axes: tuple[TrunkAxis, TrunkAxis]) -> None:
        super().__init__()
        self.steps = tuple(axis.stride_of(4) for axis in axes)
        self.stages = nn.Sequential(nn.AvgPool2d(1, stride=self.steps))

    def strides(self, stage: int) -> tuple[int, ...]:
        return self.steps

    def last_block(self, stage: int) -> int:
        return 0

    def forward(self, image: Tensor) -> Tensor:
        return self.stages(image)


@pytest.mark.parametrize("method", list(SaliencyMethod))
def test_maps_are_not_negative_and_sum_to_one(method: SaliencyMethod) -> None:
    image = torch.rand(2, 1, HEIGHT, WIDTH)
    maps = image_saliency(tiny(), image, 2, method=method)
    assert maps.shape == (2, HEIGHT, WIDTH)
    assert maps.min() >= 0
    for total in maps.sum(dim=(1, 2)):
        assert float(total) in (0.0, pytest.approx(1.0, abs=1e-4))
    assert not maps.requires_grad


@pytest.mark.parametrize("method", list(SaliencyMethod))
def test_ink_in_one_corner_is_where_the_network_looks(method: SaliencyMethod) -> None:
    """The features of empty paper are zero, so nothing but the ink can speak for a class."""
    network = tiny()
    image = torch.zeros(1, 1, HEIGHT, WIDTH)
    image[:, :, 16:32, 136:160] = 1.0
    # The first stage sees 20 pixels around each cell; random weights may speak against some class, but not against all.
    found = [image_saliency(network, image, column, method=method, stage=1)[0] for column in range(len(CODE6))]
    maps = [each for each in found if each.sum() > 0]
    assert maps
    for each in maps:
        assert float(each[:64, 96:].sum()) > 0.99


def test_only_what_decides_counts_by_place() -> None:
    """HiResCAM follows a network that reads one quarter; Grad-CAM forgets where its gradient was."""
    network = OneQuadrant(config=tiny().config).eval()
    image = torch.rand(1, 1, HEIGHT, WIDTH)
    column = int(network.forward_image(image).argmax())
    by_place = image_saliency(network, image, column, method="hirescam")[0]
    # Half of a cell beyond the border is what bilinear enlargement adds.
    assert float(by_place[:64, 64:].sum()) == pytest.approx(1.0, abs=1e-4)
    assert float(by_place[:48, 80:].sum()) > 0.7
    everywhere = image_saliency(network, image, column, method="gradcam")[0]
    assert float(everywhere[64:].sum()) > 0.3
    # A quarter of the features sees more than a quarter of the pixels, and those in the far corner least.
    gradient = image_saliency(network, image, column, method="gradient")[0]
    assert float(gradient[:64, 96:].mean()) > 3 * float(gradient[64:, :96].mean())


@pytest.mark.parametrize("across", [TrunkAxis(), TrunkAxis(strides=(1, 1, 2, 2, 1))], ids=["plain", "keeps time"])
def test_a_cell_is_drawn_where_its_receptive_field_lies(across: TrunkAxis) -> None:
    network = tiny()
    network.image_encoder.trunk = Identity(axes=(TrunkAxis(), across))  # type: ignore[assignment]
    network.forward_image = (  # type: ignore[method-assign]
        lambda image: network.image_encoder.trunk(image).sum(dim=(2, 3)).expand(-1, len(CODE6))
    )
    image = torch.zeros(1, 1, HEIGHT, WIDTH)
    image[0, 0, 64, 96] = 1.0
    found = image_saliency(network, image, 0)[0]
    rows, columns = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    assert float((found * rows).sum()) == pytest.approx(64, abs=0.01)
    assert float((found * columns).sum()) == pytest.approx(96, abs=0.01)


def test_the_trunk_keeps_places_as_the_map_assumes() -> None:
    """A dot at a multiple of the stride moves the cell of that index most, in the real trunk."""
    trunk = tiny().image_encoder.trunk
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1.0 / module.weight[0].numel())
    image = torch.zeros(1, 1, HEIGHT, WIDTH)
    image[0, 0, 64, 96] = 1.0
    features = trunk(image)[0].sum(dim=0)
    assert features.argmax() == 2 * 6 + 3
    torch.testing.assert_close(features[1, 3], features[3, 3], rtol=0.15, atol=0)
    torch.testing.assert_close(features[2, 2], features[2, 4], rtol=0.15, atol=0)


def test_a_map_without_evidence_stays_zero() -> None:
    network = tiny()
    with torch.no_grad():
        network.image_stream.head[-1].weight.zero_()  # type: ignore[operator]
    for method in SaliencyMethod:
        assert float(image_saliency(network, torch.rand(1, 1, HEIGHT, WIDTH), 0, method=method).sum()) == 0


def test_maps_do_not_depend_on_the_batch_or_on_frozen_weights() -> None:
    network = tiny()
    image = torch.rand(3, 1, HEIGHT, WIDTH)
    together = image_saliency(network, image, 1, method="hirescam")
    network.requires_grad_(False)
    with torch.inference_mode(False), torch.no_grad():
        alone = image_saliency(network, image[1:2], 1, method="hirescam")
    torch.testing.assert_close(together[1:2], alone, atol=1e-6, rtol=1e-3)


def test_signals_are_looked_at_by_lead() -> None:
    network = tiny()
    signal = torch.zeros(2, len(LEADS), 256)
    signal[0, 3], signal[1, 7] = torch.randn(256), torch.randn(256)
    found = signal_saliency(network, signal, 0)
    assert found.shape == signal.shape
    assert found.sum(dim=2)[0, 3] == pytest.approx(1.0, abs=1e-5)
    assert found.sum(dim=2)[1, 7] == pytest.approx(1.0, abs=1e-5)


def test_what_cannot_be_looked_into_is_refused() -> None:
    image = torch.rand(1, 1, HEIGHT, WIDTH)
    with pytest.raises(ValueError, match="evaluation mode"):
        image_saliency(tiny().train(), image, 0)
    with pytest.raises(ValueError, match="column"):
        image_saliency(tiny(), image, 6)
    with pytest.raises(ValueError, match="stage"):
        image_saliency(tiny(), image, 0, stage=5)
    with pytest.raises(ValueError, match="no such stream"):
        signal_saliency(tiny(streams=Modality.IMAGE), torch.rand(1, 12, 256), 0)


def test_every_label_has_expected_leads() -> None:
    assert tuple(EXPECTED) == CODE6.names
    for expected in EXPECTED.values():
        assert set(expected.leads) <= set(LEADS)
        assert expected.source


@pytest.mark.parametrize("layout", [Layout(), Layout(order=LeadOrder.CABRERA, rhythm=("II", "V1"))])
def test_ink_of_one_lead_lies_in_its_region(layout: Layout) -> None:
    spec = SheetSpec()
    boxes = render_sheet(synthesise(seed=1), spec=spec, layout=layout).boxes
    regions = lead_regions(boxes, sheet=spec, height=320, width=576)
    assert len(regions.names) == 12 + len(layout.rhythm)
    for place, box in enumerate(boxes):
        sheet = np.zeros((spec.height_px, spec.width_px))
        left, top = spec.mm_to_px(box.corners_mm[0]) + 0.5
        right, bottom = spec.mm_to_px(box.corners_mm[2]) + 0.5
        # A tall QRS may reach into the next row; the middle of the box is the lead's own.
        reach = 10 * spec.px_per_mm
        middle = box.baseline_mm * spec.px_per_mm
        sheet[round(max(top, middle - reach)) : round(min(bottom, middle + reach)), round(left) : round(right)] = 1.0
        seen = sheet.reshape(320, 2, 576, 2).mean(axis=(1, 3))
        shares = regions.shares(seen)
        assert shares[place] > 0.98
        assert shares.sum() == pytest.approx(1.0)
        assert regions.by_lead(shares)[LEADS.index(box.lead)] > 0.98


def test_regions_of_a_drawn_sheet_hold_its_ink() -> None:
    record = synthesise(("RBBB",), seed=3)
    plan = plan_under(Condition.CLEAN, record, seed=0)
    regions = lead_regions(plan.sheet.boxes, sheet=SheetSpec(), height=320, width=576)
    inks = np.zeros((320, 576), np.uint8)
    assert np.isnan(regions.shares(inks.astype(float))).all()
    expected = [name for name, wanted in zip(regions.names, regions.expected("1dAVb"), strict=False) if wanted]
    assert expected == ["V1", "II", "II strip"]
    assert [name for name, wanted in zip(regions.names, regions.expected("RBBB"), strict=False) if wanted] == [
        "I", "V1", "V2", "V6",
    ]  # fmt: skip
    assert regions.area.sum() == pytest.approx(1.0)
    inks[10, 10] = 170
    inks[20, 20] = 40  # a grid line
    assert ink_weights(inks).sum() == 1


def test_distance_of_distributions() -> None:
    one = np.array([0.2, 0.3, 0.5])
    assert divergence(one, one) == 0
    assert divergence(one, 2 * one) == 0
    assert divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1.0)
    assert np.isnan(divergence(one, np.zeros(3)))
