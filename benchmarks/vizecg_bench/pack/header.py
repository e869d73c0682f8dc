"""An evaluation pack: ink maps, labels and the float network's logits in one file, for devices without torch.

A pack is a zip of ``header.json`` and, for each section ``S``, ``S/ids.json``, ``S/labels.npy`` uint8 (n, labels) of
0 and 1, ``S/logits.npy`` float32 (n, labels), and ``S/inks-00000.npy`` ... uint8 (at most ``CHUNK``, height, width),
so that a small device never holds more than a few sheets. The header has the sha256 of each.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from vizecg.spec import BundleError, DecisionRule, LabelSet, SheetSpec
from vizecg.spec.checks import check_types, printable
from vizecg.spec.preprocess import PreprocessSpec

PACK_SCHEMA = 1
HEADER = "header.json"
CHUNK = 16
"""Sheets of one member."""
MOST_SHEETS, MOST_SECTIONS, MOST_HEADER_BYTES, MOST_ID_BYTES = 1_000_000, 1_000, 32 << 20, 256
"""What a file that calls itself a pack may ask of memory."""

_NAME = re.compile(r"[a-z0-9_]{1,40}(@[0-9]{1,3}(\.[0-9]{1,4})?)?")


class SectionKind(str, Enum):
    """``drawn``: every record. ``robustness``: some records at one strength of one condition. ``real``: photographs."""

    DRAWN = "drawn"
    ROBUSTNESS = "robustness"
    REAL = "real"


@dataclass(frozen=True, kw_only=True)
class SectionHeader:
    """A section. ``condition``: what was done to the print; ``strength`` where it has one, 0 to 1. ``refused``: what
    is not among the ``n`` sheets, and why."""

    name: str
    kind: str
    n: int
    condition: str
    strength: float | None = None
    refused: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"expected a section's name like photo or photo@0.5, got {printable(self.name)}")
        if self.kind not in [kind.value for kind in SectionKind]:
            raise ValueError(f"{self.name} is of unknown kind {printable(self.kind)}")
        if not 1 <= self.n <= MOST_SHEETS:
            raise ValueError(f"{self.name} has {self.n} sheets, expected 1 to {MOST_SHEETS}")

    @property
    def chunks(self) -> int:
        return -(-self.n // CHUNK)

    @property
    def members(self) -> tuple[str, ...]:
        """Names of its files in the zip."""
        return (*(f"{self.name}/{part}" for part in ("ids.json", "labels.npy", "logits.npy")), *self.ink_members)

    @property
    def ink_members(self) -> tuple[str, ...]:
        return tuple(f"{self.name}/inks-{chunk:05d}.npy" for chunk in range(self.chunks))


@dataclass(frozen=True, kw_only=True)
class PackHeader:
    """What is in a pack and where it comes from.

    Attributes:
        name: of the pack.
        labels: their names, in order.
        source: of the records.
        kind: what figures of it may be called.
        sheet, preprocess, checkpoint_sha256: of the float network; a bundle's must be the same.
        rule: the float network's calibration and thresholds; rule_source: what they were fitted on.
        seed: of the drawing.
        renderer_version, photographer_version: which drew.
        versions: of the libraries that the float network ran in.
        command: that made it.
        records_sha256: of the list of records.
        sections: in order.
        members: name of each file in the zip -> sha256.
    """

    name: str
    labels: tuple[str, ...]
    source: str
    kind: str
    sheet: SheetSpec
    preprocess: PreprocessSpec
    checkpoint_sha256: str
    rule: DecisionRule
    rule_source: str
    seed: int
    renderer_version: str
    photographer_version: str
    versions: dict[str, str]
    command: str
    records_sha256: str
    sections: tuple[SectionHeader, ...] = ()
    members: dict[str, str] = field(default_factory=dict)
    schema_version: int = PACK_SCHEMA

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str, *, name: str) -> PackHeader:
        """Parse and check; ``name`` names the file in messages.

        Raises:
            BundleError: not JSON, of another schema, or with fields missing or wrong.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            if data.get("schema_version") != PACK_SCHEMA:
                found = printable(data.get("schema_version"))
                raise BundleError(f"{name}: pack schema {found} is not {PACK_SCHEMA}: build the pack anew")
            data["labels"] = LabelSet.of_names(data["labels"]).names
            data["sheet"] = SheetSpec.from_dict(data["sheet"])
            data["preprocess"] = PreprocessSpec.from_dict(data["preprocess"])
            data["rule"] = DecisionRule.from_dict(data["rule"])
            data["sections"] = tuple(_section(raw) for raw in data["sections"])
            header = cls(**data)
            check_types(header)
            header.check()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BundleError(f"{name}: the pack's header cannot be read: {printable(error, 200)}") from error
        return header

    def check(self) -> None:
        """Raises ValueError unless the rule is for the labels, the sections have different names, and just their files
        are listed."""
        if len(self.rule) != len(self.labels):
            raise ValueError(f"its rule is for {len(self.rule)} labels, not {len(self.labels)}")
        names = [section.name for section in self.sections]
        if not 1 <= len(names) <= MOST_SECTIONS or len(set(names)) != len(names):
            raise ValueError(f"expected 1 to {MOST_SECTIONS} sections of different names, got {len(names)}")
        wanted = {member for section in self.sections for member in section.members}
        if set(self.members) != wanted:
            odd = min(set(self.members) ^ wanted)
            raise ValueError(f"the files listed are not those of the sections, for example {printable(odd)}")


def _section(raw: dict[str, Any]) -> SectionHeader:
    section = SectionHeader(**raw)
    check_types(section)
    return section
