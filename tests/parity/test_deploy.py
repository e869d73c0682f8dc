"""The graph that exports take gives the logits of the network that was trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from small_networks import small_images, small_network
from tolerances import tolerance
from vizecg.models import CmamWithoutSignal, ImageOnly
from vizecg.models.attention import ModalAttention

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("mode", list(CmamWithoutSignal))
def test_folding_changes_no_logit_and_not_the_network(mode: CmamWithoutSignal) -> None:
    network = small_network(cmam_without_signal=mode)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = torch.from_numpy(small_images(8))
    with torch.inference_mode():
        expected = network.forward_image(images)
        found = ImageOnly(network=network)(images)
    assert float(expected.std()) > 0.1, "an answer that does not depend on the image would hide everything"
    np.testing.assert_allclose(found, expected, atol=tolerance("folded"))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_attention_with_another_context_folds_too() -> None:
    torch.manual_seed(0)
    plain, folded = (ModalAttention(width=16, heads=2).eval() for _ in range(2))
    for module in (plain.norm_x, plain.norm_context):
        torch.nn.init.uniform_(module.weight, 0.5, 1.5)
        torch.nn.init.normal_(module.bias)
    torch.nn.init.normal_(plain.out.weight)
    folded.load_state_dict(plain.state_dict())
    folded.fold()
    x, context = torch.randn(2, 5, 16), torch.randn(2, 7, 16)
    with torch.inference_mode():
        for other in (context, x):
            np.testing.assert_allclose(folded(x, other), plain(x, other), atol=tolerance("folded"))
    assert folded.scale == 1


def test_the_mean_over_a_map_is_the_mean_over_tokens() -> None:
    stream = small_network().image_stream
    tokens = torch.randn(3, 18, 16)
    with torch.inference_mode():
        expected = stream.head(stream.smam(tokens, tokens).mean(dim=1))
        assert torch.equal(stream.finish(tokens), expected)


def test_the_exported_graph_has_no_more_than_it_needs() -> None:
    deployed = ImageOnly(network=small_network())
    graph = torch.export.export(deployed, (torch.zeros(1, 1, 96, 192),)).graph
    targets = [str(node.target) for node in graph.nodes if node.op == "call_function"]
    assert targets.count("aten.bmm.default") == 2
    assert targets.count("aten.layer_norm.default") == 2, (
        "one for the attention of tokens to themselves, one in the head"
    )
    assert not {"aten.mul.Tensor", "aten.matmul.default", "aten.expand.default"} & set(targets)
