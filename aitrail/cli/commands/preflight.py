"""`aitrail preflight`: looks at the account for what would make a deployment fail, or what it reads."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from aitrail.aws import names
from aitrail.cells import counted
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import Access, Command, OneOf, aws_options, now_of, option, output_options
from aitrail.cli.output import Output, narrate

if TYPE_CHECKING:
    from aitrail.preflight import Finding, Plan

_COLUMNS = ("severity", "finding", "what", "whatToDo")
_BY = "What announces its log files.  [default: s3]"
_HOW = "How you want to deploy it"
_PLAN = "What to deploy (each is a setting of the stack)"


def _named(name: names.Name) -> Callable[..., Any]:
    """A callback of an option whose value, or each of its values, has to be such a name."""

    def check(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401 - one or several
        for each in value if isinstance(value, tuple) else filter(None, [value]):
            if not re.fullmatch(name.pattern, each):
                raise click.BadParameter(f"{each!r} is not {name.valid}.")
        return value

    return check


_BUCKET, _TABLE, _KEY = _named(names.BUCKET), _named(names.TABLE), _named(names.KEY_ARN)
_ACCOUNT, _ANNOUNCER, _PREFIX = _named(names.ACCOUNT), _named(names.ANNOUNCER), _named(names.KEY_PREFIX)
_QUALIFIER = _named(names.QUALIFIER)


@click.command(cls=Command)
@option(_PLAN, "--log-bucket", callback=_BUCKET, metavar="NAME", help="Existing bucket, instead of one of the stack.")
@option(_PLAN, "--log-bucket-account", callback=_ACCOUNT, metavar="ACCOUNT", help="Its account, if it is another one.")
@option(_PLAN, "--announced-by", callback=_ANNOUNCER, metavar="s3|eventbridge|ARN", help=_BY)
@option(
    _PLAN,
    "--key-prefix",
    multiple=True,
    callback=_PREFIX,
    metavar="PREFIX/",
    help="Key prefix before AWSLogs/; may be repeated.",
)
@option(
    _PLAN, "--log-key-arn", multiple=True, callback=_KEY, metavar="ARN", help="KMS key of log files; may be repeated."
)
@option(
    _PLAN, "--events-table", callback=_TABLE, metavar="NAME", help="Existing table of rows, such as a restored one."
)
@option(_PLAN, "--files-table", callback=_TABLE, metavar="NAME", help="Existing ledger, likewise.")
@option(_PLAN, "--tables-kms-key", callback=_KEY, metavar="ARN", help="KMS key of the tables.")
@option(_PLAN, "--trail/--no-trail", default=None, help="Have a trail of the stack.  [default: unless --log-bucket]")
@option(
    _HOW, "--deploy-with", type=OneOf(("cdk", "cloudformation")), help="Also check whether you may deploy like that."
)
@option(
    _HOW,
    "--qualifier",
    callback=_QUALIFIER,
    metavar="NAME",
    help="Qualifier of the CDK's bootstrap.  [default: hnb659fds]",
)
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
    events_table: str | None,
    files_table: str | None,
    tables_kms_key: str | None,
    trail: bool | None,
    deploy_with: str | None,
    qualifier: str | None,
) -> None:
    """Look at the account for what would make a deployment fail.

    Reads only. Before the first deployment, give what you want to deploy; afterwards, without these options, the
    command looks at the deployed stack. `make deploy` shows the same for the settings that it deploys.

    It looks at the trails of the account and their quota, and at the quota of concurrent executions; of an existing
    bucket, at its Region, its notifications (S3 refuses two for the same objects), its KMS key, its versions, the
    trails that deliver to it and whether they write digests, and at how many log files it got yesterday, and what it
    costs to read so many; of existing tables, at their keys and indexes, and at what a restored table lacks, with the
    commands that add it.

    --deploy-with cdk also checks that the CDK is bootstrapped, that you may assume its roles, and that its role for
    CloudFormation may create the stack; --deploy-with cloudformation, for what `make package` writes, that you may
    create the stack yourself. IAM simulates that without trust policies, session policies, and conditions of service
    control policies.

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
      aitrail preflight --deploy-with cdk
      aitrail preflight --events-table rows-restored --files-table files-restored
    """
    from aitrail.preflight import Severity, look  # noqa: PLC0415 (imports botocore)

    if log_bucket is None and (log_bucket_account or announced_by):
        raise click.UsageError("--log-bucket-account and --announced-by are about --log-bucket: give it as well.")
    if qualifier and deploy_with != "cdk":
        raise click.UsageError("--qualifier is about the CDK: give --deploy-with cdk as well.")
    if any((log_bucket, key_prefix, log_key_arn, events_table, files_table, tables_kms_key, trail is not None)):
        plan = replace(
            _default(access),
            has_trail=log_bucket is None if trail is None else trail,
            bucket=log_bucket,
            bucket_account=log_bucket_account,
            announced_by=announced_by or "s3",
            prefixes=("", *key_prefix),
            key_arns=log_key_arn,
            events_table=events_table,
            files_table=files_table,
            tables_key=tables_kms_key,
        )
    else:
        plan = _deployed(access)
    plan = replace(plan, deployed_with=deploy_with, qualifier=qualifier or plan.qualifier)
    found = list(look(plan, access.client, now_of(context)))
    output.write(
        map(_row, found),
        table=_COLUMNS,
        csv=_COLUMNS,
        fold=True,
    )
    conflicts = sum(1 for each in found if each.severity is Severity.CONFLICT)
    unknowns = sum(1 for each in found if each.severity is Severity.UNKNOWN)
    narrate(f"{counted(conflicts, 'conflict')}; {counted(unknowns, 'check')} could not be made.")
    if conflicts:
        context.exit(ExitCode.NEEDS_ATTENTION)


def _row(finding: "Finding") -> dict[str, str]:
    commands = ", then ".join(f"`{each}`" for each in finding.commands)
    return {
        "severity": finding.severity.value,
        "finding": finding.finding,
        "what": finding.what,
        "whatToDo": " ".join(filter(None, (finding.what_to_do, commands))),
    }


def _default(access: Access) -> "Plan":
    """What a stack has by default."""
    from aitrail.preflight import Plan  # noqa: PLC0415 (as above)

    sts = access.client("sts")
    caller = sts.get_caller_identity()
    return Plan(stack=access.stack, account=caller["Account"], region=str(sts.meta.region_name), caller=caller["Arn"])


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
        events_table=access.deployment.events_table,
        files_table=access.deployment.files_table,
        tables_key=access.deployment.key_of("Tables"),
    )
