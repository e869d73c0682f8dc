"""The page network as the edge runs it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import torch

from vizecg.spec import ParityError
from vizecg.spec.onnx_session import onnx_session
from vizecg_edge.printed.page_net import MULTIPLE
from vizecg_export.recipes.onnx import OPSET, write_clean
from vizecg_lab.page_net.net import PageNet
from vizecg_lab.page_net.tiles import UNCOUNTED, Tiles

MOST_OFF = 1e-4
SHARPNESSES = tuple(np.round(np.arange(0.8, 3.01, 0.1), 1).tolist())


class EdgeNet(torch.nn.Module):
    """As the edge runs it: uint8 (1, 2, h, w) ink -> float32 (1, 1 + names, h / 4, w / 4) probabilities, float32
    (1, h / 4, w / 4) millimetres, uint8 (3, h / 2, w / 2) masks."""

    def __init__(self, net: PageNet, *, sharpness: float) -> None:
        super().__init__()
        # A pass over the whole page is saved where the first convolution takes 0..255 as they come.
        self.net = deepcopy(net)
        with torch.no_grad():
            next(self.net.fine.parameters()).mul_(1 / 255)
        self.sharpness = sharpness

    def forward(self, ink: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        names, height, masks = self.net(ink.to(torch.float32))
        shares = (torch.sigmoid(masks[0]) * 255).to(torch.uint8)
        # ONNX Runtime's Softmax across channels takes a third of the whole network's time, these steps a thirtieth.
        logits = names * self.sharpness
        powers = torch.exp(logits - logits.amax(dim=1, keepdim=True))
        return powers / powers.sum(dim=1, keepdim=True), torch.exp(height[:, 0]), shares


def export_page_net(*, weights: Path, out: Path, sharpness: float = 1.0) -> None:
    """Write the ONNX file of trained weights; ``sharpness`` of ``sharpness_of``.

    Raises:
        ParityError: ONNX Runtime computes something else from it than the network.
    """
    net = trained(weights)
    example = torch.zeros(1, 2, 64, 96, dtype=torch.uint8)
    height, width = (torch.export.Dim(name, min=2, max=1024) for name in ("rows", "columns"))
    program = torch.onnx.export(
        EdgeNet(net, sharpness=sharpness).eval(),
        (example,),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
        input_names=["ink"],
        output_names=["names", "height_mm", "masks"],
        dynamic_shapes=({2: MULTIPLE * height, 3: MULTIPLE * width},),
    )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    write_clean(program.model_proto, out)
    _check(out, EdgeNet(net, sharpness=sharpness).eval())


def _check(written: Path, net: EdgeNet) -> None:
    ink = np.random.default_rng(0).integers(0, 256, (1, 2, 104, 136), dtype=np.uint8)
    outputs = onnx_session(written).run(None, {"ink": ink})
    with torch.no_grad():
        wanted = [output.numpy() for output in net(torch.from_numpy(ink))]
    off = [float(np.abs(a.astype(np.float64) - b).max()) for a, b in zip(outputs, wanted, strict=True)]
    if off[0] > MOST_OFF or off[1] > 10 * MOST_OFF or off[2] > 1:
        raise ParityError(
            f"{written}: names are off by {off[0]:.1e}, heights by {off[1]:.1e} mm, masks by {off[2]:.0f}"
        )


def trained(weights: Path) -> PageNet:
    """The network with the weights of ``train_page_net``, to be run."""
    net = PageNet()
    net.load_state_dict(torch.load(weights, weights_only=True))
    return net.eval()


def sharpness_of(net: PageNet, tiles: Tiles) -> float:
    """By which the logits of names are multiplied for probabilities to be right: what is learned by weighing the known
    little is less sure than it may be."""
    with torch.no_grad():
        logits = torch.cat([net(torch.from_numpy(part.astype(np.float32) / 255)[None])[0] for part in tiles.ink])
    truth = torch.from_numpy(tiles.names.astype(np.int64))
    errors = {
        sharpness: float(torch.nn.functional.cross_entropy(logits * sharpness, truth, ignore_index=UNCOUNTED))
        for sharpness in SHARPNESSES
    }
    return min(errors, key=errors.__getitem__)
