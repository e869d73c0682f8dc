"""The cases of a run: number and seed decide what a case is, so that each can be made again by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from vizecg_lab.fuzzing.bombs import bomb_seeds
from vizecg_lab.fuzzing.hostile import hostile_seeds
from vizecg_lab.fuzzing.manifests import mutate_manifest
from vizecg_lab.fuzzing.mutate import mutate
from vizecg_lab.fuzzing.seeds import Seed, picture_seeds


class Target(str, Enum):
    """What reads the case."""

    PICTURE = "picture"
    MANIFEST = "manifest"
    BUNDLE = "bundle"
    LOADED_BUNDLE = "loaded bundle"


SHARES = {Target.PICTURE: 0.84, Target.MANIFEST: 0.12, Target.BUNDLE: 0.03, Target.LOADED_BUNDLE: 0.01}
"""A bundle that is opened and answers a picture takes much longer than the others."""
HEAVY_SHARE = 0.004
TO_WHOLE_SEED = 0.2
"""Share of the pictures that begin with a hostile file rather than with a whole one."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """``data``: a file, or the text of a manifest. ``part``: the file of the bundle that ``data`` stands for."""

    name: str
    target: Target
    suffix: str
    data: bytes
    part: str | None = None


def make_cases(count: int, *, seed: int, bundle_files: dict[str, bytes], heavy: bool = True) -> Iterator[Case]:
    """Every seed as it is, then mutations, ``count`` in all.

    Args:
        count: how many.
        seed: decides the mutations.
        bundle_files: name -> content of the files of a whole bundle, ``manifest.json`` among them.
        heavy: whether those that take much memory and time are among them.
    """
    made = 0
    # One family after the other: the last is slow to make.
    for family in (picture_seeds, hostile_seeds, *((bomb_seeds,) if heavy else ())):
        for one in family()[: count - made]:
            made += 1
            yield Case(name=one.name, target=Target.PICTURE, suffix=one.suffix, data=one.data)
        if made == count:
            return
    for number in range(count - made):
        yield mutated_case(number, seed=seed, bundle_files=bundle_files, heavy=heavy)


def mutated_case(number: int, *, seed: int, bundle_files: dict[str, bytes], heavy: bool = True) -> Case:
    """Case ``number`` of a seed."""
    rng = np.random.default_rng((seed, number))
    target = list(Target)[int(rng.choice(len(Target), p=[SHARES[one] for one in Target]))]
    if target is Target.PICTURE:
        start = _start(rng, heavy=heavy)
        others = [one.data for one in picture_seeds()]
        return Case(
            name=f"{number}-{start.name}",
            target=target,
            suffix=start.suffix,
            data=mutate(start.data, rng, others=others),
        )
    if target is Target.BUNDLE:
        names = sorted(bundle_files)
        part = names[int(rng.integers(len(names)))]
        data = mutate(bundle_files[part], rng)
        return Case(name=f"{number}-{part}", target=target, suffix="", data=data, part=part)
    text = mutate_manifest(bundle_files["manifest.json"].decode(), rng)
    return Case(
        name=f"{number}-{target.value.replace(' ', '-')}", target=target, suffix=".json", part="manifest.json",
        data=text.encode(errors="surrogateescape"),
    )  # fmt: skip


def _start(rng: np.random.Generator, *, heavy: bool) -> Seed:
    draw = rng.random()
    if heavy and draw < HEAVY_SHARE:
        pool = bomb_seeds()
    else:
        pool = hostile_seeds() if draw < TO_WHOLE_SEED else picture_seeds()
    return pool[int(rng.integers(len(pool)))]
