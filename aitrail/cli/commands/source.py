"""`aitrail source`: shows where log files come from, and what the owner of an existing bucket has to allow."""

import json
from dataclasses import replace

import click

from aitrail.cli.options import Access, Command, OneOf, aws_options, option, output_options
from aitrail.cli.output import Output, narrate

_DOCUMENTS = ("bucket-policy", "key-policy", "topic-policy", "notifications", "template")
_COLUMNS = ("document", "purpose")


@click.command(cls=Command)
@click.argument("document", required=False, metavar="[DOCUMENT]", type=OneOf(_DOCUMENTS))
@option("What", "--topic", metavar="ARN", help="Topic that is to announce log files, not yet in aitrail:announcedBy.")
@output_options(of="the list of documents")
@aws_options
def source(*, access: Access, document: str | None, topic: str | None, output: Output) -> None:
    """Show where log files come from, and what others must allow.

    The stack reads a bucket of its own, or the existing one that aitrail:logBucket names, perhaps of another account.
    The owners of such a bucket and of KMS keys set up the documents that this command lists. With the name of a
    DOCUMENT, the command prints it as JSON:

    \b
      bucket-policy   statements for the policy of the bucket
      key-policy      statements for the policies of KMS keys: of log files, and of
                      aitrail:kmsKey and the like
      topic-policy    statements for the policy of the topic in aitrail:announcedBy
      notifications   entries for the notifications of the bucket
      template        a CloudFormation template, which sends events to the stack

    Whoever runs verify or backfill reads the bucket as well: give their roles what the bucket policy and the key policy
    give the function.

    \b
    Examples:
      aitrail source
      aitrail source bucket-policy > bucket-policy.json
      aitrail source template > log-archive.json
      aitrail source topic-policy --topic arn:aws:sns:eu-west-1:444455556666:log-files
    """
    from aitrail.aws import Source  # noqa: PLC0415 (imports botocore)

    found = Source.of(access.deployment, access.region_name or "")
    if topic:
        found = replace(found, announced_by=topic)
    documents = {each.name: each for each in found.documents()}
    if document:
        if document not in documents:
            raise click.UsageError(f"{document} is not needed for {access}; needed are {', '.join(documents)}.")
        click.echo(json.dumps(documents[document].content, indent=2))
        return
    owner = f"account {found.owner}" if found.owner else "the stack's account"
    narrate(f"Log files of {access} come from {found.bucket} of {owner}, announced by {found.announced_by}.")
    output.write(
        ({"document": each.name, "purpose": each.purpose, "content": each.content} for each in documents.values()),
        table=_COLUMNS,
        csv=_COLUMNS,
        fold=True,
    )
