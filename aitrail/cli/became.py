"""What became of log files that were announced, once the function has had its turn."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aitrail.announced import NOT_READ, Announced, Became, until_empty
from aitrail.cli.aws import Access
from aitrail.cli.output import Output, narrate
from aitrail.cli.progress import progress
from aitrail.cli.window import counted

_COLUMNS = ("status", "files", "reason", "logFile")


def show_what_became(noted: Announced, access: Access, sleep: Callable[[float], None], output: Output) -> bool:
    """Wait until the backfill queue is empty, and show what the ledger says then; whether all was read as it should be.

    A row for each file that somebody has to look at, then one for each status of the others. Raises what reaching AWS
    raises.
    """
    if noted.count:
        with progress() as show:
            show("Waiting for the function")
            until_empty(
                access.client("sqs"),
                access.deployment.backfill_queue,
                left=lambda left: show(f"{counted(left, 'message')} left in the backfill queue"),
                sleep=sleep,
            )
    bad, fine = Counter[str](), Counter[str]()
    output.write(_rows(noted.became(access.ledger), bad, fine), table=_COLUMNS, csv=_COLUMNS)
    if noted.count:
        sums = ", ".join(f"{count:,} {status}" for status, count in (fine + bad).items())
        narrate(f"Of {counted(noted.count, 'file')} announced: {sums}.")
    if bad[NOT_READ]:
        narrate(
            "What is not read has failed five times and is among the dead letters (`aitrail retry` brings it back, the "
            "function's log says why), or is still under way."
        )
    return not bad


def _rows(found: Iterable[Became], bad: Counter[str], fine: Counter[str]) -> Iterator[dict[str, Any]]:
    for each in found:
        if each.is_fine:
            fine[each.status] += 1
        else:
            bad[each.status] += 1
            yield {"status": each.status, "files": 1, "reason": each.reason, "logFile": each.log_file}
    for status, count in fine.items():
        yield {"status": status, "files": count}
