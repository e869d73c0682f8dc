"""The bundle's manifest: what a device must know, and the proof that nothing was changed since.

A bundle is a directory: ``manifest.json`` and the files it lists, each with its sha256. The bundle's own fingerprint
is the sha256 of ``manifest.json``, which covers all the others.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vizecg.spec.bundle_files import MOST_TEXT_BYTES, check_listed, hash_plain, read_plain
from vizecg.spec.checks import check_types, printable
from vizecg.spec.decide import DecisionRule, RuleSource
from vizecg.spec.errors import BundleError, UsageError
from vizecg.spec.files import write_atomically
from vizecg.spec.fingerprint import sha256_bytes, sha256_file
from vizecg.spec.gate import QualityGate
from vizecg.spec.labels import INTENDED_USE, LabelSet
from vizecg.spec.onnx_files import external_files
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.spec.sheet import SheetSpec

SCHEMA_VERSION = 5
MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
"""Optional, and the one file that no manifest lists: it signs the manifest (``vizecg.spec.signature``)."""
GOLDEN = "golden.npz"
MODEL_INPUT, MODEL_OUTPUT = "image", "logits"
"""Names in every model file."""
ONNX_SUFFIX = ".onnx"
_ONNX_TARGETS = ("onnx", "tensorrt")
_ANEW = "make the bundle anew with vizecg-export --checkpoint RUN/best.ckpt --target TARGET --out BUNDLE --force"


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """One model file: input ``image`` float32 (n, 1, H, W), output ``logits`` float32 (n, labels).

    ``machine`` is ``any`` or the processor that the file is made for, ``extra_files`` belong to it, ``scope`` says what
    int8 reaches. ``rule_source`` says what ``decision`` was fitted on. ``parity``, ``accuracy`` and ``latency`` hold
    what was measured on this very file, in ``runtime``. ``fallbacks`` lists what was asked for and tried before, and
    why it was not taken; ``details`` is the target's own.
    """

    name: str
    file: str
    target: str
    precision: str
    decision: DecisionRule
    rule_source: RuleSource
    machine: str = "any"
    scope: str | None = None
    runtime: str = ""
    extra_files: tuple[str, ...] = ()
    parity: dict[str, Any] = field(default_factory=dict)
    accuracy: dict[str, Any] = field(default_factory=dict)
    latency: dict[str, Any] = field(default_factory=dict)
    fallbacks: tuple[dict[str, Any], ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def calibrated(self) -> bool:
        return self.rule_source is not RuleSource.NONE

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Artefact:
        lists: dict[str, Any] = {key: tuple(data[key]) for key in ("extra_files", "fallbacks") if key in data}
        rule = {
            "decision": DecisionRule.from_dict(data["decision"]), "rule_source": RuleSource(data["rule_source"]),
        }  # fmt: skip
        artefact = cls(**{**data, **lists, **rule})
        check_types(artefact)
        return artefact


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything that the edge reads; see the module's docstring for the files beside it.

    ``ladder`` holds how far each step from the float network to the artefacts is from it, on the golden sheets.
    ``gate`` says which photographs are answered, ``gate_source`` what it and the artefacts' ``undecided_margin`` were
    fitted on; empty where they were not fitted for this bundle. The outputs are those of ``labels``.
    """

    name: str
    labels: LabelSet
    artefacts: tuple[Artefact, ...]
    default_artefact: str
    sheet: SheetSpec
    preprocess: PreprocessSpec
    renderer_version: str
    checkpoint: dict[str, Any]
    calibration: dict[str, Any]
    toolchain: dict[str, str]
    source: dict[str, Any]
    files: dict[str, str]
    ladder: tuple[dict[str, Any], ...] = ()
    gate: QualityGate = field(default_factory=QualityGate)
    gate_source: dict[str, Any] = field(default_factory=dict)
    intended_use: str = INTENDED_USE
    schema_version: int = SCHEMA_VERSION

    def artefact(self, name: str | None = None) -> Artefact:
        """An artefact by name; the default one for None."""
        wanted = name or self.default_artefact
        for artefact in self.artefacts:
            if artefact.name == wanted:
                return artefact
        names = ", ".join(artefact.name for artefact in self.artefacts)
        raise UsageError(f"bundle {self.name} has no artefact {wanted!r}: it has {names}")

    def onnx_artefact(self, machine: str) -> Artefact:
        """What ONNX Runtime runs on processors called ``machine``: the file made for them, or the one for any.

        Raises:
            BundleError: the bundle holds no such file.
        """
        fitting = [a for a in self.artefacts if a.target == "onnx" and a.machine in ("any", machine)]
        if not fitting:
            names = ", ".join(artefact.name for artefact in self.artefacts)
            raise BundleError(f"bundle {self.name} has nothing for ONNX Runtime on {machine}: it has {names}")
        return max(fitting, key=lambda artefact: artefact.machine == machine)

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "labels": self.labels.to_dict()}, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Parse and check a manifest.

        Raises:
            BundleError: not JSON, of another schema, or with fields missing or wrong.
        """
        try:
            data = json.loads(text)
            if data.get("schema_version") != SCHEMA_VERSION:
                schema = printable(data.get("schema_version"))
                raise BundleError(f"manifest schema {schema} is not {SCHEMA_VERSION}: {_ANEW}")
            data["labels"] = LabelSet.from_dict(data["labels"])
            data["artefacts"] = tuple(Artefact.from_dict(raw) for raw in data["artefacts"])
            data["ladder"] = tuple(data["ladder"])
            data["sheet"] = SheetSpec.from_dict(data["sheet"])
            data["preprocess"] = PreprocessSpec.from_dict(data["preprocess"])
            data["gate"] = QualityGate.from_dict(data["gate"])
            manifest = cls(**data)
            check_types(manifest)
            manifest.artefact()
            for artefact in manifest.artefacts:
                if len(artefact.decision) != len(manifest.labels):
                    numbers = f"{len(artefact.decision)} decisions for {len(manifest.labels)} labels"
                    raise BundleError(f"artefact {printable(artefact.name)} has {numbers}")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UsageError) as error:
            raise BundleError(f"the manifest cannot be read: {printable(error, 200)}") from error
        return manifest


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """An opened bundle whose files were all verified."""

    path: Path
    manifest: Manifest
    sha256: str

    def file(self, name: str) -> Path:
        return self.path / name

    def read(self, name: str, *, most: int) -> bytes:
        """A listed file, whose bytes are those that the manifest vouches for.

        Args:
            name: of the file.
            most: bytes that it may have.

        Raises:
            BundleError: it is larger, or was changed, or taken away, since the bundle was opened.
        """
        data = read_plain(self.path, name, most=most)
        if sha256_bytes(data) != self.manifest.files[name]:
            raise BundleError(_changed(self.path, name))
        return data


def open_bundle(path: Path) -> Bundle:
    """Open a bundle and verify every file in it; nothing else is in its folder, and nothing outside is opened.

    Raises:
        BundleError: no bundle, damaged, changed, or of another schema; something that the manifest does not list lies
            in it, or a model asks for such a file.
    """
    if not (path / MANIFEST).is_file():
        raise BundleError(f"{path} is not a bundle: it has no {MANIFEST}")
    raw = read_plain(path, MANIFEST, most=MOST_TEXT_BYTES)
    try:
        manifest = Manifest.from_json(raw.decode())
    except UnicodeDecodeError as error:
        raise BundleError(f"{path / MANIFEST} is damaged: not UTF-8 text") from error
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error
    if unlistable := {MANIFEST, SIGNATURE} & set(manifest.files):
        raise BundleError(f"{path}: the manifest lists {', '.join(unlistable)}, which vouches for the others")
    check_listed(path, {*manifest.files, MANIFEST, SIGNATURE})
    for artefact in manifest.artefacts:
        for name in (artefact.file, *artefact.extra_files):
            if name not in manifest.files:
                raise BundleError(f"{path}: {printable(name)} has no recorded hash")
    models = {artefact.file for artefact in manifest.artefacts if artefact.target in _ONNX_TARGETS}
    for name, expected in manifest.files.items():
        model = read_plain(path, name) if name in models else None
        if (hash_plain(path, name) if model is None else sha256_bytes(model)) != expected:
            raise BundleError(_changed(path, name))
        if model is not None:
            _check_onnx(path, manifest, name, model)
    return Bundle(path=path, manifest=manifest, sha256=sha256_bytes(raw))


def _check_onnx(path: Path, manifest: Manifest, file: str, model: bytes) -> None:
    """Raise BundleError unless every file that a model names is one of its artefact's own, which are hashed."""
    if not file.endswith(ONNX_SUFFIX):
        raise BundleError(f"{path}: {printable(file)} is no {ONNX_SUFFIX} file, which its target wants")
    own = {name for artefact in manifest.artefacts if artefact.file == file for name in artefact.extra_files}
    try:
        named = external_files(model)
    except ValueError as error:
        raise BundleError(f"{path}: {printable(file)} is not opened: {error}") from error
    for name in named:
        if name not in own:
            raise BundleError(f"{path}: {printable(file)} has weights in {printable(name)}, not listed for it")


def _changed(path: Path, name: str) -> str:
    return f"{path}: {printable(name)} was changed since the export (sha256 differs)"


def hash_files(folder: Path) -> dict[str, str]:
    """name -> sha256 of every file of a bundle under construction, but for its manifest and what signs that."""
    vouching = (MANIFEST, SIGNATURE)
    return {file.name: sha256_file(file) for file in sorted(folder.iterdir()) if file.name not in vouching}


def pin_of(path: Path) -> Path:
    """The file beside a bundle that holds its fingerprint, where there is one: ``sha256sum -c`` checks it."""
    return path.with_name(f"{path.name}.sha256")


def publish_bundle(folder: Path, manifest: Manifest, target: Path) -> Bundle:
    """Write the manifest into ``folder`` and move the whole to ``target``: there whole or not at all.

    An older bundle at ``target`` is replaced; anything else there is left alone. A fingerprint that is pinned beside it
    (``pin_of``), as that of the shipped bundle is, becomes the new one.

    Raises:
        UsageError: ``target`` exists and is no bundle.
    """
    check_target(target, replace=True)
    # What was signed is no longer what is there.
    (folder / SIGNATURE).unlink(missing_ok=True)
    (folder / MANIFEST).write_text(manifest.to_json())
    if target.exists():
        # A directory cannot replace a full one in one step: the old one steps aside first.
        aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".old-"))
        os.replace(target, aside / "bundle")
        os.replace(folder, target)
        shutil.rmtree(aside)
    else:
        os.replace(folder, target)
    bundle = open_bundle(target)
    pin = pin_of(target)
    if pin.is_file():
        write_atomically(pin, f"{bundle.sha256}  {target.name}/{MANIFEST}\n")
    return bundle


def check_target(target: Path, *, replace: bool) -> None:
    """Refuse a place that cannot take a bundle, before hours of work and not after.

    Args:
        target: the bundle's folder; folders above it that do not exist are made when it is written.
        replace: whether a bundle may lie there already.

    Raises:
        UsageError: something else lies there, a bundle that may not be replaced, or nothing can be written there.
    """
    if target.exists():
        if not (target / MANIFEST).is_file():
            raise UsageError(f"{target} exists and is not a bundle: it is left alone")
        if not replace:
            raise UsageError(f"{target} holds a bundle already: --force replaces it")
    above = target.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise UsageError(f"{target} cannot be made: {above} is a file")
    if not os.access(above, os.W_OK):
        raise UsageError(f"{target} cannot be made: there is no right to write in {above}")
