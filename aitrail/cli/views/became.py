"""Shows the outcomes of announced log files, after waiting for the function."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from aitrail.cells import counted
from aitrail.cli.options import Access, Wait
from aitrail.cli.output import Output, narrate, progress
from aitrail.repair import NOT_READ, Announced, Became, Waiting

_COLUMNS = ("status", "files", "reason", "logFile")
_DEAD = (
    "A file that is not read has failed five times and is among the dead letters (see the function's log for the "
    "cause, then run `aitrail retry`), or is still being processed."
)


def show_what_became(noted: Announced, access: Access, wait: Wait, output: Output) -> bool:
    """Waits for the function, and shows the outcomes; returns whether all files were read without problems.

    There is one row for each file that needs attention, then one for each status of the others. Raises the errors of
    reaching AWS.
    """
    in_time = _wait(noted, access, wait) if noted.count else True
    bad, fine = Counter[str](), Counter[str]()
    output.write(_rows(noted.became(access.ledger), bad, fine), table=_COLUMNS, csv=_COLUMNS, fold=True)
    if noted.count:
        sums = ", ".join(f"{count:,} {status}" for status, count in (fine + bad).items())
        narrate(f"Of {counted(noted.count, 'file')} queued: {sums}.")
    if bad[NOT_READ]:
        narrate(_DEAD if in_time else "Timeout: a file that is not read is still being processed, or has failed.")
    return not bad


def _wait(noted: Announced, access: Access, wait: Wait) -> bool:
    with progress() as show:
        show("Waiting for the function")
        waiting = Waiting(
            reader=access.ledger,
            sqs=access.client("sqs"),
            queue_url=access.deployment.backfill_queue,
            show=lambda read, left: show(
                f"{counted(left, 'message')} left in the backfill queue, files read", read, noted.count
            ),
            clock=wait.clock,
        )
        return waiting.until_read(noted, wait.timeout)


def _rows(found: Iterable[Became], bad: Counter[str], fine: Counter[str]) -> Iterator[dict[str, Any]]:
    for each in found:
        if each.is_fine:
            fine[each.status] += 1
        else:
            bad[each.status] += 1
            yield {"status": each.status, "files": 1, "reason": each.reason, "logFile": each.log_file}
    for status, count in fine.items():
        yield {"status": status, "files": count}
