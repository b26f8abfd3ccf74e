"""`aitrail what`: shows what a principal did, marking what is new."""

import click
from msgspec.structs import replace

from aitrail.cli.options import (
    Asked,
    Command,
    TimelineChoice,
    output_options,
    question_options,
    timeline_argument,
    timeline_options,
)
from aitrail.cli.output import Output
from aitrail.cli.views import show_timeline
from aitrail.questions import ANYTHING, Conditions


@click.command(cls=Command)
@timeline_argument("principal")
@question_options("principal")
@timeline_options("resource")
@output_options(shapes=True)
def what(*, principal: str, asked: Asked, choice: TimelineChoice, output: Output) -> None:
    """Show what a principal did, newest first.

    PRINCIPAL is user/NAME, role/NAME, sso/NAME, root …, a pattern such as 'sso/*', or an ARN, whose account is ignored
    (see --principal-account). '*' stands for anyone.

    The list shows every record that CloudTrail wrote, but the summary counts each call once, like `aitrail usage`. The
    column recordType tells what is not simply the record of a call: correction, stream-end, endpoint-copy and
    endpoint-refusal (what a VPC endpoint recorded), and shared (other accounts received it, too).

    The column new names the attributes whose value appears for the first time: resource, sourceIPAddress, operation.
    The filter also applies to the time before the window. json and jsonl have the indexed columns, which
    docs/rows.md lists; `aitrail events --principal` shows whole rows.

    \b
    Examples:
      aitrail what user/alice --since 30d
      aitrail what arn:aws:iam::111122223333:role/Admin --errors
      aitrail what 'sso/*' --summary --since 24h
    """
    columns = (
        "eventTime",
        "service",
        "operation",
        "resource",
        "outcome",
        "sourceIPAddress",
        "awsRegion",
        "eventID",
        "new",
    )
    timeline = asked.store.what(principal, baseline=choice.baseline, **asked.question)
    about = Conditions() if principal == ANYTHING else Conditions(principal=(principal,))
    whole = replace(asked, conditions=about | asked.conditions)
    show_timeline(timeline, columns, whole, choice, output)
