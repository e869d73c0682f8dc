"""The build settings that an exporter wrote for an artefact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vizecg.spec import BundleError, UsageError
from vizecg.spec.manifest import Artefact, Manifest

TARGET = "tensorrt"
Shape = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """What the builder is told. Shapes are (n, 1, H, W): the least, the usual and the largest input."""

    least: Shape
    usual: Shape
    largest: Shape
    workspace_mib: int
    optimization_level: int
    timing_iterations: int
    tf32: bool

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> BuildSettings:
        """Read ``artefact.details["build"]``.

        Raises:
            BundleError: it is missing or wrong.
        """
        try:
            build = artefact.details["build"]
            profile = build["profile"]
            settings = cls(
                least=_shape(profile["min"]),
                usual=_shape(profile["opt"]),
                largest=_shape(profile["max"]),
                workspace_mib=int(build["workspace_mib"]),
                optimization_level=int(build["optimization_level"]),
                timing_iterations=int(build["timing_iterations"]),
                tf32=bool(build["tf32"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"artefact {artefact.name} has no usable build settings: {error!r}") from error
        if settings.least[0] != 1 or not settings.least[0] <= settings.usual[0] <= settings.largest[0]:
            raise BundleError(f"artefact {artefact.name}: a profile must begin with one sheet and grow: {profile}")
        return settings


def _shape(values: Any) -> Shape:
    n, channels, height, width = (int(value) for value in values)
    return n, channels, height, width


def pick_artefact(manifest: Manifest, name: str | None) -> Artefact:
    """The artefact called ``name``; for None the default one, or the first, that is for TensorRT.

    Raises:
        UsageError: there is none, or ``name`` is for something else.
    """
    if name is not None:
        artefact = manifest.artefact(name)
        if artefact.target != TARGET:
            raise UsageError(f"artefact {name} is for {artefact.target}, not for TensorRT")
        return artefact
    for artefact in (manifest.artefact(), *manifest.artefacts):
        if artefact.target == TARGET:
            return artefact
    names = ", ".join(artefact.name for artefact in manifest.artefacts)
    raise UsageError(f"bundle {manifest.name} has no artefact for TensorRT: it has {names}")
