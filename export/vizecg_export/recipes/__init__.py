"""One module per target: float network in, model file out."""

from __future__ import annotations

from vizecg_export.job import Job, Made, Recipe, Run
from vizecg_export.targets import Target, require

__all__ = ["Job", "Made", "Recipe", "Run", "recipe_for"]


def recipe_for(target: Target) -> Recipe:
    """The recipe of a target; its toolchain is imported now and not before.

    Raises:
        MissingToolError: the toolchain is not installed.
    """
    require(target)
    if target is Target.EXECUTORCH:
        from vizecg_export.recipes.executorch import ExecuTorchRecipe

        return ExecuTorchRecipe()
    if target is Target.TENSORRT:
        from vizecg_export.recipes.tensorrt.recipe import TensorRTRecipe

        return TensorRTRecipe()
    from vizecg_export.recipes.onnx import OnnxRecipe

    return OnnxRecipe()
