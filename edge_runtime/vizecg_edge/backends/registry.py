"""Which engines there are, what each can run, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vizecg.spec import BundleError, UsageError
from vizecg.spec.manifest import Artefact, Bundle, Manifest
from vizecg_edge.backends.base import Backend
from vizecg_edge.backends.kinds import BackendKind

Opener = Callable[[Bundle, Artefact, int], Backend]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One engine.

    Attributes:
        targets: of artefacts it can run, the best first.
        precisions: number formats, the best first; those that are not named are equal and come last.
        open: (bundle, artefact, threads) -> the engine, loaded. It imports its libraries then and not before.
    """

    targets: tuple[str, ...]
    precisions: tuple[str, ...] = ()
    open: Opener

    def candidates(self, manifest: Manifest, machine: str) -> list[Artefact]:
        """The artefacts that it can run on processors called ``machine``, the best first."""
        fitting = [a for a in manifest.artefacts if a.target in self.targets and a.machine in ("any", machine)]
        return sorted(fitting, key=lambda artefact: self._rank(artefact, machine))

    def pick(self, manifest: Manifest, name: str | None, machine: str) -> Artefact:
        """The artefact called ``name``; for None the best.

        Raises:
            UsageError: there is no ``name``, or it is for another engine.
            BundleError: the bundle has none that fits, or ``name`` is made for another processor.
        """
        if name is None:
            fitting = self.candidates(manifest, machine)
            if not fitting:
                names = ", ".join(artefact.name for artefact in manifest.artefacts)
                raise BundleError(
                    f"bundle {manifest.name} has no artefact for {' or '.join(self.targets)} on {machine}:"
                    f" it has {names}"
                )
            return fitting[0]
        artefact = manifest.artefact(name)
        if artefact.target not in self.targets:
            raise UsageError(f"artefact {name} is for {artefact.target}, not for {' or '.join(self.targets)}")
        if artefact.machine not in ("any", machine):
            raise BundleError(f"artefact {name} is made for {artefact.machine}, this is {machine}")
        return artefact

    def _rank(self, artefact: Artefact, machine: str) -> tuple[int, bool, int]:
        order = self.precisions
        place = order.index(artefact.precision) if artefact.precision in order else len(order)
        return self.targets.index(artefact.target), artefact.machine != machine, place


def _onnx(provider: str) -> Opener:
    def opener(bundle: Bundle, artefact: Artefact, threads: int) -> Backend:
        from vizecg_edge.backends.onnx import OnnxBackend, Provider

        return OnnxBackend(
            model=bundle.file(artefact.file),
            input_shape=bundle.manifest.preprocess.input_shape,
            labels=len(bundle.manifest.labels),
            threads=threads,
            provider=Provider[provider],
            precision=artefact.precision,
        )

    return opener


def _tensorrt(bundle: Bundle, artefact: Artefact, threads: int) -> Backend:
    from vizecg_edge.backends.tensorrt import TensorRTBackend

    return TensorRTBackend(bundle=bundle, artefact=artefact)


def _executorch(bundle: Bundle, artefact: Artefact, threads: int) -> Backend:
    from vizecg_edge.backends.runner import RunnerBackend

    return RunnerBackend(
        model=bundle.file(artefact.file),
        input_shape=bundle.manifest.preprocess.input_shape,
        labels=len(bundle.manifest.labels),
        threads=threads,
    )


def _executorch_python(bundle: Bundle, artefact: Artefact, threads: int) -> Backend:
    from vizecg_edge.backends.executorch_python import ExecuTorchBackend

    return ExecuTorchBackend(
        model=bundle.file(artefact.file),
        input_shape=bundle.manifest.preprocess.input_shape,
        labels=len(bundle.manifest.labels),
        threads=threads,
    )


ENTRIES: dict[BackendKind, Entry] = {
    BackendKind.ONNX: Entry(targets=("onnx",), open=_onnx("CPU")),
    # ONNX Runtime has hardly any int8 for CUDA: such nodes go to the CPU and back.
    BackendKind.ONNX_CUDA: Entry(targets=("onnx",), precisions=("fp16", "fp32"), open=_onnx("CUDA")),
    # The typed graphs that are made for TensorRT are ONNX files too.
    BackendKind.ONNX_TENSORRT: Entry(
        targets=("tensorrt", "onnx"), precisions=("int8", "fp16", "fp32"), open=_onnx("TENSORRT")
    ),
    BackendKind.TENSORRT: Entry(targets=("tensorrt",), open=_tensorrt),
    BackendKind.EXECUTORCH: Entry(targets=("executorch",), open=_executorch),
    BackendKind.EXECUTORCH_PYTHON: Entry(targets=("executorch",), open=_executorch_python),
}
