"""The engines on real model files: the pipeline from many threads, ExecuTorch both ways, the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from native_runner import RUNNER_SHAPE
from tolerances import tolerance
from vizecg.records.synthetic import synthesise
from vizecg.render import PrintStyle, photograph, render_sheet
from vizecg.spec import CODE6, BundleError, InputRefusedError, MissingToolError
from vizecg.spec.golden import read_golden
from vizecg_edge.backends.base import Backend
from vizecg_edge.overlay import save_image
from vizecg_edge.pipeline import Pipeline
from warm_start import run_command

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    sheet = render_sheet(synthesise(["RBBB"], seed=5), style=PrintStyle(palette="pink", trace_mm=0.4))
    save_image(path, photograph(sheet.image, rng=np.random.default_rng(5), strength=0.5, width_px=(1300, 1400)).image)
    return path


def edge(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_command("vizecg_edge.cli", *arguments, environment=environment)


def many(backend: Backend, images: np.ndarray, *, workers: int) -> np.ndarray:
    with ThreadPoolExecutor(workers) as pool:
        return np.stack(list(pool.map(lambda image: backend.logits(image[None]), images)))


def test_twenty_sheets_from_four_threads_are_answered_as_from_one() -> None:
    pipeline = Pipeline(threads=1)
    images = read_golden(pipeline.bundle).images
    found = many(pipeline.backend, images[:20], workers=4)
    np.testing.assert_array_equal(found, many(pipeline.backend, images[:20], workers=1))
    assert len(np.unique(found.round(6), axis=0)) == 20, "twenty different answers"
    two = many(Pipeline(threads=2).backend, images[:20], workers=1)
    np.testing.assert_allclose(found, two, atol=tolerance("int8-same-file"))


def test_one_pipeline_serves_several_threads(photo: Path) -> None:
    pipeline = Pipeline(threads=1)
    alone = pipeline.run(photo)
    assert alone.logits is not None
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(pipeline.run, [photo] * 4))
    for result in together:
        assert result.answer.probabilities == alone.answer.probabilities
        np.testing.assert_array_equal(result.logits, alone.logits)
        np.testing.assert_array_equal(result.sheet, alone.sheet)


def test_the_command_tells_its_engine_and_why(photo: Path) -> None:
    done = edge("run", "--image", photo, "--json", "--threads", 1)
    assert (done.returncode, done.stderr) == (0, "")
    bundle = json.loads(done.stdout)["bundle"]
    assert bundle["backend"] == "onnxruntime-cpu"
    assert bundle["backend_reason"].startswith(f"onnx with {bundle['artefact']}: the best here; tensorrt not taken: ")
    done = edge("run", "--image", photo, "--backend", "onnx", "--artefact", bundle["artefact"])
    assert done.returncode == 0
    assert done.stderr == f"onnx with {bundle['artefact']}: asked for\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--backend", "tensorflow"), 2, "tensorflow"),
        (("--artefact", "none"), 2, "has no artefact 'none'"),
        (("--backend", "onnx", "--artefact", "executorch-int8"), 2, "is for executorch, not for onnx"),
        (("--backend", "executorch"), 3, "no native runner"),
    ],
)
def test_what_cannot_be_run_is_one_line(photo: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = edge("run", "--image", photo, *arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_executorch_answers_alike_with_and_without_python(int8_program: Path, native_runner: Path) -> None:
    from small_networks import small_images
    from vizecg_edge.backends.executorch_python import ExecuTorchBackend
    from vizecg_edge.backends.runner import RunnerBackend

    images = small_images(20)
    python = ExecuTorchBackend(model=int8_program, input_shape=RUNNER_SHAPE, labels=6, threads=1)
    found = many(python, images, workers=4)
    np.testing.assert_array_equal(found, many(python, images, workers=1))
    with RunnerBackend(
        model=int8_program, input_shape=RUNNER_SHAPE, labels=6, threads=2, runner=native_runner
    ) as native:
        answers = many(native, images, workers=4)
        np.testing.assert_array_equal(answers, many(native, images, workers=1))
    np.testing.assert_allclose(found, answers, atol=tolerance("runner"))
    assert found.shape == (20, len(CODE6))
    with pytest.raises(InputRefusedError, match="takes an image of"):
        python.logits(images[:2])
    python.close()
    with pytest.raises(BundleError, match="closed"):
        python.logits(images[:1])


def test_programs_that_do_not_fit_are_one_line(int8_program: Path, tmp_path: Path) -> None:
    from vizecg_edge.backends.executorch_python import ExecuTorchBackend

    with pytest.raises(BundleError, match=r"expected \(1, 1, 320, 576\)"):
        ExecuTorchBackend(model=int8_program, input_shape=(1, 1, 320, 576), labels=6)
    (tmp_path / "junk.pte").write_bytes(b"junk" * 1000)
    with pytest.raises(BundleError, match="cannot load it") as told:
        ExecuTorchBackend(model=tmp_path / "junk.pte", input_shape=RUNNER_SHAPE, labels=6)
    assert "\n" not in str(told.value)


def test_a_bundle_of_programs_only_runs_in_the_native_runner(
    int8_program: Path, native_runner: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_bundles import artefact, make_bundle
    from vizecg.spec.manifest import open_bundle
    from vizecg_edge.backends.choose import open_backend

    listed = artefact("et", target="executorch", precision="int8")
    path = make_bundle(tmp_path / "b.vizecg", listed).path
    # The bundle's hashes are not asked again once it is open.
    bundle = open_bundle(path)
    shutil.copyfile(int8_program, path / "model.onnx")
    monkeypatch.setenv("VIZECG_RUNNER", str(native_runner))
    opened = open_backend(bundle, threads=1)
    assert opened.backend.name == "executorch-runner-cpu"
    assert "onnx not taken: the bundle has nothing for it" in opened.reason
    opened.backend.close()
    monkeypatch.setenv("VIZECG_RUNNER", str(tmp_path / "none"))
    with pytest.raises(MissingToolError, match=r"runner/build\.sh"):
        open_backend(bundle)
