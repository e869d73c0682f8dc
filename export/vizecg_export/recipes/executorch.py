"""ExecuTorch: programs (``.pte``) for XNNPACK, on ARM and x86 alike."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.fx import GraphModule

from vizecg.spec import UsageError
from vizecg.spec.console import silent_stderr
from vizecg_export.job import Job, Made, Run
from vizecg_export.quant.graphs import quantised_graph
from vizecg_export.quant.pt2e import CALIBRATORS, each, float_graph
from vizecg_export.quiet import quiet
from vizecg_export.targets import OFFERS, Precision, Scope, Target

with quiet():
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.devtools import BundledProgram
    from executorch.devtools.backend_debug import get_delegation_info
    from executorch.devtools.bundled_program.config import MethodTestCase, MethodTestSuite
    from executorch.devtools.bundled_program.serialize import serialize_from_bundled_program_to_flatbuffer
    from executorch.exir import ExecutorchProgramManager, to_edge_transform_and_lower
    from executorch.runtime import Runtime

BACKEND = "XnnpackBackend"
METHOD = "forward"


class ExecuTorchRecipe:
    """Programs of which XNNPACK computes all but the two layer normalisations, one image at a time.

    There is no fp16: XNNPACK takes such a graph, but keeps the weights of its convolutions in float32, so that the file
    is 5 % smaller than the fp32 one and, where the processor has no fp16 arithmetic, several times slower.
    """

    target = Target.EXECUTORCH
    precisions = OFFERS[target].precisions
    calibrators = OFFERS[target].calibrators
    machines = OFFERS[target].machines

    def make(self, job: Job) -> Made:
        """Write ``model_fp32.pte`` or ``model_int8.pte``.

        Raises:
            UsageError: a precision that is not offered, int8 without calibration images, an unknown calibrator.
        """
        if job.precision not in self.precisions:
            offered = ", ".join(precision.value for precision in self.precisions)
            raise UsageError(f"ExecuTorch is exported as {offered}, not as {job.precision.value}")
        details: dict[str, Any] = {"backend": BACKEND}
        if job.precision is Precision.INT8:
            graph = quantised_graph(job)
            details["quantiser"] = _quantiser_entry(job)
        else:
            graph = float_graph(job.network, job.input_shape)
        program, details["delegation"] = _lower(graph, job.input_shape)
        file = job.folder / f"model_{job.precision.value}.pte"
        file.write_bytes(program.buffer)
        return Made(
            file=file.name,
            run=open_model(file),
            runtime=f"executorch {importlib.metadata.version('executorch')}",
            details=details,
        )


def _quantiser_entry(job: Job) -> dict[str, Any]:
    assert job.images is not None
    behind = "; per token, dynamic behind it" if job.scope is Scope.FULL else ""
    return {
        "name": "PT2E XNNPACKQuantizer",
        "torchao": importlib.metadata.version("torchao"),
        "scope": job.scope.value,
        "weights": "int8 symmetric per channel",
        "activations": f"int8 per tensor, fixed, in the trunk{behind}",
        "calibrator": job.calibrator or next(iter(CALIBRATORS)),
        "images": len(job.images),
        "qat_epochs": job.qat_epochs,
        "seed": job.seed,
    }


def _lower(
    graph: GraphModule, input_shape: tuple[int, int, int, int]
) -> tuple[ExecutorchProgramManager, dict[str, Any]]:
    """The program, and what of it XNNPACK computes."""
    with quiet(), torch.no_grad():
        exported = torch.export.export(graph, (torch.zeros(input_shape),))
        edge = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
        delegation = get_delegation_info(edge.exported_program().graph_module)
        program = edge.to_executorch()
    operators = sorted(delegation.delegation_by_operator.values(), key=lambda entry: entry.op_type)
    return program, {
        "delegates": delegation.num_delegated_subgraphs,
        "delegated_ops": {entry.op_type: entry.delegated for entry in operators if entry.delegated},
        "other_ops": {entry.op_type: entry.non_delegated for entry in operators if entry.non_delegated},
    }


def open_model(file: Path) -> Run:
    """A program file in ExecuTorch's own runtime, one image at a time."""
    with silent_stderr():
        method = Runtime.get().load_program(file).load_method(METHOD)
        assert method is not None
        # The first inference looks at the processor, and would report it where nobody silences it.
        method.execute([torch.zeros(tuple(method.metadata.input_tensor_meta(0).sizes()))])
        labels = int(method.metadata.output_tensor_meta(0).sizes()[-1])

    def run(images: np.ndarray) -> np.ndarray:
        # The runtime gives out its own memory, which the next call fills again.
        logits = [method.execute([image])[0].numpy().copy() for image in each(images)]
        return np.concatenate(logits) if logits else np.zeros((0, labels), np.float32)

    return run


def bundled_program(pte_file: Path, inputs: np.ndarray, outputs: np.ndarray, target: Path) -> None:
    """Write a program together with inputs and what they must give: each a test case of its own.

    Args:
        pte_file: the program.
        inputs: float32 (n, 1, H, W).
        outputs: float32 (n, labels), expected logits.
        target: where the ``.bpte`` goes.

    Raises:
        UsageError: not as many outputs as inputs.
    """
    if len(inputs) != len(outputs):
        raise UsageError(f"{len(inputs)} golden inputs but {len(outputs)} outputs")
    cases = [
        MethodTestCase(inputs=[image], expected_outputs=[logits])
        for image, logits in zip(each(inputs), each(outputs), strict=True)
    ]
    with quiet():
        bundle = BundledProgram(
            executorch_program=None,
            method_test_suites=[MethodTestSuite(method_name=METHOD, test_cases=cases)],
            pte_file_path=str(pte_file),
        )
        target.write_bytes(bytes(serialize_from_bundled_program_to_flatbuffer(bundle)))
