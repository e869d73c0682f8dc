"""How well the page network sees pages of PTB-XL's fold 9, lettered in faces that it never learned from."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from vizecg.records.ptbxl import SPLITS, Ptbxl
from vizecg.spec.results import write_result
from vizecg_edge.printed.page_net import PX_PER_MM, PageLook, look
from vizecg_lab.page_net.canvas import TrueName
from vizecg_lab.page_net.faces import HELD_OUT, installed_faces
from vizecg_lab.page_net.page import random_page
from vizecg_lab.page_net.spoil import Look, SeenPage, seen
from vizecg_lab.page_net.tiles import ALIKE, random_records

SEED = 9
SURE = 0.5
HEIGHTS_MM = ((0.0, 2.2), (2.2, 3.2), (3.2, 9.0))
TURNED_EVERY = 5
"""Every fifth page is looked at upside down, sideways and mirrored too."""
INK = 100
"""Of a mask, from which on a pixel is ink."""


@dataclass(kw_only=True)
class Tally:
    """``printed`` names; of these ``right``, and ``wrong``: found as another; ``false``: found where none is."""

    printed: int = 0
    right: int = 0
    wrong: int = 0
    false: int = 0
    off_mm: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.printed)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong + self.false)


def judge_page_net(*, ptbxl: Path, count: int, out: Path | None) -> dict[str, Any]:
    """Look at ``count`` pages of each kind of picture; names of ``SURE`` probability count as found.

    Raises:
        UsageError: there is no PTB-XL.
        MissingToolError: too few faces of type are installed.
    """
    source = Ptbxl(root=ptbxl)
    faces = installed_faces(HELD_OUT)
    rng = np.random.default_rng(SEED)
    records = random_records(source, source.select(folds=SPLITS["val"]), rng)
    names: dict[tuple[str, str], Tally] = defaultdict(Tally)
    masks: dict[str, np.ndarray] = defaultdict(lambda: np.zeros((3, 2)))
    turned, upright, seconds = Counter[str](), 0, []
    confused = Counter[str]()
    for number, kind in enumerate(track([kind for kind in Look for _ in range(count)], description="Looking")):
        page = seen(random_page(next(records), rng, faces, spare_names=False), rng, look=kind)
        begun = time.perf_counter()
        found = look(page.picture, px_per_mm=PX_PER_MM)
        seconds.append(time.perf_counter() - begun)
        _count(found, page, kind.value, names, confused)
        masks[kind.value] += _overlaps(found, page)
        if number % TURNED_EVERY:
            continue
        upright += sum(name.name not in ALIKE for name in found.names if name.probability >= SURE)
        for name, code in (("upside down", cv2.ROTATE_180), ("sideways", cv2.ROTATE_90_CLOCKWISE), ("mirrored", None)):
            picture = page.picture[:, ::-1].copy() if code is None else cv2.rotate(page.picture, code)
            other = look(picture, px_per_mm=PX_PER_MM)
            turned[name] += sum(name.name not in ALIKE for name in other.names if name.probability >= SURE)
    figures = {
        "pages": count * len(Look),
        "names": {f"{kind} {size}".strip(): _shown(tally) for (kind, size), tally in names.items()},
        "confused": dict(confused.most_common(12)),
        "overlap": {
            kind: dict(
                zip(
                    ("trace", "pulse", "rule"),
                    np.round(values[:, 0] / np.maximum(values[:, 1], 1), 3).tolist(),
                    strict=True,
                )
            )
            for kind, values in masks.items()
        },
        "names but I, II, III": {"upright": upright, **turned},
        "ms": {"median": 1e3 * float(np.median(seconds)), "least": 1e3 * min(seconds)},
    }
    _print(figures)
    write_result(out, kind="page_net", figures=figures)
    return figures


def _count(
    found: PageLook,
    page: SeenPage,
    kind: str,
    names: dict[tuple[str, str], Tally],
    confused: Counter[str],
) -> None:
    sure = [name for name in found.names if name.probability >= SURE]
    taken: set[int] = set()
    for truth in page.names:
        size = next(f"{low:g}-{high:g} mm" for low, high in HEIGHTS_MM if truth.height_mm < high)
        near = [(_away(truth, name.x_mm, name.y_mm), index) for index, name in enumerate(sure) if index not in taken]
        best = min(near, default=(np.inf, -1))
        for tally in (names[kind, ""], names[kind, size]):
            tally.printed += 1
            if best[0] < max(1.5, 0.6 * truth.height_mm):
                tally.right += sure[best[1]].name == truth.name
                tally.wrong += sure[best[1]].name != truth.name
                tally.off_mm.append(best[0])
        if best[0] < max(1.5, 0.6 * truth.height_mm):
            taken.add(best[1])
            if sure[best[1]].name != truth.name:
                confused[f"{truth.name} as {sure[best[1]].name}"] += 1
    names[kind, ""].false += len(sure) - len(taken)


def _away(truth: TrueName, x_mm: float, y_mm: float) -> float:
    return float(np.hypot(truth.x_mm - x_mm, truth.y_mm - y_mm))


def _overlaps(found: PageLook, page: SeenPage) -> np.ndarray:
    """(3, 2): pixels in both the seen and the true ink of traces, pulses and rules, and pixels in either."""
    size = found.trace.shape[::-1]
    truth = cv2.resize(page.masks, size, interpolation=cv2.INTER_AREA) >= INK
    counted = cv2.resize(page.ignored, size, interpolation=cv2.INTER_AREA) < 20
    shown = [mask >= INK for mask in (found.trace, found.pulse, found.rule)]
    pairs = [(seen_, truth[..., k]) for k, seen_ in enumerate(shown)]
    pairs[2] = (pairs[2][0] & counted, pairs[2][1] & counted)
    return np.array([[np.count_nonzero(a & b), np.count_nonzero(a | b)] for a, b in pairs], np.float64)


def _shown(tally: Tally) -> dict[str, Any]:
    shares = {"recall": round(tally.recall, 4), "precision": round(tally.precision, 4)}
    middle = round(float(np.median(tally.off_mm)), 2) if tally.off_mm else None
    return {**{key: value for key, value in asdict(tally).items() if key != "off_mm"}, **shares, "off_mm": middle}


def _print(figures: dict[str, Any]) -> None:
    table = Table("pictures", "printed", "recall", "precision", "wrong", "false", "off mm", title="Names")
    for kind, row in figures["names"].items():
        # What is found where none is has no height.
        whole = "mm" not in kind
        table.add_row(
            kind, str(row["printed"]), f"{row['recall']:.1%}", f"{row['precision']:.1%}" if whole else "",
            str(row["wrong"]), str(row["false"]) if whole else "", str(row["off_mm"]),
        )  # fmt: skip
    console = Console()
    console.print(table)
    for key in ("confused", "overlap", "names but I, II, III", "ms"):
        console.print(key, figures[key])
