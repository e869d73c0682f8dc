"""Figures that README and docs quote are those of the files that they name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from documents import REPOSITORY

pytestmark = pytest.mark.unit


def result(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REPOSITORY / "benchmarks" / "results" / f"{name}.json").read_text())
    return found


def interval(figure: dict[str, float], digits: int = 3) -> str:
    return f"{figure['value']:.{digits}f} ({figure['low']:.{digits}f} to {figure['high']:.{digits}f})"


def one_core_ms(run: dict[str, Any]) -> str:
    (one,) = [one for one in run["contenders"] if (one["name"], one["threads"]) == ("onnx-int8", 1)]
    return interval(one["latency"]["p50"], 2).replace(" (", " ms (")


README_FIGURES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "macro AUROC, clean prints": ("evaluate_clean", lambda one: interval(one["macro"]["auroc"])),
    "macro AUROC, photographed prints (simulated)": ("evaluate_photo", lambda one: interval(one["macro"]["auroc"])),
    "macro F1, photographed prints (simulated)": ("evaluate_photo", lambda one: interval(one["macro"]["f1"])),
    "lowest F1 of a class there: 1dAVb, 80 positives": (
        "evaluate_photo",
        lambda one: interval(min((figures["f1"] for figures in one["classes"].values()), key=lambda f1: f1["value"])),
    ),
    "simulated photographs that the whole pipeline answers": (
        "rectify",
        lambda one: f"{one['answered']} of {one['photographs']}",
    ),
    "real photographs and scans of printed PTB-XL records that it answers": (
        "photos",
        lambda one: f"{one['summary']['answered']} of {one['summary']['photographs']}",
    ),
    "their decisions that differ from the clean rendering's": (
        "photos",
        lambda one: f"{one['summary']['flips']} of {one['summary']['pairs']}",
    ),
    "one sheet through the network, one core of an AMD EPYC": ("run", one_core_ms),
    "a 12-megapixel JPEG, decoded, its leads read and classified, two cores": (
        "stages",
        lambda one: f"{one['milliseconds']['total']['p50']:.0f} ms",
    ),
}


def test_the_readmes_table_quotes_its_files() -> None:
    text = (REPOSITORY / "README.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (.+?) \| \[(\w+)\.json\]\(benchmarks/results/(\w+)\.json\) \|$", text, re.M)
    told = {what: (file, figure) for what, figure, file, linked in rows if file == linked}
    assert told == {what: (file, quoted(result(file))) for what, (file, quoted) in README_FIGURES.items()}
    clean = result("evaluate_clean")
    assert f"{clean['n']:,} records" in text
    assert (clean["data"], clean["positives"]["1dAVb"]) == ("PTB-XL folds 9", 80)


def test_the_table_of_the_results_quotes_its_files() -> None:
    text = (REPOSITORY / "docs" / "results.md").read_text()
    clean, photo = result("evaluate_clean"), result("evaluate_photo")
    for label, count in clean["positives"].items():
        before, after = clean["classes"][label], photo["classes"][label]
        figures = (before["auroc"], after["auroc"], after["f1"])
        assert f"| {label} | {count} | {' | '.join(map(interval, figures))} |" in text
    figures = (clean["macro"]["auroc"], photo["macro"]["auroc"], photo["macro"]["f1"])
    assert f"| macro | | {' | '.join(map(interval, figures))} |" in text


def test_the_page_of_spoilt_pages_quotes_its_files() -> None:
    text = (REPOSITORY / "docs" / "hostile.md").read_text()
    before, now = result("hostile_before")["spoiled"], result("hostile")["spoiled"]
    families = {name: (before["families"][name], own) for name, own in now["families"].items()}
    for name, both in {**families, "all": (before, now)}.items():
        told = " | ".join(
            " | ".join(str(one["outcomes"][what]) for what in ("refused", "undecided", "warned", "silent"))
            if place == "outcomes" else str(one["pages"])
            for one in both
            for place in ("pages", "outcomes")
        )  # fmt: skip
        assert f"| {name} | {told} |" in text


def test_the_page_of_own_data_quotes_its_files() -> None:
    text = (REPOSITORY / "docs" / "own-data.md").read_text()
    ward, few = result("own_labels"), result("finetune")
    assert f"drawn photographs of the {ward['n']} was {interval(ward['macro']['auroc'])}" in text
    auroc, auprc = (few["difference"][f"macro/{key}"]["of_records_and_draws"] for key in ("auroc", "auprc"))
    arms = {arm: few["arms"][arm]["macro/auroc"]["value"] for arm in ("shipped", "nothing")}
    assert f"macro AUROC {arms['shipped']:.3f}, from nothing {arms['nothing']:.3f}" in text
    assert f"{auroc['value']:+.3f} ({auroc['low']:+.3f} to {auroc['high']:+.3f})" in text
    assert f"{auprc['value']:+.3f} ({auprc['low']:+.3f} to {auprc['high']:+.3f})" in text
    assert auroc["low"] > 0
