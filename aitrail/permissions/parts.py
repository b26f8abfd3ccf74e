"""The parts of a stack that a policy names. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import product
from string import Template

from aitrail.dynamodb import tables

_OF_STACK = "arn:${Partition}:%s:${Region}:${Account}:%s"
_EVENTS = _OF_STACK % ("dynamodb", "table/${EventsTableName}")
_FILES = _OF_STACK % ("dynamodb", "table/${FilesTableName}")
_BUCKET = "arn:${Partition}:s3:::${LogBucketName}"


def _index(table: str, index: tables.Index) -> str:
    return f"{table}/index/{index.name}"


class Part(StrEnum):
    """A part of a stack: its ARN, in which `${...}` stands for what differs between stacks.

    The names are those of AWS's service authorization reference, and of the stack's outputs.
    """

    # For a request with the stack's name, CloudFormation checks the ARN with * in the place of the stack's id.
    STACK = _OF_STACK % ("cloudformation", "stack/${StackName}/*")
    EVENTS = _EVENTS
    EVENTS_BY_SERVICE = _index(_EVENTS, tables.BY_SERVICE)
    EVENTS_BY_PRINCIPAL = _index(_EVENTS, tables.BY_PRINCIPAL)
    EVENTS_BY_RESOURCE = _index(_EVENTS, tables.BY_RESOURCE)
    EVENTS_BY_IMPORT = _index(_EVENTS, tables.BY_IMPORT)
    FILES = _FILES
    FILES_BY_DAY = _index(_FILES, tables.BY_DAY)
    FILES_BY_PROBLEM = _index(_FILES, tables.BY_PROBLEM)
    LOG_BUCKET = _BUCKET
    LOG_FILES = f"{_BUCKET}/*"
    LOG_KEYS = "${LogKeyArns}"
    # Of an export of AWS' bill, which no stack has.
    BILL_BUCKET = "arn:${Partition}:s3:::${BillBucketName}"
    BILL_FILES = "arn:${Partition}:s3:::${BillBucketName}/*"
    DELIVERIES = _OF_STACK % ("sqs", "${DeliveriesQueueName}")
    BACKFILL = _OF_STACK % ("sqs", "${BackfillQueueName}")
    DEAD_LETTERS = _OF_STACK % ("sqs", "${DeadLetterQueueName}")
    REDACTION_KEY = "${RedactionKeyArn}"
    # Customer-managed keys of the stack, which people use only through the service that encrypts with them.
    TABLES_KEY = "${TablesKmsKeyArn}"
    BUCKET_KEY = "${BucketKmsKeyArn}"
    QUEUES_KEY = "${QueuesKmsKeyArn}"
    # Of the CDK's bootstraps, and users and roles: those who deploy, and with which CloudFormation does.
    BOOTSTRAPS = _OF_STACK % ("ssm", "parameter/cdk-bootstrap/*")
    IDENTITIES = "arn:${Partition}:iam::${Account}:*"
    # Of actions for which AWS has no resources.
    ANYTHING = "*"


# Part -> the service through which it is used. Of others, nothing is asked.
SERVICES = {Part.TABLES_KEY: "dynamodb", Part.BUCKET_KEY: "s3", Part.QUEUES_KEY: "sqs"}


def through(part: Part, names: Mapping[str, Sequence[str]]) -> str:
    """The service through which a part is used, as kms:ViaService has it; "" for one that is used directly."""
    if part not in SERVICES:
        return ""
    known = {name: values[0] for name, values in names.items() if values}
    return Template(SERVICES[part] + ".${Region}.${URLSuffix}").safe_substitute(known)


def arns_of(part: Part, names: Mapping[str, Sequence[str]]) -> list[str]:
    """The ARNs of a part in a stack; several, or none, if there are several or no values of a name in it.

    A name without an entry in `names` stays as it is.
    """
    template = Template(part)
    used = [name for name in template.get_identifiers() if name in names]
    return [
        template.safe_substitute(dict(zip(used, values, strict=True)))
        for values in product(*(names[name] for name in used))
    ]
