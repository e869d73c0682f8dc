"""How busy other programs, and other guests of the hypervisor, keep the cores that we measure on."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import psutil

QUIET_CORES = 0.1
"""Other programs that keep more cores than this busy on average make the figures worthless."""
QUIET_STEAL = 0.02
"""So does a hypervisor that takes a greater share of the time than this."""
NOT_BUSY = ("idle", "iowait", "steal", "guest", "guest_nice")
"""Columns of /proc/stat; those of guests are in ``user`` and ``nice`` already."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the cores that this process may use did besides our own work.

    Attributes:
        average_before, average_after: the system's load average of the last minute.
        others_cores: cores that other programs kept busy.
        steal: share of the time in which programs wanted to run that the hypervisor gave to others; 0 on bare metal.
    """

    average_before: float
    average_after: float
    others_cores: float
    steal: float

    @property
    def loaded(self) -> bool:
        return self.others_cores > QUIET_CORES or self.steal > QUIET_STEAL


@dataclass(frozen=True, kw_only=True)
class Counters:
    """Seconds: of the clock, of the cores busy and stolen, and of our own processes."""

    clock: float
    busy: float
    stolen: float
    own: float


class ProcessTree:
    """Processor time of this process and of all that it started, directly or not, alive or ended.

    ``os.times`` knows a child only when it has ended: workers that live for the whole run would count as others. What
    a reaped child took is in its parent's times. Only processes that are new since the last reading are looked up: to
    list the whole tree each second takes milliseconds from what is measured.
    """

    def __init__(self) -> None:
        own = psutil.Process()
        self._ours: dict[int, psutil.Process] = {own.pid: own}
        self._parents: dict[int, int] = {}
        self._times: dict[int, float] = {}
        self._seen = {own.pid}
        self._orphaned_s = 0.0

    def read_s(self) -> float:
        """Seconds so far, since the start of each process."""
        self._adopt()
        for pid, process in list(self._ours.items()):
            try:
                with process.oneshot():
                    if not process.is_running():
                        raise psutil.NoSuchProcess(pid)
                    self._parents[pid] = process.ppid()
                    self._times[pid] = sum(process.cpu_times()[:4])
            except psutil.Error:
                self._forget(pid)
        return self._orphaned_s + sum(self._times.values())

    def _adopt(self) -> None:
        """Take in what our processes started."""
        pids = set(psutil.pids())
        fresh: dict[int, psutil.Process] = {}
        for pid in pids - self._seen:
            try:
                fresh[pid] = psutil.Process(pid)
                self._parents[pid] = fresh[pid].ppid()
            except psutil.Error:
                fresh.pop(pid, None)
        while children := [pid for pid in fresh if self._parents[pid] in self._ours]:
            self._ours.update((pid, fresh.pop(pid)) for pid in children)
        for pid in fresh:
            del self._parents[pid]
        self._seen = pids

    def _forget(self, pid: int) -> None:
        """What an ended process took is in its parent's times, if that is one of ours."""
        del self._ours[pid]
        seconds = self._times.pop(pid, 0.0)
        if self._parents.pop(pid, 0) not in self._ours:
            self._orphaned_s += seconds


class LoadMeter:
    """Counts from its making on."""

    def __init__(self) -> None:
        self._tree = ProcessTree()
        self._average = os.getloadavg()[0]
        self._began = self._last = self._count()

    def read(self) -> Load:
        """What happened so far."""
        self._last = self._count()
        return self._between(self._began, self._last)

    def lap(self) -> Load:
        """What happened since the last ``lap`` or ``read``."""
        before, self._last = self._last, self._count()
        return self._between(before, self._last)

    def _count(self) -> Counters:
        busy, stolen = core_seconds()
        return Counters(clock=time.perf_counter(), busy=busy, stolen=stolen, own=self._tree.read_s())

    def _between(self, before: Counters, after: Counters) -> Load:
        others, steal = shares(before, after)
        average = round(os.getloadavg()[0], 2)
        return Load(average_before=round(self._average, 2), average_after=average, others_cores=others, steal=steal)


def shares(before: Counters, after: Counters) -> tuple[float, float]:
    """Cores that others kept busy, and the share of wanted time that the hypervisor took."""
    seconds = max(after.clock - before.clock, 1e-3)
    busy, stolen = after.busy - before.busy, max(0.0, after.stolen - before.stolen)
    others = max(0.0, (busy - (after.own - before.own)) / seconds)
    # Of the wanted time: a guest that does nothing is robbed of nothing. The floor keeps single ticks from counting.
    return round(others, 3), round(stolen / max(busy + stolen, 0.1 * seconds), 4)


def core_seconds() -> tuple[float, float]:
    """Busy and stolen time of the cores that this process may use, since the start of the system."""
    cores = psutil.cpu_times(percpu=True)
    mine = [cores[core]._asdict() for core in os.sched_getaffinity(0) if core < len(cores)]
    busy = sum(value for core in mine for name, value in core.items() if name not in NOT_BUSY)
    return busy, sum(core.get("steal", 0.0) for core in mine)
