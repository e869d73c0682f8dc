"""What a release adds to the model card: gate, self-test, other measurements, and how all was made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vizecg.spec.checkout import GitState
from vizecg.spec.manifest import Manifest
from vizecg.spec.results import Result
from vizecg_export.release.quoted import key_figures

REPORTED = {
    "coverage": "answered, of what the rectifier gives a sheet for",
    "everyday_coverage": "the same, everyday photographs",
    "risk": "of the answered: another decision than the clean rendering's, or more than 2 mm off",
    "everyday_risk": "the same, everyday photographs",
    "pair_flips": "decided pairs of photograph and class unlike the clean rendering's",
    "undecided": "pairs left undecided",
}


def added_sections(
    manifest: Manifest,
    *,
    gate: dict[str, Any] | None,
    selftest: dict[str, Any],
    results: Sequence[Result],
    own: Sequence[str],
    command: str,
    code: GitState,
) -> str:
    """Markdown that follows the exporter's own card.

    Args:
        manifest: of the finished bundle but for the hashes of its files.
        gate: figures of the fitting, None where nothing was fitted.
        selftest: what the stage of that name found.
        results: quoted.
        own: fingerprints of earlier bundles of the same artefacts, rules and gate as this one.
        command: that made the release.
        code: that made it.
    """
    return "\n".join(
        [
            *_gate(manifest, gate),
            *_selftest(selftest),
            *_results(results, own),
            "## Made by",
            "",
            f"`{command}`, {_code(code.commit, code.dirty)}.",
            "",
        ]
    )


def _gate(manifest: Manifest, gate: dict[str, Any] | None) -> list[str]:
    lines = ["## Which photographs are answered", ""]
    source = manifest.gate_source
    if gate is None and not source:
        return [
            *lines,
            "The quality gate was not fitted: its limits were set by hand, and no label is left undecided for what"
            " another photograph of the same printout could change.",
            "",
        ]
    told = f"Fitted on {source.get('source', 'data that the bundle does not tell')}"
    if gate is None:
        return [*lines, f"{told}; not fitted again for these files.", ""]
    data = gate["data"]
    lines += [
        f"{told}: {data['photographs']} photographs of {data['records']} records, and {data['real_photographs']} real"
        " photographs that had to stay answered. One half of the records chose; of the other half (validation):",
        "",
        "| | |",
        "|---|---|",
    ]
    reported = gate["reported_on"]["after_with_bands"]
    lines += [f"| {words} | {_interval(reported[name])} |" for name, words in REPORTED.items()]
    labels = "| artefact | " + " | ".join(manifest.labels.names) + " |"
    lines += [
        "",
        "Undecided within these calibrated logits of the threshold:",
        "",
        labels,
        "|---" * (1 + len(manifest.labels)) + "|",
    ]
    for artefact in manifest.artefacts:
        margins = " | ".join(f"{value:.3f}" for value in artefact.decision.undecided_margin)
        lines.append(f"| {artefact.name} | {margins} |")
    return [*lines, ""]


def _selftest(results: dict[str, Any]) -> list[str]:
    lines = ["## Self-test", "", "| artefact | golden answers | self-test of a device |", "|---|---|---|"]
    for name, golden in results["golden"].items():
        own = results["selftest"][name]
        photograph = "with the golden photograph" if own.get("photo") else "without a golden photograph"
        told = f"passed in {own['bundle']['backend']}, {photograph}" if own["ran"] else f"not run: {own['why']}"
        answers = f"{golden['max_abs']:.3g} from float" if golden["ran"] else f"not run: {golden['note']}"
        lines.append(f"| {name} | {answers} | {told} |")
    return [*lines, ""]


def _results(results: Sequence[Result], own: Sequence[str]) -> list[str]:
    if not results:
        return []
    lines = ["## Other measurements", ""]
    for result in results:
        figures = "; ".join(f"{place} {text}" for place, text in key_figures(result).items())
        lines.append(
            f"- **{result.kind}** (`{result.command}`, {_code(result.commit, result.dirty)};"
            f" {_measured_with(result, own)}; sha256 of the file {result.sha256[:16]}): {figures or 'no figures'}"
        )
    return [*lines, ""]


def _measured_with(result: Result, own: Sequence[str]) -> str:
    if result.bundle_sha256 is None:
        return "not told with which bundle"
    if result.bundle_sha256 in own:
        return f"with this bundle's artefacts, rules and gate as bundle {result.bundle_sha256[:16]}"
    return f"with **another** bundle, {result.bundle_sha256[:16]}"


def _code(commit: str | None, dirty: bool | None) -> str:
    if commit is None:
        return "commit not told"
    return f"commit {commit[:12]}" + (" with changes" if dirty else "")


def _interval(share: dict[str, float]) -> str:
    return f"{share['value']:.2%} ({share['low']:.2%} to {share['high']:.2%})"
