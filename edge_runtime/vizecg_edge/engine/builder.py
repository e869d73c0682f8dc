"""Bundle -> engine: build, prove on the golden data, and only then keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vizecg.spec import BundleError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.spec.golden import WARM_UP, answer_golden, limits_of, read_golden
from vizecg.spec.manifest import Artefact, Bundle
from vizecg_edge.engine import store
from vizecg_edge.engine.cuda import Cuda, load_cuda
from vizecg_edge.engine.environment import Environment, is_jetson, load_tensorrt, read_environment
from vizecg_edge.engine.generations import LIBRARY, Generation, generation
from vizecg_edge.engine.loaded import LoadedEngine
from vizecg_edge.engine.settings import BuildSettings
from vizecg_edge.engine.toolkit import build_engine


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """TensorRT and CUDA of this machine, loaded, with what is particular to them."""

    trt: Any
    cuda: Cuda
    row: Generation
    environment: Environment


@dataclass(frozen=True, kw_only=True)
class Result:
    """An engine on disk. ``fresh`` is False where one that fits was there already."""

    path: Path
    record: store.EngineRecord
    fresh: bool

    def to_dict(self) -> dict[str, Any]:
        return {"path": str(self.path), "fresh": self.fresh, **self.record.to_dict()}


def open_workshop() -> Workshop:
    """Load TensorRT and CUDA.

    Raises:
        MissingToolError: TensorRT or the CUDA runtime is not installed.
        BundleError: no GPU, or a TensorRT that is too old.
    """
    trt = load_tensorrt()
    cuda = load_cuda()
    row = generation(LIBRARY, str(trt.__version__), jetson=is_jetson())
    return Workshop(trt=trt, cuda=cuda, row=row, environment=read_environment(trt, cuda))


def build(
    bundle: Bundle,
    artefact: Artefact,
    *,
    workshop: Workshop,
    folder: Path | None = None,
    force: bool = False,
    workspace_mib: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Result:
    """The accepted engine of an artefact: the one that is there, or a new one.

    Args:
        bundle: opened, so verified.
        artefact: one for TensorRT.
        workshop: TensorRT and CUDA.
        folder: of engines; None takes the default.
        force: build although one that fits is there.
        workspace_mib: scratch memory in place of the recipe's.
        say: told of each step.

    Raises:
        BundleError: the artefact has no usable settings, or TensorRT refuses it.
        ParityError: the engine leaves the float network; nothing is written.
    """
    place = store.engines_folder(folder)
    environment = workshop.environment
    if not force:
        try:
            path, record = store.find_engine(bundle, artefact, environment=environment, folder=place)
            return Result(path=path, record=record, fresh=False)
        except BundleError as error:
            say(str(error))
    settings = BuildSettings.from_artefact(artefact)
    if workspace_mib is not None:
        settings = replace(settings, workspace_mib=workspace_mib)
    limits, golden = limits_of(artefact), read_golden(bundle)
    cache = store.timing_cache_path(place, environment)
    say(f"building {artefact.name} for {environment.gpu} with TensorRT {environment.tensorrt}: minutes on a Jetson")
    built = build_engine(
        workshop.trt,
        workshop.row,
        model=bundle.file(artefact.file),
        settings=settings,
        timing_cache=cache.read_bytes() if cache.is_file() else None,
    )
    write_atomically(cache, built.timing_cache)
    say(f"built in {built.seconds:.0f} s; {len(golden.images)} golden sheets")
    loaded = load_engine(workshop, built.engine, bundle)
    try:
        answers = answer_golden(loaded.logits, golden, rule=artefact.decision, warm_up=WARM_UP)
        device_bytes = loaded.device_bytes
    finally:
        loaded.close()
    answers.check(limits=limits, artefact=f"the engine of {artefact.name} was not kept: it")
    name = store.stem(bundle, artefact, environment)
    record = store.EngineRecord(
        bundle=bundle.manifest.name,
        bundle_sha256=bundle.sha256,
        artefact=artefact.name,
        engine=f"{name}.engine",
        engine_sha256=sha256_bytes(built.engine),
        built_in=environment.to_dict(),
        parity=answers.to_dict(),
        limits=limits.to_dict(),
        layers=built.layers,
        build_s=built.seconds,
        device_bytes=device_bytes,
    )
    return Result(path=store.write_engine(place, name, built.engine, record), record=record, fresh=True)


def load_engine(workshop: Workshop, engine: bytes, bundle: Bundle) -> LoadedEngine:
    """An engine, ready for the sheets of ``bundle``."""
    return LoadedEngine(
        trt=workshop.trt,
        row=workshop.row,
        cuda=workshop.cuda,
        engine=engine,
        input_shape=bundle.manifest.preprocess.input_shape,
        labels=len(bundle.manifest.labels),
    )
