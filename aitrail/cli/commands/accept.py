"""`aitrail accept`: accepts problems that an operator has investigated; the ledger records who accepted them."""

from typing import TYPE_CHECKING

import click

from aitrail.cells import counted
from aitrail.cli.options import Access, Command, aws_options, now_of, option, output_options
from aitrail.cli.output import Output, narrate
from aitrail.dynamodb import items
from aitrail.window import event_time

if TYPE_CHECKING:
    from aitrail.repair import Accepting

_COLUMNS = ("problem", "at", "by", "reason", "takenBackAt", "logFile")
_HISTORY = "event-history://"
_ACCOUNT = "account://"
# The reason is stored in the log file's entry, which has to fit into an item.
_LONGEST_REASON = 500


@click.command(cls=Command)
@click.argument("files", nargs=-1, metavar="[s3://BUCKET/KEY]...")
@option("How", "--reason", metavar="TEXT", help="Why nothing has to be done; required with files.")
@option("How", "--take-back", is_flag=True, help="Withdraw the acceptance of these files' problems.")
@aws_options
@output_options(of="the list of acceptances")
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
    """Mark a known problem as accepted, or list the accepted ones.

    Without files, lists what was accepted, when, by whom and why, for all objects that still have a problem.

    With files, accepts the most serious problem of each. Name log files or digests as `aitrail status` and `aitrail
    verify` print them. Both commands then no longer exit with 4 because of these problems, and `verify` prints how many
    are accepted. (`verify` never exits with 4 because of rejects: it only counts them.) Nothing else changes: an
    accepted object does not become verified, and its rows stay. The ledger keeps the caller's ARN, the time and the
    reason, even after --take-back.

    You can accept objects that are tampered, unlisted, replaced, removed, unreadable, missing, archived, invalid,
    unverifiable or broken, silent accounts, objects that have been awaited for more than 12 hours, and rejects (name
    the log file that holds them). You cannot accept unproven files: the function decides on them. To accept hours
    without a digest (gap), name the digest, if the ledger has an entry for it. An accepted object is no longer
    re-announced automatically.

    To accept that no digests come from an account any more (silent), because it was closed, name it as `aitrail status`
    does: account://111122223333. If digests come again, and later stop, it needs attention again.

    To accept an account and Region as a whole, name its digest folder. This accepts all its log files without digests
    (no-digests), present and future; and, if it has unverifiable digests now, all of these, present and future.

    An acceptance covers one problem, and only the current content. If another problem of the file appears, or its
    content changes, the file needs attention again. After you accept one of several problems of a file, the next
    one shows: accept it as well if nothing has to be done. `aitrail backfill` skips accepted files that could not
    be read. Rejects become a problem again when their file is ingested again.

    \b
    Examples:
      aitrail accept
      aitrail accept s3://BUCKET/AWSLogs/…_CloudTrail_….json.gz --reason 'copied by hand, ticket 4711'
      aitrail accept s3://BUCKET/AWSLogs/ACCOUNT/CloudTrail-Digest/REGION/ --reason 'keys denied, ticket 4711'
      aitrail accept --take-back s3://BUCKET/AWSLogs/…_CloudTrail_….json.gz
    """
    if not files:
        if reason is not None or take_back:
            raise click.UsageError("Name the log files or digests: s3://BUCKET/KEY, as `aitrail status` prints them.")
        _list(access, output)
        return
    if take_back == (reason is not None):
        raise click.UsageError("Give either --reason, to accept problems, or --take-back, to withdraw acceptances.")
    if reason is not None:
        _check_reason(reason)
    names = list(dict.fromkeys(files))
    _check(names, access)
    accepting = _accepting(context, access)
    if reason is None:
        for name in names:
            accepting.take_back(name)
        narrate(f"Acceptance withdrawn for {counted(len(names), 'file')}.")
        return
    problems = {name: accepting.problem(name) for name in names}  # for all names, before anything changes
    for name, problem in problems.items():
        left = accepting.accept(name, problem, reason)
        rest = f"; it has another problem: {left}" if left else ""
        narrate(f"Accepted: {problem}, {name}{rest}.")


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise click.UsageError("--reason is empty: whoever reads the ledger later needs to know why.")
    if len(reason) > _LONGEST_REASON or not items.is_unicode(reason):
        raise click.UsageError(f"--reason takes a text of at most {_LONGEST_REASON:,} characters.")


def _check(names: list[str], access: Access) -> None:
    """Refuses names that the ledger cannot contain: they would look as if they had no problems."""
    begin = f"s3://{access.deployment.log_bucket}/"
    for name in names:
        if not name.startswith((begin, _HISTORY, _ACCOUNT)) or not items.is_partition_key(name):
            raise click.UsageError(f"{name!r} is not in the log bucket of {access}: give {begin}KEY.")


def _list(access: Access, output: Output) -> None:
    from aitrail.repair import accepted  # noqa: PLC0415 (would slow down --help)

    found = list(accepted(access.ledger))
    output.write(found, table=_COLUMNS, csv=(*_COLUMNS, "takenBackBy", "recordIndex", "sha256"), fold=True)
    if not found:
        narrate(f"There are no accepted problems in {access}.")


def _accepting(context: click.Context, access: Access) -> "Accepting":
    from aitrail.ledger import Ledger  # noqa: PLC0415
    from aitrail.repair import Accepting  # noqa: PLC0415 (as above)

    return Accepting(
        ledger=Ledger(access.client("dynamodb"), access.deployment.files_table),
        reader=access.ledger,
        by=access.client("sts").get_caller_identity()["Arn"],
        at=event_time(now_of(context).replace(microsecond=0)),
    )
