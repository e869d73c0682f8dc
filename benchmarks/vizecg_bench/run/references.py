"""The same checkpoint in other precisions, made for comparison by ``vizecg-export`` and kept in the user's cache."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from vizecg.spec import BundleError, MissingToolError, VizecgError
from vizecg.spec.files import user_cache
from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.install import pip_install
from vizecg.spec.manifest import Bundle, open_bundle
from vizecg_bench.run.schema import LeftOut

WANTED = (("onnx", "fp32"), ("onnx", "fp16"), ("executorch", "fp32"))
"""Targets and precisions. int8 wants calibration data: it is measured where a bundle has it."""
EXTRAS = ("train", "onnx", "executorch")


@dataclass(frozen=True, kw_only=True)
class References:
    """Bundles of the same checkpoint, and what could not be made."""

    bundles: tuple[Bundle, ...]
    left_out: tuple[LeftOut, ...]


def find_checkpoint(bundle: Bundle, named: Path | None) -> Path:
    """The checkpoint behind a bundle: ``named``, else the shipped one.

    Raises:
        MissingToolError: the exporter, which holds the shipped one, is not installed.
        BundleError: it is another one than the bundle was made of.
    """
    found = named or _shipped()
    wanted = bundle.manifest.checkpoint.get("sha256")
    if wanted not in (sha256_file(found), _trained_sha256(found)):
        raise BundleError(f"{found} is not the checkpoint that bundle {bundle.manifest.name} was made of: --checkpoint")
    return found


def _trained_sha256(path: Path) -> str:
    """Of a slimmed checkpoint, the sha256 of the one that training wrote; its image stream is the same."""
    try:
        from vizecg.train.checkpoint import load_checkpoint
    except ModuleNotFoundError as error:
        raise MissingToolError(f"the float network needs {error.name}: {pip_install(*EXTRAS)}") from error
    return load_checkpoint(path).trained_sha256


def make_references(bundle: Bundle, checkpoint: Path, *, have: set[tuple[str, str]], console: Console) -> References:
    """Export what is wanted and not in the bundle; what was exported before is taken from the cache.

    Args:
        bundle: the measured one.
        checkpoint: behind it.
        have: (target, precision) that it holds.
        console: where progress is told.
    """
    # The exporter's version decides what comes out as much as the checkpoint does.
    toolchain = "-".join(bundle.manifest.toolchain.get(name, "") for name in ("vizecg", "torch"))
    folder = user_cache() / "bench" / f"{str(bundle.manifest.checkpoint['sha256'])[:16]}-{toolchain}"
    bundles, left_out = [], []
    for target, precision in WANTED:
        if (target, precision) in have:
            continue
        try:
            bundles.append(_reference(folder / f"{target}-{precision}.vizecg", checkpoint, target, precision, console))
        except VizecgError as error:
            left_out.append(LeftOut(name=f"{target}-{precision}", why=str(error)))
    return References(bundles=tuple(bundles), left_out=tuple(left_out))


def _shipped() -> Path:
    package = importlib.util.find_spec("vizecg_export")
    if package is None or not package.submodule_search_locations:
        raise MissingToolError(
            f"the float network needs a checkpoint (--checkpoint) and the exporter: {pip_install(*EXTRAS)}"
        )
    return Path(next(iter(package.submodule_search_locations))) / "weights" / "default.ckpt"


def _reference(path: Path, checkpoint: Path, target: str, precision: str, console: Console) -> Bundle:
    if path.is_dir():
        try:
            return open_bundle(path)
        except BundleError:
            console.print(f"{path} is damaged or of another version: made anew")
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "vizecg_export.cli", "--target", target, "--precision", precision,
               "--checkpoint", str(checkpoint), "--out", str(path), "--name", f"reference-{precision}"]  # fmt: skip
    with console.status(f"exporting {target} {precision} to compare with"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1].removeprefix("error: ")
        raise MissingToolError(last) if done.returncode == MissingToolError.exit_code else BundleError(last)
    return open_bundle(path)
