"""Pictures that are not ECGs: how many are answered all the same?"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from vizecg.spec import AccuracyError, Condition, UsageError
from vizecg.spec.results import write_result
from vizecg_lab.not_ecg.draw import ON_PAPER
from vizecg_lab.not_ecg.scenes import SCENES
from vizecg_lab.used import bundle_used

SEED = 17
MOST_ANSWERED = 0.01
WIDTH_PX = (1250, 1900)
STRENGTH = (0.0, 0.8)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One picture."""

    kind: str
    number: int
    answered: bool
    reason: str
    quality: float | None


def measure_not_ecg(*, limit: int, bundle: Path | None, keep: Path | None, out: Path | None) -> list[Seen]:
    """Show ``limit`` pictures without an ECG to a pipeline.

    Args:
        limit: pictures, spread evenly over the kinds.
        bundle: None takes the shipped one.
        keep: folder for the pictures that were answered.
        out: result file.

    Raises:
        UsageError: fewer pictures than kinds.
        AccuracyError: more than 1 % of the pictures without an ECG were answered; figures are written before.
    """
    from vizecg_edge.overlay import save_image
    from vizecg_edge.pipeline import Pipeline

    kinds = [*ON_PAPER, *SCENES]
    if limit < len(kinds):
        raise UsageError(f"--count {limit} is less than one picture of each of the {len(kinds)} kinds")
    pipeline = Pipeline(bundle=bundle)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    seen = []
    shown = [(kinds[k % len(kinds)], k // len(kinds)) for k in range(limit)]
    for kind, number in track(shown, description="showing"):
        image = picture(kind, number)
        answer = pipeline.run_image(image, name=f"{kind} {number}").answer
        if answer.answered and keep is not None:
            save_image(keep / f"{kind.replace('/', '_').replace(' ', '_')}_{number}.png", image)
        seen.append(
            Seen(
                kind=kind,
                number=number,
                answered=answer.answered,
                reason=", ".join(answer.reasons),
                quality=answer.quality.score,
            )
        )
    figures = _summary(seen)
    write_result(out, kind="not_ecg", figures={"bundle": bundle_used(pipeline), "seed": SEED, **figures})
    _print(seen, figures)
    if figures["not_ecg"]["answered_share"] > MOST_ANSWERED:
        raise AccuracyError(
            f"{figures['not_ecg']['answered']} of {limit} pictures without an ECG were answered,"
            f" at most {MOST_ANSWERED:.0%} may be"
        )
    return seen


def picture(kind: str, number: int) -> np.ndarray:
    """One picture without an ECG: uint8 RGB. The same for the same arguments.

    Raises:
        UsageError: no such kind.
    """
    from vizecg.render import photograph

    if kind not in ON_PAPER and kind not in SCENES:
        raise UsageError(f"unknown kind {kind!r}: expected one of {', '.join([*ON_PAPER, *SCENES])}")
    rng = np.random.default_rng([SEED, *kind.encode(), number])
    if kind in SCENES:
        return SCENES[kind](rng)
    page = ON_PAPER[kind](rng)
    condition = Condition.PHOTO if rng.random() < 0.8 else Condition.SCAN
    return photograph(
        page, rng=rng, condition=condition, strength=float(rng.uniform(*STRENGTH)), width_px=WIDTH_PX
    ).image


def _summary(seen: list[Seen]) -> dict[str, Any]:
    return {
        "not_ecg": _group(seen),
        "answered": [asdict(one) for one in seen if one.answered],
    }


def _group(seen: list[Seen]) -> dict[str, Any]:
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for one in seen:
        kinds[one.kind]["answered" if one.answered else one.reason] += 1
    answered = sum(one.answered for one in seen)
    return {
        "pictures": len(seen),
        "answered": answered,
        "answered_share": round(answered / len(seen), 5) if seen else 0.0,
        "kinds": {kind: dict(counts) for kind, counts in kinds.items()},
    }


def _print(seen: list[Seen], figures: dict[str, Any]) -> None:
    table = Table("kind", "pictures", "answered", "refused for")
    for kind in dict.fromkeys(one.kind for one in seen):
        own = [one for one in seen if one.kind == kind]
        reasons = Counter(one.reason for one in own if not one.answered)
        told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        table.add_row(kind, str(len(own)), str(sum(one.answered for one in own)), told)
    console = Console(width=120)
    console.print(table)
    group = figures["not_ecg"]
    console.print(f"{group['answered']} of {group['pictures']} answered ({group['answered_share']:.1%})")
