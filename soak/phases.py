"""The two phases of a run: many deliveries at once with all faults, then steady ones while memory is monitored."""

import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Final

from demo.narration import step, tell
from soak import workers
from soak.faults import LONG, SHORT
from soak.figures import Sample, distribution, growth, percentile, thinned
from soak.log_files import Digest, LogFile, digests, hours_before, log_files, within
from soak.run import Run

FILES_PER_SECOND: Final = 5
# Bytes per minute: this growth would fill the function's 1,024 MB in 16 hours. In a short run, one step of the
# allocator looks steep, so a total below the second limit does not count as growth.
MOST_GROWTH: Final = 1_000_000
_NO_GROWTH: Final = 2_000_000
_SHOWN_SAMPLES: Final = 10
_SHOWN_DIFFERENCES: Final = 20


def load(run: Run, count: int) -> bool:
    """Delivers `count` log files as fast as possible, with all faults; returns whether everything is as expected."""
    tell(f"\nLoad: {count:,} log files at once, with faults")
    hours = hours_before(datetime.now(UTC))
    with step("Creating log files and digests"):
        files = list(islice(log_files(partial(within, hours, run.random), run.random), count))
        signed = digests(files, run.expected.bucket, hours)
        run.expect(files, signed)
        run.plan(files, {**SHORT, **LONG})
        run.plan_digests(signed)
    deliveries: list[LogFile | Digest] = [*files, *signed]
    run.random.shuffle(deliveries)
    began = time.monotonic()
    run.send_unknown()
    with step("Delivering them"):
        run.put_all(deliveries)
    with step("Waiting until the function has processed them"):
        run.wait()
    tell(f"All queues are empty after {time.monotonic() - began:.0f} s")
    since = min(run.put_at.values())
    for share, what in ((0.9, "the first nine tenths"), (1.0, "all")):
        seconds = percentile(list(run.proxy.outcomes.values()), share) - since
        rates = f"{share * count / seconds:,.1f} log files/s, {share * run.expected.records / seconds:,.0f} records/s"
        tell(f"Until {what} were in the ledger: {rates}")
    return _report(run, files)


def steady(run: Run, seconds: float) -> bool:
    """Delivers log files at a steady rate; returns whether everything is as expected, and memory does not grow."""
    count = int(seconds * FILES_PER_SECOND)
    tell(f"\nSoak: {FILES_PER_SECOND} log files a second for {seconds:.0f} s, with the short faults")
    files = list(islice(log_files(partial(datetime.now, UTC), run.random), count))
    run.expect(files)
    run.plan(files, SHORT)
    memory: defaultdict[int, list[Sample]] = defaultdict(list)
    with step("Delivering them"):
        _deliver_steadily(run, files, memory)
    with step("Waiting until the function has processed them"):
        run.wait()
    is_right = _report(run, files)
    return judge(memory) and is_right


def _deliver_steadily(run: Run, files: list[LogFile], memory: Mapping[int, list[Sample]]) -> None:
    began = time.monotonic()
    for number, file in enumerate(files):
        time.sleep(max(0.0, began + number / FILES_PER_SECOND - time.monotonic()))
        run.put(file)
        if number % FILES_PER_SECOND == 0:
            for each in workers.workers(run.pipeline.aws.process, run.pipeline.outputs["FunctionName"]):
                memory[each.pid].append(Sample(time.monotonic() - began, each.resident))


def _report(run: Run, files: list[LogFile]) -> bool:
    tell(f"Time from put to ledger: {distribution(run.delays(files))}")
    tell(f"Faults so far: {', '.join(f'{count:,} {fault}' for fault, count in run.proxy.plan.injected.most_common())}")
    with step("Comparing the tables with the log files"):
        differences = list(run.differences())
    expected = run.expected
    what = f"{len(expected.rows):,} rows, {len(expected.entries):,} ledger entries, {len(run.sent)} dead letter"
    if not differences:
        tell(f"{what}: all as expected")
        return True
    tell(f"Expected {what}, but found {len(differences):,} differences:")
    for each in differences[:_SHOWN_DIFFERENCES]:
        tell(f"  {each}")
    return False


def judge(memory: Mapping[int, list[Sample]]) -> bool:
    """Reports the memory of each process over time; returns whether it is flat, for at least one process."""
    last = max((samples[-1].at for samples in memory.values()), default=0.0)
    # A process that ended early, or started in the second half, shows nothing about growth.
    there = {pid: each for pid, each in memory.items() if each[-1].at == last and each[0].at <= last / 2}
    if not there:
        tell("No process of the function ran for the whole second half: its memory cannot be judged.")
        return False
    for pid, samples in there.items():
        series = " ".join(f"{sample.resident / 1e6:.1f}" for sample in thinned(samples, _SHOWN_SAMPLES))
        tell(f"Memory of process {pid}: {series} MB, {growth(samples) / 1e6:+.2f} MB a minute in the second half")
    minutes = last / 2 / 60
    is_flat = all(growth(samples) * minutes <= max(MOST_GROWTH * minutes, _NO_GROWTH) for samples in there.values())
    limits = f"At most {MOST_GROWTH / 1e6:g} MB a minute, or {_NO_GROWTH / 1e6:g} MB in all"
    tell(f"{limits}: {'flat' if is_flat else 'NOT FLAT'}")
    return is_flat
