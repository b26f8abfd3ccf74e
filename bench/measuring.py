"""Figures and their measurement: alternating runs of several ways, and the median CPU time of each."""

import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
GC_STATE: Final = "enabled; what is alive when a figure begins is frozen"
_KILOBYTE: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure; `most` or `least` is its target. A figure with neither explains another figure."""

    name: str
    value: float
    unit: str = "x"
    most: float | None = None
    least: float | None = None

    @property
    def target(self) -> str:
        """The target as text."""
        if self.most is not None:
            return f"<= {self.most:g}"
        return "" if self.least is None else f">= {self.least:g}"

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.most is not None:
            return self.value <= self.most
        return None if self.least is None else self.value >= self.least


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The size of a measurement: runs of each way, files and their uncompressed bytes, tiny files, items and so on."""

    runs: int
    files: int
    file_bytes: int
    tiny_files: int
    large_bytes: int
    items: int
    starts: int
    folder_files: int  # large files in a folder; of smaller ones there are more
    bill_lines: int


FULL: Final = Scale(
    runs=9,
    files=4,
    file_bytes=2_500_000,
    tiny_files=1000,
    large_bytes=1_000_000_000,
    items=1000,
    starts=9,
    folder_files=40,
    bill_lines=10_000_000,
)
QUICK: Final = Scale(
    runs=5,
    files=1,
    file_bytes=2_500_000,
    tiny_files=100,
    large_bytes=50_000_000,
    items=200,
    starts=5,
    folder_files=4,
    bill_lines=200_000,
)


def cpu_seconds(runs: int, ways: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """The median of the CPU seconds of each way; runs alternate, so that a busy machine slows down all ways."""
    return _medians(runs, ways, time.process_time)


def wall_seconds(runs: int, ways: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """The median of the wall-clock seconds of each way; runs alternate."""
    return _medians(runs, ways, time.perf_counter)


def _medians(runs: int, ways: Mapping[str, Callable[[], object]], clock: Callable[[], float]) -> dict[str, float]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    gc.collect()
    gc.freeze()
    try:
        for _ in range(runs):
            for name, way in ways.items():
                begin = clock()
                way()
                seconds[name].append(clock() - begin)
                gc.collect()
    finally:
        gc.unfreeze()
    return {name: median(values) for name, values in seconds.items()}


class Child(NamedTuple):
    """The CPU and wall-clock seconds of a separate process, and the JSON that it printed."""

    cpu: float
    wall: float
    said: Any


def child(*arguments: str, environment: Mapping[str, str]) -> Child:
    """Runs Python with these arguments and only this environment. Raises CalledProcessError."""
    before, begin = _children_seconds(), time.perf_counter()
    output = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *arguments], cwd=ROOT, env=dict(environment), check=True, stdout=subprocess.PIPE
    ).stdout
    wall = time.perf_counter() - begin
    return Child(_children_seconds() - before, wall, json.loads(output or b"null"))


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def peak_bytes() -> int:
    """The peak resident memory of this process.

    On Linux, a child's ru_maxrss includes the parent's memory; /proc has the value for the program itself.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KILOBYTE
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * _KILOBYTE
