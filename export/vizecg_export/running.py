"""Running the model files of a bundle in their own runtimes."""

from __future__ import annotations

from pathlib import Path

from vizecg.spec import BundleError, VizecgError
from vizecg.spec.manifest import Artefact, Bundle
from vizecg_export.job import Run
from vizecg_export.targets import Machine, Precision, Target, require


def open_artefact(bundle: Bundle, artefact: Artefact) -> Run:
    """An artefact, loaded; see ``open_file``."""
    return open_file(artefact, bundle.file(artefact.file))


def open_file(artefact: Artefact, file: Path) -> Run:
    """The file of an artefact in its target's runtime, for TensorRT in ONNX Runtime as a stand-in.

    Raises:
        MissingToolError: the runtime is not installed.
        BundleError: the file does not load.
    """
    target = Target(artefact.target)
    require(target)
    try:
        return _load(target, artefact, file)
    except VizecgError:
        raise
    # Every runtime has exception classes of its own, which share no base but Exception.
    except Exception as error:
        raise BundleError(f"{file} does not load: {str(error).splitlines()[0]}") from error


def _load(target: Target, artefact: Artefact, file: Path) -> Run:
    if target is Target.EXECUTORCH:
        from vizecg_export.recipes import executorch

        return executorch.open_model(file)
    if target is Target.TENSORRT:
        from vizecg_export.recipes.tensorrt.recipe import StandIn

        return StandIn(model=file)
    from vizecg_export.recipes import onnx

    int8 = artefact.precision == Precision.INT8.value
    run, _ = onnx.open_model(file, int8=int8, machine=Machine(artefact.machine))
    return run
