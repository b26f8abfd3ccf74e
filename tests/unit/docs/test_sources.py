"""The page about sources names settings that are there, deployments that work, and what others really set up."""

import re
from pathlib import Path

import pytest

from aitrail.aws import ExistingKeys, Place, Source
from infra.settings import SETTINGS, Settings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/sources.md").read_text()
OWNER, QUEUE = "444455556666", "arn:aws:sqs:eu-west-1:111122223333:aitrail-DeliveriesQueue"
DOCUMENTS = ("bucket-policy", "key-policy", "topic-policy", "notifications", "template")
# Sections of existing buckets, in the order of the table.
OF_EXISTING = (
    *("notifications-of-a-bucket-of-this-account", "eventbridge-in-this-account"),
    *("notifications-of-a-bucket-of-another-account", "eventbridge-of-another-account", "an-sns-topic"),
)


def deployments(text=PAGE):
    """The settings of each deployment that is shown."""
    shown = re.findall(r'make deploy CONTEXT="(.*?)"', text, re.DOTALL)
    return [dict(re.findall(r"-c\s+(aitrail:\w+)=(\S+)", each)) for each in shown]


def section(anchor):
    """The text below the heading with this anchor."""
    parts = re.split(r"^#+ (.*)$", PAGE, flags=re.MULTILINE)
    return next(
        text for title, text in zip(parts[1::2], parts[2::2], strict=True) if title.lower().replace(" ", "-") == anchor
    )


def row(anchor):
    """The cells of the row of the table that leads to a section."""
    return next(line for line in PAGE.splitlines() if line.startswith("|") and f"](#{anchor})" in line).split("|")[1:-1]


def test_every_setting_that_is_named_is_one():
    named = set(re.findall(r"aitrail:\w+", PAGE))

    assert len(named) > 10
    assert named <= {setting.key for setting in SETTINGS}


@pytest.mark.parametrize("context", deployments(), ids=str)
def test_every_deployment_that_is_shown_is_accepted(context):
    # A placeholder such as ORIGINAL stands for a name.
    assert Settings.of({key: value.lower() if value.isupper() else value for key, value in context.items()})


def test_every_source_of_the_table_has_its_section_with_a_picture():
    anchors = re.findall(r"^\| \[[^]]*\]\(#([\w-]+)\)", PAGE, re.MULTILINE)

    assert set(OF_EXISTING) < set(anchors)
    for anchor in anchors:
        assert re.search(r"^    CloudTrail --.*--> function$", section(anchor), re.MULTILINE), anchor


@pytest.mark.parametrize("anchor", OF_EXISTING)
def test_what_others_set_up_is_what_the_command_prints_for_these_settings(anchor):
    [context] = deployments(section(anchor))
    settings = Settings.of(context)
    place = Place(partition="aws", region="eu-west-1", account="111122223333", suffix="amazonaws.com")
    source = Source(
        bucket=settings.log_bucket,
        owner=settings.log_bucket_account,
        announced_by=settings.announced_by,
        prefixes=settings.prefixes,
        role_arn="arn:aws:iam::111122223333:role/aitrail-IngestRole",
        queue_arn=QUEUE,
        bus_arn="arn:aws:events:eu-west-1:111122223333:event-bus/aitrail-log-files",
        keys=ExistingKeys(place=place),
    )

    named = set(re.findall(r"`([\w-]+)`", row(anchor)[2])) & set(DOCUMENTS)

    assert named == {document.name for document in source.documents()}
    shown = set(re.findall(r"`(aitrail:\w+)`", row(anchor)[1]))
    assert shown <= context.keys()


def test_documents_that_are_named_can_be_printed():
    named = set(re.findall(r"`?aitrail source ([a-z-]+)", PAGE))

    assert named
    assert named <= set(DOCUMENTS)
