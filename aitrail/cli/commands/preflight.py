"""`aitrail preflight`: looks at the account for what would make a deployment fail, or what it reads."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from aitrail.cells import counted
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import Access, Command, aws_options, now_of, option, output_options
from aitrail.cli.output import Output, narrate

if TYPE_CHECKING:
    from aitrail.preflight import Plan

_COLUMNS = ("severity", "finding", "what", "whatToDo")
_BY = "What announces its log files.  [default: s3]"
_PLAN = "What to deploy (each is a setting of the stack)"


def _matching(pattern: str, valid: str) -> Callable[..., Any]:
    """A callback of an option whose value, or each of its values, has to match the whole pattern."""

    def check(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401 - one or several
        for each in value if isinstance(value, tuple) else filter(None, [value]):
            if not re.fullmatch(pattern, each):
                raise click.BadParameter(f"{each!r} is not {valid}.")
        return value

    return check


_BUCKET = _matching("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket")
_ACCOUNT = _matching("[0-9]{12}", "the id of an account (12 digits)")
_ANNOUNCED_BY = _matching("s3|eventbridge|arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+", "s3, eventbridge or the ARN of a topic")
_PREFIX = _matching(".*/", "a key prefix that ends with a slash")
_KEY = _matching("arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+", "the ARN of a KMS key (not of an alias)")


@click.command(cls=Command)
@option(_PLAN, "--log-bucket", callback=_BUCKET, metavar="NAME", help="Existing bucket, instead of one of the stack.")
@option(_PLAN, "--log-bucket-account", callback=_ACCOUNT, metavar="ACCOUNT", help="Its account, if it is another one.")
@option(_PLAN, "--announced-by", callback=_ANNOUNCED_BY, metavar="s3|eventbridge|ARN", help=_BY)
@option(_PLAN, "--key-prefix", multiple=True, callback=_PREFIX, metavar="PREFIX/", help="Key prefix before AWSLogs/.")
@option(_PLAN, "--log-key-arn", multiple=True, callback=_KEY, metavar="ARN", help="KMS key of log files.")
@option(_PLAN, "--trail/--no-trail", default=None, help="Have a trail of the stack.  [default: unless --log-bucket]")
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
    command looks at the deployed stack. `make deploy` shows the same for the settings that it deploys.

    It looks at the trails of the account and their quota, and at the quota of concurrent executions; of an existing
    bucket, at its Region, its notifications (S3 refuses two for the same objects), its KMS key, its versions, the
    trails that deliver to it and whether they write digests, and at how many log files it got yesterday, and what it
    costs to read so many.

    \b
    Severities:
      conflict  deploying, or reading log files, would fail; exits with 4
      unknown   could not be checked, often because a permission is missing
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
    found = list(look(plan, access.client, now_of(context)))
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
    narrate(f"{counted(conflicts, 'conflict')}; {counted(unknowns, 'check')} could not be made.")
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
        narrate(f"What a stack has by default is looked at, because {error}.")
        return replace(default, is_new=True)
    return replace(
        default,
        has_trail=False,
        bucket=source.bucket,
        bucket_account=source.owner,
        announced_by=source.announced_by,
        prefixes=source.prefixes,
        key_arns=access.deployment.log_key_arns,
        role_arn=source.role_arn,
    )
