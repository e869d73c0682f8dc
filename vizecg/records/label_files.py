"""Label sets as people name them: ``code6``, a YAML file, or names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from vizecg.spec import CODE6, Label, LabelSet, UsageError
from vizecg.spec.checks import printable

SETS = {CODE6.name: CODE6}
OWN = "own"
"""Name of a set that was given as names alone."""
ENDINGS = (".yaml", ".yml")


def label_set(value: Any, *, told: str = "labels") -> LabelSet:
    """The set that was asked for.

    Args:
        value: the name of a set, the path of a YAML file, a list of names, or what ``LabelSet.to_dict`` gave. A name
            that ``code6`` has is that label, with its words, criteria and codes; of another only the name is known.
        told: what a message calls it.

    Raises:
        UsageError: there is no such set or file, or it is none.
    """
    try:
        if isinstance(value, LabelSet):
            return value
        if isinstance(value, str) and value in SETS:
            return SETS[value]
        if isinstance(value, str) and value.endswith(ENDINGS):
            return _read(Path(value))
        if isinstance(value, Mapping):
            return LabelSet.from_dict(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return LabelSet(name=OWN, labels=tuple(_label(name) for name in value))
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{told}: {printable(error, 400)}") from error
    raise UsageError(
        f"{told}: expected {' or '.join(SETS)}, a {' or '.join(ENDINGS)} file, or a list of names, got {value!r}"
    )


def parsed_label_set(text: str, *, told: str) -> LabelSet:
    """``label_set`` of one word of a command line: ``code6``, ``mine.yaml``, ``AF,RBBB`` or ``[AF]``."""
    if text.startswith("["):
        try:
            return label_set(yaml.safe_load(text), told=told)
        except yaml.YAMLError as error:
            raise UsageError(f"{told} {text!r}: expected [name, name ...]") from error
    return label_set(text.split(",") if "," in text else text, told=told)


def _label(name: Any) -> Label:
    if not isinstance(name, str):
        raise TypeError(f"expected names of labels, got {name!r} (a name that YAML takes for something else in quotes)")
    return next((label for label in CODE6.labels if label.name == name), Label(name=name))


def _with_words(told: dict[str, Any]) -> dict[str, Any]:
    """Concepts of SNOMED CT are numbers to YAML, and words to us."""
    coded = {key: told[key] for key in ("scp", "snomed", "codes") if isinstance(told.get(key), list)}
    return told | {key: [str(one) if type(one) is int else one for one in codes] for key, codes in coded.items()}


def _read(path: Path) -> LabelSet:
    """A mapping of ``name`` (by default the file's), ``labels`` and ``ignored`` columns, or the labels alone: names, or
    mappings of what ``Label`` holds."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if isinstance(found, list):
        found = {"labels": found}
    if not isinstance(found, dict) or not isinstance(found.get("labels"), list):
        raise UsageError(f"{path}: expected a list of labels, or a mapping of name, labels and ignored")
    try:
        labels = [_with_words(one) if isinstance(one, dict) else asdict(_label(one)) for one in found["labels"]]
        return LabelSet.from_dict({"name": path.stem, **found, "labels": labels})
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path}: {printable(error, 400)}") from error
