"""`aitrail preflight`: looks at the account for what would make a deployment fail, or what it reads."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from aitrail.cells import counted
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import Access, Command, aws_options, now_of, option, output_options
from aitrail.cli.output import Output, narrate

if TYPE_CHECKING:
    from aitrail.preflight import Plan

_COLUMNS = ("severity", "finding", "what", "whatToDo")
_PLAN = "What to deploy (as the settings of these names)"


@click.command(cls=Command)
@option(_PLAN, "--log-bucket", metavar="NAME", help="Existing bucket of log files, instead of one of the stack.")
@option(_PLAN, "--log-bucket-account", metavar="ACCOUNT", help="Account of the bucket, if it is another one.")
@option(_PLAN, "--announced-by", metavar="s3|eventbridge|ARN", help="What announces its log files.  [default: s3]")
@option(_PLAN, "--key-prefix", multiple=True, metavar="PREFIX/", help="Key prefix before AWSLogs/; may be repeated.")
@option(_PLAN, "--log-key-arn", multiple=True, metavar="ARN", help="KMS key of log files; may be repeated.")
@option(_PLAN, "--trail/--no-trail", default=None, help="A trail of the stack.  [default: without --log-bucket]")
@aws_options
@output_options(of="the list of findings")
@click.pass_context
def preflight(
    context: click.Context,
    *,
    access: Access,
    output: Output,
    log_bucket: str | None,
    log_bucket_account: str | None,
    announced_by: str | None,
    key_prefix: tuple[str, ...],
    log_key_arn: tuple[str, ...],
    trail: bool | None,
) -> None:
    """Look at the account for what would make a deployment fail.

    Reads only. Before the first deployment, give what you want to deploy; afterwards, without these options, the
    command looks at the deployed stack. `make deploy` shows the same findings.

    It looks at the trails of the account and their quota, and at the quota of concurrent executions; of an existing
    bucket, at its Region, its notifications (S3 refuses two for the same objects), its KMS key, its versions, the
    trails that deliver to it and whether they write digests, and at yesterday's log files and what so many cost.

    \b
    Severities:
      conflict  the deployment, or reading, would fail; exits with 4
      unknown   could not be checked, often for want of a permission
      advice    worth knowing

    \b
    Examples:
      aitrail preflight
      aitrail preflight --log-bucket central-logs --announced-by eventbridge
      aitrail preflight --log-bucket central-logs --log-bucket-account 444455556666
    """
    from aitrail.preflight import Severity, look  # noqa: PLC0415 (imports botocore)

    if log_bucket is None and (log_bucket_account or announced_by):
        raise click.UsageError("--log-bucket-account and --announced-by are about --log-bucket: give it as well.")
    if any((log_bucket, key_prefix, log_key_arn, trail is not None)):
        plan = replace(
            _default(access),
            has_trail=log_bucket is None if trail is None else trail,
            bucket=log_bucket,
            bucket_account=log_bucket_account,
            announced_by=announced_by or "s3",
            prefixes=("", *key_prefix),
            key_arns=log_key_arn,
        )
    else:
        plan = _deployed(access)
    found = sorted(look(plan, access.client, now_of(context)), key=lambda each: list(Severity).index(each.severity))
    output.write(
        (
            {"severity": each.severity.value, "finding": each.finding, "what": each.what, "whatToDo": each.what_to_do}
            for each in found
        ),
        table=_COLUMNS,
        csv=_COLUMNS,
        fold=True,
    )
    conflicts = sum(1 for each in found if each.severity is Severity.CONFLICT)
    unknowns = sum(1 for each in found if each.severity is Severity.UNKNOWN)
    narrate(f"{counted(conflicts, 'conflict')}; {counted(unknowns, 'look')} could not be made.")
    if conflicts:
        context.exit(ExitCode.NEEDS_ATTENTION)


def _default(access: Access) -> "Plan":
    """What a stack has by default."""
    from aitrail.preflight import Plan  # noqa: PLC0415 (as above)

    sts = access.client("sts")
    return Plan(stack=access.stack, account=sts.get_caller_identity()["Account"], region=str(sts.meta.region_name))


def _deployed(access: Access) -> "Plan":
    """What the stack has; what it would have by default if there is none."""
    from aitrail.aws import Source, StackNotFoundError  # noqa: PLC0415 (as above)

    default = _default(access)
    try:
        source = Source.of(access.deployment, default.region)
    except StackNotFoundError as error:
        narrate(f"Before the first deployment: {error}.")
        return default
    return replace(
        default,
        has_trail=False,
        bucket=source.bucket,
        bucket_account=source.owner,
        announced_by=source.announced_by,
        prefixes=source.prefixes,
        key_arns=access.deployment.log_key_arns,
        queue_arn=source.queue_arn,
    )
