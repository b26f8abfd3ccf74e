"""`aitrail permissions`: prints the IAM policy that commands need."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from aitrail.cells import indented_json
from aitrail.cli.options import (
    ASK,
    Access,
    Command,
    CommandLine,
    command_lines,
    offer_of,
    option,
    stacks_options,
)
from aitrail.cli.output import narrate
from aitrail.permissions import (
    GROUPS,
    IN_S3,
    Grants,
    Part,
    all_grants_of,
    arns_of,
    grants_of,
    grants_of_group,
    policy_of,
    through,
)

_BUCKET, _KEYS = "LogBucketName", "LogKeyArns"
_OPTIONAL = {
    Part.LOG_KEYS: "aitrail:logKeyArns",
    Part.REDACTION_KEY: "aitrail:redact",
    Part.TABLES_KEY: "aitrail:kmsKey and aitrail:tablesKmsKey",
    Part.BUCKET_KEY: "aitrail:kmsKey and aitrail:bucketKmsKey",
    Part.QUEUES_KEY: "aitrail:kmsKey and aitrail:queuesKmsKey",
}
_OF_PARTS = ("Tables", "Bucket", "Queues")
Names = Mapping[str, Sequence[str]]


def _words(context: click.Context) -> Iterable[str]:
    return *_commands(context), *GROUPS


# Options that are not its own belong to the commands.
@click.command(cls=Command, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="COMMAND...", shell_complete=offer_of(_words))
@option("Which permissions", "--all", "everything", is_flag=True, help="Those of all commands, with all their options.")
@option(
    *("Where", "--placeholders"),
    is_flag=True,
    help="Do not read the stack, which need not exist: print ${EventsTableName} and the like in place of its names.",
)
@stacks_options
@click.pass_context
def permissions(
    context: click.Context,
    *,
    words: tuple[str, ...],
    everything: bool,
    placeholders: bool,
    accesses: tuple[Access, ...],
) -> None:
    """Print the IAM policy that commands need.

    COMMAND is a command with its options: in quotation marks, or just followed by them if `aitrail permissions` has no
    option of that name. Some options need more, such as --repair, --wait and --source, or something else, such as
    --from. reader stands for the commands that only ask, operator for these and the ones that look after deliveries;
    the stack has policies for both: see its outputs ReaderPolicyArn and OperatorPolicyArn.

    The policy names the parts of the stack, and allows nothing else. Of several stacks (--stack, --region), it allows
    the same on each. To read the stack takes cloudformation:DescribeStacks, which all commands need. --placeholders
    reads nothing; with --region, the Region is filled in.

    \b
    Examples:
      aitrail permissions events usage status
      aitrail permissions 'verify --repair' 'backfill --wait'
      aitrail permissions 'usage --from s3://BUCKET/AWSLogs/'
      aitrail permissions 'usage --bill s3://BUCKET/PREFIX'
      aitrail permissions operator --placeholders
      aitrail permissions reader --stack aitrail --region eu-west-1 > reader.json
    """
    if bool(words) == everything:
        raise click.UsageError("Name commands, such as: aitrail permissions events 'verify --repair'. Or give --all.")
    lines = [CommandLine(name=name) for name in _commands(context)] if everything else _lines(context, words)
    granted = [(line, all_grants_of(line.name) if everything else _grants(line)) for line in lines]
    if not any(grants for _, grants in granted):
        raise click.ClickException(
            f"{', '.join(dict.fromkeys(line.name for line in lines))}: no permissions are needed."
        )
    allowed: dict[str, dict[str, set[str]]] = {"": {}}
    for access in accesses:
        names = _placeholders(access) if placeholders else _names(access)
        for line, grants in granted:
            for part, actions in grants.items():
                for arn in _arns(part, _with_bills(names, line, placeholders=placeholders), line.buckets):
                    allowed.setdefault(through(part, names), {}).setdefault(arn, set()).update(actions)
    click.echo(indented_json(policy_of(allowed)))
    if placeholders:
        _explain(allowed)


def _commands(context: click.Context) -> list[str]:
    root = context.find_root()
    return root.command.list_commands(root) if isinstance(root.command, click.Group) else []


def _lines(context: click.Context, words: Iterable[str]) -> list[CommandLine]:
    lines = list(command_lines(context, words, others=tuple(GROUPS)))
    if any(line.name == ASK for line in lines):
        raise click.UsageError("`aitrail ask` runs another command: name that one.")
    return lines


def _grants(line: CommandLine) -> Grants:
    if line.name in GROUPS:
        return grants_of_group(line.name)
    # A bill that is not in S3 needs nothing.
    options = line.options if line.bill_buckets else line.options - {"--bill"}
    return grants_of(line.name, options | ({IN_S3} if line.buckets else set()))


def _placeholders(access: Access) -> Names:
    return {"StackName": [access.stack]} | ({"Region": [access.region]} if access.region else {})


def _names(access: Access) -> Names:
    """What the stack's parts are called. Raises StackNotFoundError and botocore's errors."""
    deployment = access.deployment
    _, partition, _, region, account, stack = deployment.arn.split(":")
    queues = {
        "DeliveriesQueueName": deployment.deliveries_queue,
        "BackfillQueueName": deployment.backfill_queue,
        "DeadLetterQueueName": deployment.dead_letter_queue,
    }
    return {
        "Partition": [partition],
        "Region": [region],
        "Account": [account],
        "StackName": [stack.split("/")[1]],
        "EventsTableName": [deployment.events_table],
        "FilesTableName": [deployment.files_table],
        _BUCKET: [deployment.log_bucket],
        _KEYS: deployment.log_key_arns,
        "URLSuffix": ["amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"],
        "RedactionKeyArn": [arn] if (arn := deployment.redaction_key) else [],
        **{f"{part}KmsKeyArn": [key] if (key := deployment.key_of(part)) else [] for part in _OF_PARTS},
        **{name: [url.rpartition("/")[2]] for name, url in queues.items()},
    }


def _with_bills(names: Names, line: CommandLine, *, placeholders: bool) -> Names:
    """The names, and the buckets of a command's bills; without any, there is nothing to allow."""
    return names if placeholders and not line.bill_buckets else {**names, "BillBucketName": line.bill_buckets}


def _arns(part: Part, names: Names, buckets: Sequence[str]) -> list[str]:
    """The ARNs of a part for a command that names these buckets: it reads them, and not the log bucket."""
    if not buckets:
        return arns_of(part, names)
    own = names.get(_BUCKET, ())
    keys = {} if set(own) & set(buckets) else {_KEYS: (), "BucketKmsKeyArn": ()}
    return arns_of(part, {**names, _BUCKET: buckets, **keys})


def _explain(allowed: Mapping[str, Mapping[str, Any]]) -> None:
    narrate(
        "Replace the placeholders, ${...}: the names are those of the stack's outputs; that of a queue ends its URL."
    )
    if Part.BILL_BUCKET in allowed[""]:
        narrate("BillBucketName is the bucket of a bill: leave out its statements if nobody reads one.")
    for part, setting in _OPTIONAL.items():
        if any(part in of_service for of_service in allowed.values()):
            narrate(f"Leave out the statement of {part} if the stack is deployed without {setting}.")
