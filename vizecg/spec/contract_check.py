"""Does ``contract.json`` of a bundle say what its manifest says?"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from vizecg.spec.bundle_files import MOST_TEXT_BYTES
from vizecg.spec.checks import printable
from vizecg.spec.contract import CONTRACT, GOLDEN_KEY, PROBABILITY_TOLERANCE, answer, statement
from vizecg.spec.decide import DecisionRule
from vizecg.spec.errors import BundleError, UsageError
from vizecg.spec.manifest import Bundle


def read_contract(bundle: Bundle) -> dict[str, Any] | None:
    """``contract.json`` of a bundle; None where it has none.

    Raises:
        BundleError: it is damaged.
    """
    if CONTRACT not in bundle.manifest.files:
        return None
    try:
        data = json.loads(bundle.read(CONTRACT, most=MOST_TEXT_BYTES))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{bundle.path}: {CONTRACT} cannot be read: {printable(error)}") from error
    if not isinstance(data, dict):
        raise BundleError(f"{bundle.path}: {CONTRACT} is no object")
    return data


def check_contract(bundle: Bundle) -> bool:
    """Whether the bundle has a contract; one that it has must say what the manifest says.

    Raises:
        BundleError: it is damaged, or contradicts the manifest.
    """
    contract = read_contract(bundle)
    if contract is None:
        return False
    # As JSON has it: tuples are lists.
    expected = json.loads(json.dumps(statement(bundle.manifest)))
    where = _difference({key: value for key, value in contract.items() if key != GOLDEN_KEY}, expected, "")
    if where is not None:
        raise BundleError(f"{bundle.path}: {CONTRACT} contradicts the manifest: {where}")
    try:
        for artefact, vectors in _golden_answers(contract[GOLDEN_KEY]):
            _check_answer(bundle.manifest.artefact(artefact).decision, vectors)
    except (KeyError, TypeError, AttributeError, ValueError, UsageError) as error:
        raise BundleError(f"{bundle.path}: golden vectors of {CONTRACT}: {printable(error, 200)}") from error
    return True


def _difference(stated: Any, expected: Any, where: str) -> str | None:
    """The first place in which two JSON values differ, and both; None where they are equal."""
    if isinstance(stated, dict) and isinstance(expected, dict):
        pairs = [(f"{where}.{key}".lstrip("."), stated.get(key), expected.get(key)) for key in {**expected, **stated}]
    elif isinstance(stated, list) and isinstance(expected, list) and len(stated) == len(expected):
        pairs = [(f"{where}[{place}]", *pair) for place, pair in enumerate(zip(stated, expected, strict=True))]
    else:
        return None if stated == expected else f"{where} is {printable(stated)}, there {printable(expected)}"
    return next((told for name, a, b in pairs if (told := _difference(a, b, name)) is not None), None)


def _golden_answers(golden: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    sheets = [item for sheet in golden["sheets"] for item in sheet["answers"].items()]
    return [*sheets, *((name, one) for name, rows in golden["decisions"].items() for one in rows)]


def _check_answer(rule: DecisionRule, told: dict[str, Any]) -> None:
    right = answer(rule, told["logits"])
    apart = np.abs(np.array(told["probabilities"], np.float64) - np.array(right["probabilities"])).max()
    # Written so that what is not a number fails.
    if not apart <= PROBABILITY_TOLERANCE or told["decisions"] != right["decisions"]:
        raise ValueError(
            f"logits {told['logits']} do not give {told['probabilities']} and {told['decisions']}, by the manifest's"
            " rule"
        )
