"""The processes of one run: how many there are, and which one this is."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from vizecg.spec import UsageError
from vizecg.train.lightning import ClusterEnvironment, DDPStrategy, LightningEnvironment, TorchElasticEnvironment


@dataclass(frozen=True, kw_only=True)
class Processes:
    """Under ``torchrun`` what it says; otherwise this process starts the others of its node when training begins.

    ``rank`` counts over all nodes. ``environment`` is fixed by these two ways of starting, so that no scheduler's
    variables are taken for more.
    """

    rank: int
    devices: int
    nodes: int
    environment: ClusterEnvironment

    @property
    def size(self) -> int:
        return self.devices * self.nodes

    @property
    def part(self) -> tuple[int, int]:
        """(rank, size)"""
        return self.rank, self.size

    @property
    def first(self) -> bool:
        """Whether this is the process that draws, writes and prints."""
        return self.rank == 0

    def strategy(self) -> DDPStrategy | str:
        """gloo on CPUs, nccl on GPUs."""
        return DDPStrategy(cluster_environment=self.environment) if self.size > 1 else "auto"


def find_processes(*, devices: int | None, nodes: int | None) -> Processes:
    """Of this run.

    Args:
        devices: GPUs, or processes where there are none, of each node; None is what torchrun says, or 1.
        nodes: likewise. Without torchrun, NODE_RANK, MASTER_ADDR and MASTER_PORT say which one this is.

    Raises:
        UsageError: torchrun says something else.
    """
    if torch.distributed.is_available() and torch.distributed.is_torchelastic_launched():
        size, local = int(os.environ["WORLD_SIZE"]), int(os.environ["LOCAL_WORLD_SIZE"])
        for option, asked, found in (("--devices", devices, local), ("--nodes", nodes, size // local)):
            if asked is not None and asked != found:
                raise UsageError(f"{option} {asked}, but torchrun started {found}: leave the option out")
        return Processes(
            rank=int(os.environ["RANK"]), devices=local, nodes=size // local, environment=TorchElasticEnvironment()
        )
    devices, nodes = devices or 1, nodes or 1
    rank = int(os.environ.get("NODE_RANK", 0)) * devices + int(os.environ.get("LOCAL_RANK", 0))
    # The variables of another launcher say nothing about a run of one process.
    return Processes(
        rank=rank if devices * nodes > 1 else 0, devices=devices, nodes=nodes, environment=LightningEnvironment()
    )
