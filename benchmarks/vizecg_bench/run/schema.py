"""The result of a run as it is written to a file. Times are milliseconds, sizes bytes, temperatures degrees Celsius."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vizecg.spec import UsageError
from vizecg.spec.results import result_text
from vizecg_bench.run.contenders import Role, contender_key

RESULT_SCHEMA = 1


class Part(BaseModel):
    """Keys that are not known are an error: they would be of another schema."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Interval(Part):
    """A figure and its 95 % interval; null where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Latency(Part):
    """One sheet after another, of the timed runs.

    Attributes:
        runs: timed.
        span_s: from the first timed run to the last, others in between.
        busy_s: sum of the timed runs.
        p50, p90, p99: percentiles, with bootstrap intervals over the turns.
        cpu_over_wall: processor time of the engine over time of the wall clock: less than the threads that it has
            shows that cores were shared.
        of_float: p50 over the float network's p50 on the same threads, same run; null where there is none.
        quantiles: 101 values, 0 % to 100 %, for plots.
        engine_p50: as the engine's own process measures it, without the way to it and back; null where it does not.
        peak_share: of the measured arithmetic peak of its precision, 0 to 1; null where that is not known.
    """

    runs: int
    span_s: float
    busy_s: float
    p50: Interval
    p90: Interval
    p99: Interval
    cpu_over_wall: float | None = None
    of_float: Interval | None = None
    quantiles: tuple[float, ...]
    engine_p50: float | None = None
    peak_share: float | None = None


class Start(Part):
    """Medians of ``repeats`` fresh processes: until the first answer, of which loading, and the first inference."""

    repeats: int
    process_to_answer: float
    load: float
    first_inference: float


class SustainedPoint(Part):
    """A stretch of the sustained run: ``at_s`` its middle."""

    at_s: float
    runs: int
    p50: float
    temperature: float | None = None
    mhz: float | None = None


class Sustained(Part):
    """One contender without pause. ``slowdown``: median of the last fifth over that of the first, minus 1.
    ``joules``: of the whole board for one sheet, where a sensor tells the power."""

    seconds: float
    points: tuple[SustainedPoint, ...]
    slowdown: float
    joules: float | None = None


class Flips(Part):
    """Decisions that only the float network (``lost``) or only this contender (``won``) has right; exact McNemar."""

    lost: int
    won: int
    mcnemar_p: float


class Section(Part):
    """Accuracy on one section of the pack. Figures: ``auroc``, ``auprc``, ``f1``, ``precision``, ``recall``, ``ece``.

    Attributes:
        n: pictures.
        positives: label -> number.
        macro, classes: figure -> interval; the intervals are over records.
        retention: ``f1`` and ``auroc``, macro, over the float network's.
        recall_change: label -> this contender's recall minus the float network's.
        flips: label -> decisions that turned over.
        largest_difference: of a probability from the float network's.
    """

    n: int
    positives: dict[str, int]
    macro: dict[str, Interval]
    classes: dict[str, dict[str, Interval]]
    retention: dict[str, Interval]
    recall_change: dict[str, Interval]
    flips: dict[str, Flips]
    largest_difference: float


class Accuracy(Part):
    """``sections``: name of the section of the pack -> figures. ``rule``: whose calibration and thresholds decide."""

    rule: str
    sections: dict[str, Section]


class Contender(Part):
    """What was measured. ``name`` is unique with ``threads``: ``onnx-int8``, ``torch-eager`` ...

    ``file_bytes`` is null for a network that is not a file. ``handicap_ms``: a pause put into each of its runs, to see
    that a comparison notices.
    """

    name: str
    role: Role
    engine: str
    engine_version: str
    artefact: str
    precision: str
    threads: int
    file_bytes: int | None = None
    file_sha256: str | None = None
    latency: Latency
    start: Start | None = None
    peak_memory_mib: float | None = None
    accuracy: Accuracy | None = None
    sustained: Sustained | None = None
    handicap_ms: float = 0.0
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        return contender_key(self.name, self.threads)


class LeftOut(Part):
    """A contender that could not be measured, why, and the command that adds it."""

    name: str
    why: str


class Peak(Part):
    """Most multiply-accumulates per second that a matrix product reached here, in 1e9; ``by`` the library."""

    precision: str
    threads: int
    gmacs: float
    by: str


class Bound(Part):
    """The network's multiply-accumulates for one sheet, and what this machine can do of them in a second."""

    macs: int
    peaks: tuple[Peak, ...]


class Sample(Part):
    """The machine at one time of the run; null where its sensors do not tell."""

    at_s: float
    temperature: float | None = None
    mhz: float | None = None
    others_cores: float | None = None
    power_w: float | None = None


class Monitor(Part):
    """The machine during the run.

    Attributes:
        others_cores: cores that other programs kept busy on average.
        steal: share of the time in which programs wanted to run that the hypervisor took.
        slowed: how much longer a fixed piece of work took in the slowest tenth of the run than in the quickest part.
        throttled: the machine says that it was; null where it does not tell.
        thermal_status: of Android.
        notes: what else is to be known.
    """

    samples: tuple[Sample, ...] = ()
    others_cores: float | None = None
    steal: float | None = None
    slowed: float | None = None
    throttled: bool | None = None
    thermal_status: int | None = None
    notes: tuple[str, ...] = ()


class Environment(Part):
    """The device that computed. ``details`` are the device's own: power mode, clocks, build fingerprint, battery."""

    device: str
    board: str | None = None
    machine: str
    cpu: str | None = None
    cores: int
    instructions: tuple[str, ...] = ()
    memory_mib: int | None = None
    governor: str | None = None
    system: str
    versions: dict[str, str]
    git_commit: str | None = None
    git_dirty: bool | None = None
    details: dict[str, Any] = Field(default_factory=dict)


class ProtocolPart(Part):
    """What was asked for."""

    name: str
    least_runs: int
    least_span_s: float
    warm_up_runs: int
    burst: int
    start_repeats: int
    sustained_s: float
    seed: int


class BundlePart(Part):
    """What was measured: names and fingerprints of the bundle and of the checkpoint behind it."""

    name: str
    sha256: str
    checkpoint_sha256: str


class PackPart(Part):
    """The evaluation pack, and where the float network's outputs in it come from."""

    name: str
    sha256: str
    source: str
    sections: dict[str, int]


class Result(Part):
    """A run. ``isValid`` is false, with reasons, when its figures are not to be quoted."""

    schema_version: int = RESULT_SCHEMA
    kind: str = "run"
    command: str
    began: str
    device: str
    protocol: ProtocolPart
    environment: Environment
    bundle: BundlePart
    pack: PackPart | None = None
    contenders: tuple[Contender, ...]
    left_out: tuple[LeftOut, ...] = ()
    bound: Bound | None = None
    monitor: Monitor
    is_valid: bool = Field(alias="isValid")
    invalid_because: tuple[str, ...] = ()
    labels: tuple[str, ...]

    def to_json(self) -> str:
        return result_text(self.model_dump(mode="json", by_alias=True))

    @classmethod
    def from_json(cls, text: str, *, name: str) -> Result:
        """Raises UsageError for what is not a result of this schema; ``name`` names it in the message."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise UsageError(f"{name} is no result of `vizecg-bench run`: {where}: {first['msg']}") from error
