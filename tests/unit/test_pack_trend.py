"""Whether quantisation breaks first where the photograph is worst, on networks that are made to do so, or not to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from packs import content, header
from vizecg.spec import UsageError
from vizecg_bench.pack.evaluate import float_logits, score
from vizecg_bench.pack.format import Pack, open_pack
from vizecg_bench.pack.header import SectionHeader
from vizecg_bench.pack.plot import families, flip_share, robustness_figure
from vizecg_bench.pack.trend import MEASURES, robustness_sections, trend
from vizecg_bench.pack.write import PackWriter

pytestmark = pytest.mark.unit

N = 120
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
NOISE = {"photo": 1.0, "blurred": 4.0}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The float network knows the labels well, and less and less under two conditions."""
    path = tmp_path_factory.mktemp("pack") / "r.pack"
    rng = np.random.default_rng(1)
    labels = rng.uniform(size=(N, 6)) < 0.3
    with PackWriter(path, header()) as writer:
        for condition, noise in NOISE.items():
            for strength in STRENGTHS:
                name = SectionHeader(
                    name=f"{condition}@{strength:g}", kind="robustness", n=N, condition=condition, strength=strength
                )
                logits = 4.0 * labels - 2 + rng.normal(size=labels.shape) * noise * strength
                writer.add(name, **{**content(N), "labels": labels, "logits": logits.astype(np.float32)})
    return open_pack(path)


def error(pack: Pack, name: str, *, grows: bool) -> np.ndarray:
    """A contender's logits: off by noise, which grows with what the float network suffers."""
    found = pack.sections[name]
    rng = np.random.default_rng(2)
    amount = NOISE[found.header.condition] * (found.header.strength or 0) if grows else 0.5
    return np.asarray(found.logits + amount * rng.normal(size=found.logits.shape), np.float32)


def test_damage_that_grows_with_the_photographs_is_seen(pack: Pack) -> None:
    told = trend(pack, {name: error(pack, name, grows=True) for name in pack.sections}, bootstraps=50)
    assert told["answer"] == dict.fromkeys(MEASURES, "yes")
    assert told["worst"] == ["blurred@1", "blurred@0.75"]
    assert told["rank_correlation"]["logit_rms"]["value"] > 0.9
    assert told["slopes"]["blurred"]["auroc_change"]["high"] < 0 < told["slopes"]["blurred"]["flip_share"]["low"]


def test_damage_that_does_not_grow_is_not_called_growing(pack: Pack) -> None:
    told = trend(pack, {name: error(pack, name, grows=False) for name in pack.sections}, bootstraps=50)
    assert told["answer"]["logit_rms"] == "not shown"
    assert told["answer"]["auroc_change"] == "not shown"
    same = trend(pack, float_logits(pack), bootstraps=50)
    assert same["answer"] == dict.fromkeys(MEASURES, "not shown")
    assert same["worst_minus_best"]["flip_share"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_sections_of_other_records_are_not_compared(pack: Pack, tmp_path: Path) -> None:
    path = tmp_path / "o.pack"
    with PackWriter(path, header()) as writer:
        for place, strength in enumerate(STRENGTHS):
            name = SectionHeader(
                name=f"photo@{strength:g}", kind="robustness", n=6, condition="photo", strength=strength
            )
            writer.add(name, **{**content(6), "record_ids": [f"{place}-{k}" for k in range(6)]})
    with pytest.raises(UsageError, match="not of the same records"):
        robustness_sections(open_pack(path))
    with pytest.raises(UsageError, match="build it with --robustness"):
        robustness_sections(open_pack(path, sections=["photo@1"]))


def test_the_figure_shows_every_condition(pack: Pack) -> None:
    found = {
        "float": score(pack, float_logits(pack), bootstraps=20),
        "int8": score(pack, {name: error(pack, name, grows=True) for name in pack.sections}, bootstraps=20),
    }
    assert [strength for strength, _ in families(found["int8"])["photo"]] == list(STRENGTHS)
    assert flip_share(found["float"].sections["photo@1"]) == 0
    figure = robustness_figure(found)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == list(NOISE)
    drawn = figure.axes[0].lines
    values = [section.macro["auroc"].value for _, section in families(found["float"])["photo"]]
    assert list(drawn[0].get_ydata()) == values
    whole = score(pack, {"photo@1": error(pack, "photo@1", grows=True)}, bootstraps=20)
    with pytest.raises(UsageError, match="several strengths"):
        robustness_figure({"int8": whole})


def test_a_device_needs_no_torch() -> None:
    rooms = [f"vizecg_bench.pack.{name}" for name in ("measure", "plot", "trend", "write")]
    modules = ", ".join([*rooms, "vizecg_bench.verbs.pack"])
    program = f"import sys, {modules}; print(sorted({{'torch', 'vizecg.train', 'vizecg.data'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
