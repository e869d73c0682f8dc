"""``vizecg-export diff --image``: which answers of two bundles differ on the same photograph."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edge_bundles import artefact, make_bundle
from vizecg.spec import DecisionRule, UsageError
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import Bundle, hash_files, publish_bundle
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from vizecg_export.picture_diff import diff_pictures

pytestmark = pytest.mark.integration

PICTURE = DEFAULT_BUNDLE / "selftest.jpg"


def bundle(path: Path, **changes: object) -> Bundle:
    return make_bundle(path, artefact(decision=DecisionRule.plain(6, **changes)))  # type: ignore[arg-type]


def refusing(path: Path) -> Bundle:
    """A bundle that no photograph is good enough for."""
    made = bundle(path)
    folder = Path(shutil.copytree(path, path.with_name("refusing")))
    manifest = replace(made.manifest, gate=QualityGate(px_per_mm=(90.0, 99.0)), files=hash_files(folder))
    return publish_bundle(folder, manifest, path)


def test_decisions_that_differ_are_counted_and_named(tmp_path: Path) -> None:
    low, high = bundle(tmp_path / "a", threshold=(1e-6,) * 6), bundle(tmp_path / "b", threshold=(1 - 1e-6,) * 6)
    told = diff_pictures(low, high, [PICTURE]).to_dict()
    assert (told["answered"], told["status_differs"]) == ([1, 1], 0)
    # Where all are present, the measured rate and PR of the picture contradict 1dAVb, SB, AF and ST.
    assert (told["decisions"], told["decided_by_both"], told["turned_over"]) == (6, 2, 2)
    assert told["largest_probability_difference"] == 0.0
    assert told["differing"][0]["turned"] == ("RBBB", "LBBB")
    unsure = bundle(tmp_path / "c", threshold=(1e-6,) * 6, undecided_margin=(0.0, 1e3, *(0.0,) * 4))
    told = diff_pictures(low, unsure, [PICTURE]).to_dict()
    assert (told["turned_over"], told["undecided_by_one"], told["decided_by_both"]) == (0, 1, 1)
    assert diff_pictures(low, low, [PICTURE]).to_dict()["differing"] == []


def test_a_picture_that_one_refuses_is_told(tmp_path: Path) -> None:
    told = diff_pictures(bundle(tmp_path / "a"), refusing(tmp_path / "b"), [PICTURE]).to_dict()
    assert (told["answered"], told["status_differs"], told["decisions"]) == ([1, 0], 1, 0)
    assert told["differing"][0]["status"] == ("answered", "too_small")
    with pytest.raises(UsageError):
        diff_pictures(bundle(tmp_path / "c"), bundle(tmp_path / "d"), [tmp_path / "none"])
