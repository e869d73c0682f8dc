"""``contract.md``: what ``contract.json`` holds, for people."""

from __future__ import annotations

from typing import Any

from vizecg.spec.contract import CONTRACT, GOLDEN_KEY


def contract_text(contract: dict[str, Any], *, name: str) -> str:
    """Markdown of a whole contract of the bundle ``name``."""
    sheet, preprocess, golden = contract["sheet"], contract["preprocess"], contract[GOLDEN_KEY]
    height, width, _ = sheet["shape"]
    labels = ", ".join(
        f"{label['name']} ({label['words']})" if "words" in label else label["name"] for label in contract["labels"]
    )
    lines = [
        f"# Contract of {name} for other languages",
        "",
        contract["intended_use"],
        "",
        f"`{CONTRACT}` holds the same for programs. Everything here follows from `manifest.json`; where the two differ,"
        " the bundle is refused.",
        "",
        f"Labels, in this order everywhere: {labels}.",
        "",
        "## Sheet",
        "",
        f"{sheet['dtype']}, {height} rows x {width} columns x 3, {sheet['layout']}. {sheet['px_per_mm']:g} pixels per"
        f" millimetre: {sheet['width_mm']:g} x {sheet['height_mm']:g} mm of paper at {sheet['paper_speed_mm_s']:g} mm/s"
        f" and {sheet['gain_mm_mv']:g} mm/mV, leads {sheet['leads']}.",
        "",
        f"Convention: {sheet['convention']}. Here: block_x_mm = {sheet['block_x_mm']:g},"
        f" block_y_mm = {sheet['block_y_mm']:g}; the traces are {sheet['block_width_mm']:g} mm wide.",
        "",
        "## Sheet to network input",
        "",
        *(f"- {line}" for line in preprocess["functions"]),
        "",
        *(f"{place}. {step}" for place, step in enumerate(preprocess["steps"], start=1)),
        "",
        "| number | value |",
        "|---|---|",
        *(f"| {key} | {_number(value)} |" for key, value in preprocess["numbers"].items()),
        "",
        "## Tensors",
        "",
        *(
            f"- {kind} `{tensor['name']}`: {tensor['dtype']} ({', '.join(str(size) for size in tensor['shape'])}),"
            f" {tensor['layout']}"
            for kind, tensor in contract["tensors"].items()
        ),
        "",
        "## Logits to decisions",
        "",
        "For each label, in float64:",
        "",
        *(f"- {line}" for line in contract["decision"]),
        "",
        f"The default artefact is {contract['default_artefact']}. Files for tensorrt are built into an engine on the"
        " device, and are not for ONNX Runtime.",
        "",
    ]
    for artefact in contract["artefacts"]:
        lines += _artefact(artefact, [label["name"] for label in contract["labels"]])
    return "\n".join([*lines, *_golden(golden)])


def _artefact(artefact: dict[str, Any], labels: list[str]) -> list[str]:
    machine = "any processor" if artefact["machine"] == "any" else artefact["machine"]
    fitted = "" if artefact["calibrated"] else " Not fitted: probabilities are not calibrated."
    columns = ("scale", "bias", "threshold", "undecided_margin")
    return [
        f"### {artefact['name']}",
        "",
        f"`{artefact['file']}`, {artefact['target']}, {artefact['precision']}, {machine};"
        f" margin = {_number(artefact['margin'])}.{fitted}",
        "",
        f"| label | {' | '.join(columns)} |",
        "|---|" + "---|" * len(columns),
        *(
            f"| {label} | {' | '.join(_number(artefact[column][place]) for column in columns)} |"
            for place, label in enumerate(labels)
        ),
        "",
    ]


def _golden(golden: dict[str, Any]) -> list[str]:
    ink, logits = golden["tolerance"]["ink"], golden["tolerance"]["logits"]
    lines = [
        "## Golden vectors",
        "",
        f"`{CONTRACT}`, under `{GOLDEN_KEY}`:",
        "",
        "- `sheets`: each a sheet (PNG, RGB), the ink map K of it (PNG, grey), and for every artefact its logits, and"
        " probabilities and decisions that follow from them. Integers as above give K itself where sheet and"
        " input are in a whole ratio; elsewhere, and in floating point, it may"
        f" be off by {ink['largest']} in single pixels and {ink['mean']:g} in the mean. `sure`: the decision is the"
        " same for all logits within the tolerance, and must be met.",
        "- tolerance of logits from the sheet on, between runtimes and processors: "
        + ", ".join(f"{name} {value:g}" for name, value in logits.items())
        + f"; of probabilities from the same logits {golden['tolerance']['probabilities']:g}",
        "- `input_of_ink`: the 256 float32 numbers that the values of K become",
        "- `decisions`: for every artefact logits beside every border between absent, undecided and present",
    ]
    if golden["photo"] is not None:
        lines.append(
            f"- `{golden['photo']}`: the golden photograph, its homography and bend, points of it with their places on"
            " the sheet, the sheet (JPEG, to compare with) and its ink map (PNG); what it must be answered is in the"
            " file named under `expected`"
        )
    return [*lines, ""]


def _number(value: Any) -> str:
    return " ".join(_number(one) for one in value) if isinstance(value, list) else repr(value)
