"""`aitrail accept`: accepts problems that an operator has investigated; the ledger records who accepted them."""

from typing import TYPE_CHECKING

import click

from aitrail.cells import counted
from aitrail.cli.options import Access, Command, aws_options, now_of, option, output_options
from aitrail.cli.output import Output, narrate
from aitrail.dynamodb import is_unicode
from aitrail.window import event_time

if TYPE_CHECKING:
    from aitrail.repair import Accepting

_COLUMNS = ("problem", "at", "by", "reason", "takenBackAt", "logFile")
_HISTORY = "event-history://"
# The reason is stored in the log file's entry, which has to fit into an item.
_LONGEST_REASON = 500
_LONGEST_NAME = 2048  # of a partition key


@click.command(cls=Command)
@click.argument("files", nargs=-1, metavar="[s3://BUCKET/KEY]...")
@option("How", "--reason", metavar="TEXT", help="Why it may stay as it is; required with names.")
@option("How", "--take-back", is_flag=True, help="Let what was accepted of these files be a problem again.")
@aws_options
@output_options()
@click.pass_context
def accept(
    context: click.Context,
    *,
    files: tuple[str, ...],
    reason: str | None,
    take_back: bool,
    access: Access,
    output: Output,
) -> None:
    """Accept a problem that may stay as it is, or show what was.

    Without names, lists what was accepted, when, by whom and why, of all objects that still have a problem. With names
    of log files or digests, as `aitrail status` and `aitrail verify` show them, the gravest problem that each has is
    noted as accepted: both commands then no longer end with 4 because of it, and `verify` says how many there are.
    Nothing else changes: what is accepted is not verified, and rows stay. The caller's ARN, the time and the reason
    stay in the ledger, also of what is taken back.

    Objects that are tampered, unlisted, replaced, unreadable, missing, archived, invalid, unverifiable or broken can be
    accepted, what is awaited for more than 12 hours, and rejects: for these, name their log file. What is unproven is
    decided by the function. Hours without a digest (gap) are accepted by their digest, if the ledger has an entry for
    it. What is accepted is no longer looked for or read again by itself.

    It holds for this problem and this content. Whatever else comes to light of the same file, and every other content,
    is a problem again. A file with several problems shows the next one: accept that as well if it may stay. `aitrail
    backfill` leaves what is accepted alone; rejects are a problem again once their file is read again.

    \b
    Examples:
      aitrail accept
      aitrail accept s3://BUCKET/AWSLogs/…_CloudTrail_….json.gz --reason 'copied by hand, ticket 4711'
      aitrail accept --take-back s3://BUCKET/AWSLogs/…_CloudTrail_….json.gz
    """
    if not files:
        if reason is not None or take_back:
            raise click.UsageError("Say which log files or digests: s3://BUCKET/KEY, as `aitrail status` shows them.")
        _list(access, output)
        return
    if take_back == (reason is not None):
        raise click.UsageError("Say why with --reason, or --take-back what was accepted: one of the two.")
    if reason is not None:
        _check_reason(reason)
    names = list(dict.fromkeys(files))
    _check(names, access)
    accepting = _accepting(context, access)
    if reason is None:
        for name in names:
            accepting.take_back(name)
        narrate(f"Nothing of {counted(len(names), 'file')} is accepted any more.")
        return
    problems = {name: accepting.problem(name) for name in names}  # for all names, before anything changes
    for name, problem in problems.items():
        left = accepting.accept(name, problem, reason)
        rest = f"; it has another problem: {left}" if left else ""
        narrate(f"Accepted: {problem}, {name}{rest}.")


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise click.UsageError("--reason is empty: whoever reads the ledger later wants to know why.")
    if len(reason) > _LONGEST_REASON or not is_unicode(reason):
        raise click.UsageError(f"--reason takes text of at most {_LONGEST_REASON:,} characters.")


def _check(names: list[str], access: Access) -> None:
    """Refuses names that the ledger cannot contain: they would look as if they had no problems."""
    begin = f"s3://{access.deployment.log_bucket}/"
    for name in names:
        if not name.startswith((begin, _HISTORY)) or not is_unicode(name) or len(name.encode()) > _LONGEST_NAME:
            raise click.UsageError(f"{name!r} is not in the log bucket of {access}: give {begin}KEY.")


def _list(access: Access, output: Output) -> None:
    from aitrail.repair import accepted  # noqa: PLC0415 (would slow down --help)

    found = list(accepted(access.ledger))
    output.write(found, table=_COLUMNS, csv=(*_COLUMNS, "takenBackBy", "recordIndex", "sha256"), fold=True)
    if not found:
        narrate(f"Nothing was accepted in {access}.")


def _accepting(context: click.Context, access: Access) -> "Accepting":
    from aitrail.ledger import Ledger  # noqa: PLC0415
    from aitrail.repair import Accepting  # noqa: PLC0415 (as above)

    return Accepting(
        ledger=Ledger(access.client("dynamodb"), access.deployment.files_table),
        by=access.client("sts").get_caller_identity()["Arn"],
        at=event_time(now_of(context).replace(microsecond=0)),
    )
