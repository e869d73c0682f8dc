"""From a recipe, a file, assignments and options to one validated configuration.

What comes later wins: recipe < file < ``--set`` < options of their own. Every key is checked before values are, and a
complaint names the whole dotted path.
"""

from __future__ import annotations

import difflib
import inspect
import re
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from vizecg.data.signal import SignalSpec
from vizecg.models import VizECGNetConfig
from vizecg.models.peers import LABELS, peer
from vizecg.models.systems import VIZECGNET, architectures
from vizecg.records.label_files import label_set
from vizecg.spec import SheetSpec, UsageError
from vizecg.spec.preprocess import PreprocessSpec
from vizecg.train.config import OptimiserConfig, TrainConfig
from vizecg.train.recipes import recipe_named

_SECTIONS: dict[str, type[Any]] = {"sheet": SheetSpec, "preprocess": PreprocessSpec, "signal": SignalSpec}


class _Loader(yaml.SafeLoader):
    """YAML as in 1.2: ``1e-3`` is a number."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+0123456789.")
)


def resolve(
    *,
    recipe: str,
    base: TrainConfig | None = None,
    file: Path | None = None,
    assignments: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> TrainConfig:
    """The configuration of a run.

    Args:
        recipe: name of the recipe to begin with.
        base: the configuration of a run that goes on, to begin with in place of the recipe's.
        file: YAML of what differs from it.
        assignments: ``dotted.path=value``, the value in YAML.
        options: dotted path -> value.

    Raises:
        UsageError: an unknown recipe or key, or a value of the wrong kind.
    """
    overlays = [
        {} if file is None else read_yaml(file),
        _nested(dict(parse_assignment(text) for text in assignments)),
        _nested(options or {}),
    ]
    settings = (base or recipe_named(recipe)).model_dump(mode="json")
    chosen = [overlay["architecture"] for overlay in overlays if "architecture" in overlay]
    architecture = chosen[-1] if chosen else settings["architecture"]
    if architecture not in architectures():
        raise UsageError(f"architecture: expected one of {', '.join(architectures())}, got {architecture!r}")
    if architecture != settings["architecture"]:
        entry = peer(architecture)
        settings["model"] = dict(entry.small_options if recipe == "small" else entry.paper_options)
    for overlay in overlays:
        _check_keys(overlay, architecture)
        if "labels" in overlay:
            overlay["labels"] = label_set(overlay["labels"]).to_dict()
        _merge(settings, overlay)
        if architecture == VIZECGNET:
            _follow_input_size(settings, overlay)
    return _validated(settings, architecture)


def to_yaml(config: TrainConfig) -> str:
    """The whole configuration; as ``--config`` it gives the same run."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty one.

    Raises:
        UsageError: no such file, not YAML, or no mapping.
    """
    try:
        mapping = yaml.load(path.read_text(), _Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if mapping is None:
        return {}
    if not isinstance(mapping, dict) or not all(isinstance(key, str) for key in mapping):
        raise UsageError(f"{path}: expected a mapping of names to values, got {type(mapping).__name__}")
    return mapping


def parse_assignment(text: str) -> tuple[str, Any]:
    """``dotted.path=value`` -> path and value."""
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise UsageError(f"--set {text!r}: expected name=value")
    try:
        return path.strip(), yaml.load(value, _Loader)
    except yaml.YAMLError as error:
        raise UsageError(f"--set {text!r}: the value is no YAML") from error


def _nested(dotted: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in dotted.items():
        *parents, last = path.split(".")
        inner = nested
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise UsageError(f"{path} is set together with all of {parent}")
        inner[last] = value
    return nested


def _merge(settings: dict[str, Any], overlay: Mapping[str, Any]) -> None:
    for key, value in overlay.items():
        if isinstance(value, dict) and key != "labels":
            settings[key] = {**settings[key], **value}
        else:
            settings[key] = value


def _follow_input_size(settings: dict[str, Any], overlay: Mapping[str, Any]) -> None:
    """A network whose own input size is not spoken of takes that of the preprocessing beside it."""
    for side in ("height", "width"):
        if side in overlay.get("preprocess", {}) and f"input_{side}" not in overlay.get("model", {}):
            settings["model"][f"input_{side}"] = overlay["preprocess"][side]


def _model_types(architecture: str) -> dict[str, Any]:
    """Option of a network -> its type."""
    if architecture == VIZECGNET:
        return typing.get_type_hints(VizECGNetConfig)
    build = inspect.unwrap(peer(architecture).build)
    hints = typing.get_type_hints(build.__init__ if inspect.isclass(build) else build)
    return {name: hints.get(name, Any) for name in inspect.signature(build).parameters if name != LABELS}


def _known(architecture: str) -> dict[str, list[str] | None]:
    """Key -> the keys below it, None where a value stands."""
    known: dict[str, list[str] | None] = dict.fromkeys(TrainConfig.model_fields)
    known["model"] = list(_model_types(architecture))
    known["optimiser"] = list(OptimiserConfig.model_fields)
    known |= {name: list(typing.get_type_hints(cls)) for name, cls in _SECTIONS.items()}
    return known


def _check_keys(overlay: Mapping[str, Any], architecture: str) -> None:
    known = _known(architecture)
    for key, value in overlay.items():
        if key not in known:
            inside = next(iter(value), None) if isinstance(value, dict) else None
            raise _unknown(f"{key}.{inside}" if inside else key, known, architecture)
        below = known[key]
        if below is None:
            continue
        if not isinstance(value, dict):
            raise UsageError(f"{key}: expected a mapping of {', '.join(below)}, got {value!r}")
        for inner in value:
            if inner not in below:
                raise _unknown(f"{key}.{inner}", known, architecture)


def _unknown(path: str, known: Mapping[str, list[str] | None], architecture: str) -> UsageError:
    """Names the nearest known key: in the same place, or of the same name in another."""
    paths = [key for key, below in known.items() if below is None]
    paths += [f"{key}.{name}" for key, below in known.items() for name in below or ()]
    section, _, last = path.rpartition(".")
    elsewhere = [name for name in paths if name.rpartition(".")[2] == last]
    beside = [name for name in paths if name.rpartition(".")[0] == section]
    near = elsewhere or difflib.get_close_matches(path, [*beside, *known], n=1)
    near = near or difflib.get_close_matches(path, paths, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(beside or known)}"
    about = f" of {architecture}" if section == "model" else ""
    return UsageError(f"unknown setting {path}{about}: {hint}")


def _validated(settings: dict[str, Any], architecture: str) -> TrainConfig:
    for name, cls in _SECTIONS.items():
        settings[name] = _checked(name, TypeAdapter(cls), settings[name]).to_dict()
    if architecture == VIZECGNET:
        settings["model"] = _checked("model", TypeAdapter(VizECGNetConfig), settings["model"]).to_dict()
    else:
        types = _model_types(architecture)
        for name, value in settings["model"].items():
            adapter = TypeAdapter(types[name], config=ConfigDict(arbitrary_types_allowed=True))
            settings["model"][name] = _checked(f"model.{name}", adapter, value)
    config: TrainConfig = _checked("", TypeAdapter(TrainConfig), settings)
    # Plain types, as they come back from a checkpoint.
    return TrainConfig.model_validate(config.model_dump(mode="json"))


def _checked(path: str, adapter: TypeAdapter[Any], value: Any) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([*([path] if path else []), *map(str, first["loc"])])
        message = first["msg"].removeprefix("Value error, ")
        # A complaint about several values together says itself what they are.
        came = "" if isinstance(first["input"], dict) else f", got {first['input']!r}"
        raise UsageError(f"{where}: {message}{came}" if where else message) from error
