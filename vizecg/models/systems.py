"""Everything that can be trained, by name: VizECGNet and the peers it is compared with, behind one interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from torch import Tensor, nn

from vizecg.models.modality import Modality
from vizecg.models.peers import PEERS, peer
from vizecg.models.vizecgnet import Logits, VizECGNet, VizECGNetConfig
from vizecg.spec import CODE6, UsageError

VIZECGNET = "vizecgnet"


class System(Protocol):
    """A network in training: what ``VizECGNet`` offers. A system without a stream lacks that stream's method."""

    modality: Modality

    def __call__(self, signal: Tensor | None, image: Tensor | None, *, cross: Tensor | None = None) -> Logits: ...

    def forward_signal(self, signal: Tensor) -> Tensor: ...

    def forward_image(self, image: Tensor) -> Tensor: ...


class OneStream(nn.Module):
    """A network of one modality, with the interface of ``System``."""

    def __init__(self, *, modality: Modality, network: nn.Module) -> None:
        super().__init__()
        self.modality = modality
        self.network = network

    def forward(self, signal: Tensor | None, image: Tensor | None, *, cross: Tensor | None = None) -> Logits:
        """``cross`` has no meaning where there is one stream."""
        seen = signal if self.modality is Modality.SIGNAL else image
        assert seen is not None
        logits = self.network(seen)
        if self.modality is Modality.SIGNAL:
            return Logits(signal=logits, image=None)
        return Logits(signal=None, image=logits)

    def forward_signal(self, signal: Tensor) -> Tensor:
        return self.network(signal)

    def forward_image(self, image: Tensor) -> Tensor:
        return self.network(image)


def architectures() -> tuple[str, ...]:
    """Names that ``build_system`` knows."""
    return (VIZECGNET, *PEERS)


def modality_of(architecture: str, options: Mapping[str, Any]) -> Modality:
    """What a system looks at, without building it.

    Raises:
        UsageError: unknown architecture or option.
    """
    if architecture == VIZECGNET:
        return _vizecgnet(options).streams
    return _known(architecture).modality


def build_system(architecture: str, options: Mapping[str, Any], *, labels: int = len(CODE6)) -> nn.Module:
    """A network with fresh weights that follows ``System``.

    Args:
        architecture: ``vizecgnet`` or a peer's name.
        options: of the network; what it does not name keeps its default.
        labels: how many logits it gives.

    Raises:
        UsageError: unknown architecture or option.
    """
    if architecture == VIZECGNET:
        config = _vizecgnet(options)
        try:
            return VizECGNet(config=config, labels=labels)
        except ValueError as error:
            raise UsageError(f"model: {error}") from error
    known = _known(architecture)
    network = known.build(**options, labels=labels)
    if known.modality is Modality.BOTH:
        return network
    return OneStream(modality=known.modality, network=network)


def as_system(network: nn.Module) -> System:
    """The same object, with the type of what it offers."""
    return cast(System, network)


def _known(architecture: str) -> Any:
    if architecture not in PEERS:
        raise UsageError(f"unknown architecture {architecture!r}: expected one of {', '.join(architectures())}")
    return peer(architecture)


def _vizecgnet(options: Mapping[str, Any]) -> VizECGNetConfig:
    try:
        return VizECGNetConfig.from_dict(dict(options))
    except ValueError as error:
        raise UsageError(str(error)) from error
