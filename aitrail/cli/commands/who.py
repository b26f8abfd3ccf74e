"""`aitrail who`: shows who touched a resource, marking what is new."""

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
from aitrail.questions import ANYTHING, ConditionError, Conditions


@click.command(cls=Command)
@timeline_argument("resource")
@question_options("resource")
@timeline_options("principal")
@output_options(shapes=True)
def who(*, resource: str, asked: Asked, choice: TimelineChoice, output: Output) -> None:
    """Show who touched a resource, newest first.

    RESOURCE is KIND/NAME (bot/ID, lexicon/NAME …), an ARN, or a pattern such as 'lexicon/*'. `aitrail services` lists
    the kinds. An ARN means the resource in its account and Region; a name, in all of them: --account and --in-region
    select, and the table shows both where there are several. '*' stands for anything: all calls, also those that name
    no resource; '*/*' for any resource.

    The list shows every record that CloudTrail wrote, but the summary counts each call once, like `aitrail usage`. The
    column recordType tells what is not simply the record of a call: correction, stream-end, endpoint-copy and
    endpoint-refusal (what a VPC endpoint recorded), and shared (other accounts received it, too).

    The column new names the attributes whose value appears for the first time: principal, sourceIPAddress, operation.
    The filter also applies to the time before the window. json and jsonl have the indexed columns, which
    docs/rows.md lists; `aitrail events --resource` shows whole rows.

    \b
    Examples:
      aitrail who bot/K3X9QW7T2P --since 30d
      aitrail who 'lexicon/*' --write-only --since 24h
      aitrail who dataset-group/shop --summary --since 90d
      aitrail who '*' --summary --during last-month
      aitrail who arn:aws:personalize:eu-west-1:111122223333:campaign/shop
    """
    columns = ("eventTime", "operation", "principal", "outcome", "sourceIPAddress", "awsRegion", "eventID", "new")
    try:
        timeline = asked.store.who(resource, baseline=choice.baseline, **asked.question)
    except ConditionError as error:  # the resource contradicts another condition
        raise click.UsageError(str(error)) from error
    about = Conditions() if resource == ANYTHING else Conditions(resource=(resource,))
    whole = replace(asked, conditions=about | asked.conditions)
    show_timeline(timeline, columns, whole, choice, output)
