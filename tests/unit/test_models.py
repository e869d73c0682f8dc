"""The network, its image-only graph, and the loss."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch

from tolerances import tolerance
from vizecg.models import CmamWithoutSignal, ImageOnly, Logits, Modality, VizECGNet, VizECGNetConfig
from vizecg.models.encoders import LeadMixing
from vizecg.models.systems import build_system
from vizecg.scoring.calibrate import best_f1_threshold, fit_decision_rule
from vizecg.scoring.metrics import evaluate_scores
from vizecg.scoring.platt import fit_platt
from vizecg.spec import CODE6, UsageError
from vizecg.train.losses import DistillationDirection, bernoulli_kl, distillation_loss, training_loss
from vizecg.train.module import rate_at

pytestmark = pytest.mark.unit

TINY = VizECGNetConfig(
    input_height=64,
    input_width=96,
    image_widths=(4, 8, 8, 16),
    signal_widths=(4, 8, 8, 16),
    width=16,
    heads=2,
    dropout=0.0,
)


@pytest.fixture
def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, 12, 256, generator=generator), torch.randn(3, 1, 64, 96, generator=generator)


def network(**changes: object) -> VizECGNet:
    torch.manual_seed(0)
    made = VizECGNet(config=dataclasses.replace(TINY, **changes))  # type: ignore[arg-type]
    # Attention starts as the identity; give it something to do.
    for name, parameter in made.named_parameters():
        if name.endswith("out.weight"):
            torch.nn.init.normal_(parameter, std=0.5)
    return made.eval()


def test_shapes(inputs: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits = network()(*inputs)
    assert logits.signal.shape == logits.image.shape == (3, 6)


@pytest.mark.parametrize("mode", list(CmamWithoutSignal))
def test_image_only_is_the_image_stream_without_the_signal(
    inputs: tuple[torch.Tensor, torch.Tensor], mode: CmamWithoutSignal
) -> None:
    signal, image = inputs
    full = network(cmam_without_signal=mode)
    nobody = torch.zeros(3, dtype=torch.bool)
    with torch.inference_mode():
        expected = full(signal, image, cross=nobody).image
        deployed = ImageOnly(network=full)
        np.testing.assert_allclose(deployed(image), expected, atol=tolerance("f32-reorder"))
        np.testing.assert_allclose(full.forward_image(image), expected, atol=tolerance("f32-reorder"))
        assert not torch.allclose(full(signal, image).image, expected, atol=1e-3), "CMAM brings nothing in"
    assert not any(name.startswith("network.signal") for name, _ in deployed.named_parameters())


def test_attention_modules_can_be_left_out(inputs: tuple[torch.Tensor, torch.Tensor]) -> None:
    sizes = [sum(p.numel() for p in network(cmam=cmam, smam=smam).parameters()) for cmam in (0, 1) for smam in (0, 1)]
    assert sizes[0] < sizes[1] == sizes[2] < sizes[3]
    assert network(cmam=False, smam=False)(*inputs).image.shape == (3, 6)


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        ({"image_strides_across": (1, 2, 2, 2, 2)}, 2 * 6),
        ({"image_strides_across": (1, 1, 2, 2, 1), "image_strides_down": (2, 2, 2, 1, 1)}, 8 * 24),
        ({"image_strides_across": (1, 1, 2, 2, 1), "image_token_pool": (2, 4)}, 1 * 6),
        ({"image_blocks": (1, 1, 3, 2), "image_kernels_across": (11, 3, 5, 7, 7)}, 2 * 3),
        ({"image_fold": 1, "image_strides_across": (2, 1, 1, 2, 1), "image_blocks": (1, 2, 1, 3)}, 1 * 24),
    ],
    ids=["stem", "stages", "pooled tokens", "blocks and kernels", "folded"],
)  # fmt: skip
def test_a_trunk_can_keep_time(
    inputs: tuple[torch.Tensor, torch.Tensor], changes: dict[str, tuple[int, ...]], tokens: int
) -> None:
    keeps = network(**changes)
    assert network().image_encoder(inputs[1]).shape == (3, 2 * 3, 16)
    assert keeps.image_encoder(inputs[1]).shape == (3, tokens, 16)
    with torch.inference_mode():
        expected = keeps.forward_image(inputs[1])
        np.testing.assert_allclose(ImageOnly(network=keeps)(inputs[1]), expected, atol=tolerance("f32-reorder"))
    assert VizECGNetConfig.from_dict(keeps.config.to_dict()) == keeps.config


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"image_strides_across": (3, 2, 2, 2, 2)}, "strides are 1, 2 or 4"),
        ({"image_kernels_down": (7, 3, 4, 3, 3)}, "kernels are odd"),
        ({"image_blocks": (2, 0, 2, 2)}, "at least one block"),
        ({"image_token_pool": (1, 2)}, "does not divide a map of 2 x 3"),
        ({"image_fold": 4}, "fold behind stage 1, 2 or 3, got 4"),
    ],
)  # fmt: skip
def test_trunks_that_cannot_be_are_refused(changes: dict[str, tuple[int, ...]], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        network(**changes)
    with pytest.raises(UsageError, match=complaint):
        build_system("vizecgnet", {**TINY.to_dict(), **changes})


def test_rows_of_a_folded_map_are_told_apart(inputs: tuple[torch.Tensor, torch.Tensor]) -> None:
    """What a stage sees in one row and what it sees in another come by weights of their own, and as one row."""
    trunk = network(image_fold=2).image_encoder.trunk
    image = inputs[1]
    for stage, rows in zip((1, 2, 3, 4), (trunk.cells(1)[0], trunk.cells(2)[0], 1, 1), strict=True):
        features, _ = trunk.features(image, stage)
        assert features.shape[2:] == trunk.cells(stage)
        assert features.shape[2] == rows
        assert trunk.strides(stage)[0] * rows >= image.shape[2]
    fold = trunk.stages[trunk.last_block(2) + 1]
    lines = [torch.zeros(1, fold.conv.in_channels, *trunk.cells(2)) for _ in range(2)]
    for row, line in enumerate(lines):
        line[:, :, row] = 1.0
    upper, lower = (fold.eval()(line) for line in lines)
    assert not torch.allclose(upper, lower)


def test_checkpoints_of_before_tell_the_stride_of_the_stem_alone() -> None:
    plain = {**TINY.to_dict(), "image_time_stride": 1}
    del plain["image_strides_across"]
    assert VizECGNetConfig.from_dict(plain).image_strides_across == (1, 2, 2, 2, 2)


def test_configuration_round_trip_and_unknown_keys() -> None:
    assert VizECGNetConfig.from_dict(TINY.to_dict()) == TINY
    with pytest.raises(ValueError, match="unknown option 'widht'"):
        VizECGNetConfig.from_dict({"widht": 3})


def test_default_network_has_the_papers_size() -> None:
    parameters = sum(p.numel() for p in ImageOnly(network=VizECGNet(config=VizECGNetConfig())).parameters())
    assert 11.0e6 < parameters < 11.6e6


def test_distillation_teaches_the_image_stream_only() -> None:
    teacher, student = torch.randn(4, 6, requires_grad=True), torch.randn(4, 6, requires_grad=True)
    bernoulli_kl(teacher, student).sum().backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert float(student.grad.abs().sum()) > 0


def test_kl_agrees_with_torch_distributions() -> None:
    a, b = torch.randn(5, 6), torch.randn(5, 6)
    bernoulli = torch.distributions.Bernoulli
    expected = torch.distributions.kl_divergence(bernoulli(logits=a), bernoulli(logits=b)).mean(dim=0)
    np.testing.assert_allclose(bernoulli_kl(a, b), expected, atol=tolerance("f32-reorder"))
    assert float(bernoulli_kl(a, a).abs().max()) == pytest.approx(0, abs=tolerance("f32-reorder"))


def test_loss_is_the_sum_of_its_terms() -> None:
    logits, labels = Logits(signal=torch.randn(4, 6), image=torch.randn(4, 6)), torch.ones(4, 6)
    terms = training_loss(logits, labels, distillation_weight=0.5)
    assert float(terms.total) == pytest.approx(float(terms.signal + terms.image + 0.5 * terms.distillation), rel=1e-6)


@pytest.mark.parametrize(
    ("direction", "learns"), [("signal_to_image", "image"), ("image_to_signal", "signal"), ("symmetric", "both")]
)
def test_distillation_has_a_direction(direction: str, learns: str) -> None:
    signal, image = torch.randn(4, 6, requires_grad=True), torch.randn(4, 6, requires_grad=True)
    distillation_loss(signal, image, direction=DistillationDirection(direction), temperature=2.0).backward()
    assert (signal.grad is not None) == (learns in ("signal", "both"))
    assert (image.grad is not None) == (learns in ("image", "both"))


def test_a_positive_counts_as_its_weight_says() -> None:
    logits = Logits(signal=None, image=torch.zeros(2, 6))
    labels = torch.zeros(2, 6)
    labels[0] = 1
    plain = training_loss(logits, labels)
    weighted = training_loss(logits, labels, positive_weight=torch.full((6,), 3.0))
    assert float(weighted.image) == pytest.approx(2 * float(plain.image), rel=1e-6)
    assert float(plain.signal) == float(plain.distillation) == 0


@pytest.mark.parametrize("streams", [Modality.SIGNAL, Modality.IMAGE])
def test_a_network_of_one_stream(inputs: tuple[torch.Tensor, torch.Tensor], streams: Modality) -> None:
    signal, image = inputs
    both, one = network(), network(streams=streams)
    own = both.state_dict()
    one.load_state_dict({name: own[name] for name in one.state_dict()})
    with torch.inference_mode():
        logits = one(signal if streams.has_signal else None, image if streams.has_image else None)
        expected = both.forward_signal(signal) if streams is Modality.SIGNAL else both.forward_image(image)
    found = logits.signal if streams is Modality.SIGNAL else logits.image
    np.testing.assert_allclose(found, expected, atol=tolerance("f32-reorder"))
    assert (logits.signal is None) != (logits.image is None)
    if streams is Modality.SIGNAL:
        with pytest.raises(UsageError, match="no image stream"):
            ImageOnly(network=one)


def test_the_memory_learns_what_the_other_modality_does(inputs: tuple[torch.Tensor, torch.Tensor]) -> None:
    made = network(cmam_without_signal=CmamWithoutSignal.MEMORY)
    own, other = torch.randn(3, 6, 16), torch.randn(3, 8, 16, requires_grad=True)
    _, gap = made.image_stream.cross(own, other, where=None)
    assert gap is not None
    assert gap.item() > 0
    gap.backward()
    assert made.image_stream.memory.grad is not None
    assert other.grad is None, "the other modality is what the memory moves towards, and stays where it is"
    assert made(*inputs).memory_gap is not None
    assert network()(*inputs).memory_gap is None


def test_leads_together_or_one_by_one_give_the_same_tokens_shape(inputs: tuple[torch.Tensor, torch.Tensor]) -> None:
    tokens = {mixing: network(signal_leads=mixing).signal_encoder(inputs[0]) for mixing in LeadMixing}
    assert tokens[LeadMixing.SHARED].shape == tokens[LeadMixing.JOINT].shape == (3, 8, 16)


def test_platt_recovers_scale_and_bias() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 20000)
    labels = (rng.random(20000) < 1 / (1 + np.exp(-(0.6 * logits - 1.5)))).astype(np.float64)
    scale, bias = fit_platt(logits, labels)
    assert scale == pytest.approx(0.6, abs=tolerance("platt"))
    assert bias == pytest.approx(-1.5, abs=tolerance("platt"))


def test_best_threshold_by_exhaustion() -> None:
    rng = np.random.default_rng(1)
    labels = (rng.random(60) < 0.3).astype(float)
    scores = np.round(np.clip(labels * 0.3 + rng.random(60) * 0.7, 0.01, 0.99), 2)

    def f1(threshold: float) -> float:
        found = scores >= threshold
        return float(2 * (found * labels).sum() / (found.sum() + labels.sum()))

    assert f1(best_f1_threshold(scores, labels)) == pytest.approx(max(f1(t) for t in np.unique(scores)))


def test_a_class_without_positives_cannot_be_calibrated() -> None:
    with pytest.raises(UsageError, match="with and without ST: 0 of 8"):
        fit_decision_rule(
            np.zeros((8, 6)),
            np.tile([[0, 1], [1, 0]], (4, 3))[:, [0, 1, 0, 1, 0, 0]] * [1, 1, 1, 1, 1, 0],
            names=CODE6.names,
        )


def test_figures_against_a_case_done_by_hand() -> None:
    labels = np.zeros((8, 6))
    labels[:4] = 1
    scores = np.where(labels == 1, 0.9, 0.1)
    scores[0, 0] = 0.05  # one missed 1dAVb, below every negative
    figures = evaluate_scores(scores, labels, thresholds=(0.5,) * 6, bootstraps=20, names=CODE6.names)
    first, second = figures["classes"]["1dAVb"], figures["classes"]["RBBB"]
    assert first["auroc"]["value"] == pytest.approx(0.75)
    assert first["recall"]["value"] == pytest.approx(0.75)
    assert first["precision"]["value"] == pytest.approx(1.0)
    assert first["f1"]["value"] == pytest.approx(2 * 0.75 / 1.75, abs=1e-5)
    assert second["auroc"]["value"] == pytest.approx(1.0)
    macro = figures["macro"]
    recall = (5 + 0.75) / 6
    assert macro["f1_of_macro"]["value"] == pytest.approx(2 * recall / (1 + recall), abs=1e-5)
    assert macro["auroc"]["low"] <= macro["auroc"]["value"] <= macro["auroc"]["high"]
    assert figures["positives"]["ST"] == 4


def test_a_class_without_positives_is_null_not_zero() -> None:
    labels = np.zeros((10, 6))
    labels[:5, :5] = 1
    figures = evaluate_scores(np.full((10, 6), 0.3), labels, thresholds=(0.5,) * 6, bootstraps=5, names=CODE6.names)
    assert figures["classes"]["ST"]["auroc"] == {"value": None, "low": None, "high": None}
    assert figures["macro"]["auroc"]["value"] == pytest.approx(0.5)


def test_the_learning_rate_warms_up_and_comes_down() -> None:
    shares = [rate_at(step, total=100, warmup=10, final=0.01) for step in range(101)]
    assert shares[0] == pytest.approx(0.01)
    assert max(shares) == shares[10] == 1.0
    assert shares[100] == pytest.approx(0.01)
    assert all(later <= earlier for earlier, later in pairwise(shares[10:]))
    assert rate_at(3, total=0, warmup=0, final=0.5) == pytest.approx(0.5)
