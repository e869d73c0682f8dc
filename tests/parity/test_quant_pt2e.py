"""What becomes int8, and what does not."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.fx import GraphModule

pytest.importorskip("executorch", reason="the extra `executorch` is not installed")

from small_networks import cosine, small_deployed, small_images
from tolerances import tolerance
from vizecg.spec import UsageError
from vizecg_export.job import Job
from vizecg_export.quant.graphs import quantised_graph
from vizecg_export.quant.pt2e import calibrated, each, float_graph
from vizecg_export.quiet import quiet
from vizecg_export.targets import Precision, Scope

pytestmark = pytest.mark.parity

SHAPE = (1, 1, 96, 192)


def job(folder: Path, **changes: Any) -> Job:
    arguments: dict[str, Any] = {
        "network": small_deployed(), "input_shape": SHAPE, "folder": folder, "precision": Precision.INT8,
        "images": small_images(8),
    }  # fmt: skip
    return Job(**{**arguments, **changes})


def answers(graph: GraphModule, images: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return np.concatenate([graph(image).numpy() for image in each(images)])


def operators(graph: GraphModule) -> list[str]:
    return [node.name for node in graph.graph.nodes if node.op == "call_function"]


def is_quantised(graph: GraphModule, name: str) -> bool:
    """Whether the output of node ``name`` goes into a quantise node and nowhere else."""
    node = next(node for node in graph.graph.nodes if node.name == name)
    return all("quantize_per_tensor" in str(user.target) for user in node.users)


def test_the_float_graph_is_the_network_without_batch_normalisation() -> None:
    network, images = small_deployed(), small_images(3)
    graph = float_graph(network, SHAPE)
    with torch.inference_mode():
        expected = network(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(answers(graph, images), expected, atol=tolerance("executorch-fp32"))
    assert not [name for name in operators(graph) if "norm" in name and "layer" not in name]


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("calibrator", ["histogram", "minmax"])
def test_quantised_graphs_are_near_the_float_graph_node_by_node(tmp_path: Path, scope: Scope, calibrator: str) -> None:
    wanted = job(tmp_path, scope=scope, calibrator=calibrator)
    plain, quantised = float_graph(wanted.network, SHAPE), quantised_graph(wanted)
    images = small_images(12)[8:]
    assert cosine(answers(plain, images), answers(quantised, images)) > tolerance("int8-cosine")
    assert set(operators(plain)) <= set(operators(quantised)), "every float tensor has its quantised counterpart"


def test_full_reaches_the_linear_layers_and_trunk_does_not(tmp_path: Path) -> None:
    full = quantised_graph(job(tmp_path, scope=Scope.FULL))
    trunk = quantised_graph(job(tmp_path, scope=Scope.TRUNK))
    weights = {}
    for graph in (full, trunk):
        assert is_quantised(graph, "conv2d_20"), "the projection"
        assert is_quantised(graph, "relu_16"), "the trunk's last tensor"
        for position in ("add_8", "add_9"):
            assert not is_quantised(graph, position), position
        tensors = [tensor for tensor in graph.state_dict().values() if tensor.dtype == torch.int8 and tensor.ndim > 1]
        weights[graph] = len(tensors)
    assert weights[full] - weights[trunk] == 6, "the linear layers of attention and head"
    assert "choose_qparams" in " ".join(operators(full)), "each token finds its own range"
    assert "choose_qparams" not in " ".join(operators(trunk))


def test_calibration_needs_images_that_fit_and_a_known_calibrator(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs calibration images"):
        quantised_graph(job(tmp_path, images=None))
    with pytest.raises(UsageError, match=r"shape \(1, 95, 192\), expected \(1, 96, 192\)"):
        quantised_graph(job(tmp_path, images=small_images(2)[:, :, 1:]))
    with pytest.raises(UsageError, match="'entropy' is not one of histogram, minmax"):
        calibrated(job(tmp_path, calibrator="entropy"))


def test_quiet_gives_everything_back(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with quiet():
            print("chatter")
            warnings.warn("chatter", stacklevel=1)
            assert not logging.getLogger("torchao").isEnabledFor(logging.WARNING)
            assert logging.getLogger("torchao").isEnabledFor(logging.ERROR)
        print("kept")
    assert capsys.readouterr().out == "kept\n"
    assert not caught
    assert logging.root.manager.disable < logging.WARNING
