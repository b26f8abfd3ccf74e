"""The stack's own trail records everything that the services log, in all Regions, and can be omitted or kept."""

import pytest
from aws_cdk import App, Stack

from infra.log_bucket import LogBucket
from infra.trail import Trail
from tests.infra.conftest import Template


@pytest.fixture
def trail_with(tmp_path):
    """The trail with these properties, as a resource of a template."""

    def trail_with(**properties):
        app = App(outdir=str(tmp_path), analytics_reporting=False)
        stack = Stack(app, "aitrail")
        bucket = LogBucket(stack, "Logs", retention_days=None)
        Trail(stack, "Trail", trail_name="aitrail-trail", log_bucket=bucket, **properties)
        app.synth()
        [trail] = [
            each
            for each in Template((tmp_path / "aitrail.template.json").read_text()).resources.values()
            if each["Type"] == "AWS::CloudTrail::Trail"
        ]
        return trail

    return trail_with


def fields(trail):
    """What each of the trail's advanced selectors selects."""
    return [
        {each["Field"]: each["Equals"] for each in selector["FieldSelectors"]}
        for selector in trail["Properties"]["AdvancedEventSelectors"]
    ]


def test_the_trail_logs_all_management_events_of_all_regions_with_digests(default):
    assert default.of_type("AWS::CloudTrail::Trail") == {
        "Trail": {
            "TrailName": "aitrail-trail",
            "S3BucketName": "<LogsBucket>",
            "IsLogging": True,
            "IsMultiRegionTrail": True,
            "IncludeGlobalServiceEvents": True,
            "EnableLogFileValidation": True,
            "EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "All"}],
        }
    }


def test_the_trail_comes_last_when_its_files_are_allowed_announced_and_read(default):
    needs = set(default.resources["Trail"]["DependsOn"])

    assert needs >= {"LogsBucketPolicy", "LogsBucketNotifications", "IngestSource", "IngestFunction"}


def test_without_the_setting_there_is_no_trail(chosen):
    assert not chosen.of_type("AWS::CloudTrail::Trail")


# Without a condition on readOnly or eventSource, as in the usual selector: all management events.
MANAGEMENT = {"eventCategory": ["Management"]}
LEX = [{"eventCategory": ["Data"], "resources.type": [f"AWS::Lex::{each}"]} for each in ("Bot", "BotAlias")]
NETWORK = [
    {"eventCategory": ["NetworkActivity"], "eventSource": [f"{each}.amazonaws.com"]}
    for each in ("transcribe", "transcribestreaming", "personalize")
]
FURTHER = {
    "data events": ({"data_events": "lex"}, LEX),
    "network activity events": ({"network_activity_events": ["transcribe", "personalize"]}, NETWORK),
    "both": ({"data_events": "lex", "network_activity_events": ["transcribe"]}, [*LEX, *NETWORK[:2]]),
}


@pytest.mark.parametrize(("properties", "selected"), FURTHER.values(), ids=FURTHER)
def test_further_events_are_selected_beside_all_management_events(trail_with, properties, selected):
    trail = trail_with(**properties)

    assert fields(trail) == [MANAGEMENT, *selected]
    assert "EventSelectors" not in trail["Properties"]  # CloudTrail takes one kind of selectors only


def test_further_events_change_nothing_that_would_replace_the_trail(trail_with, replacing):
    usual, further = trail_with(), trail_with(data_events="lex", network_activity_events=["transcribe"])

    for each in (usual, further):
        each["Properties"].pop("EventSelectors", None)
        each["Properties"].pop("AdvancedEventSelectors", None)
    assert further == usual
    assert {"EventSelectors", "AdvancedEventSelectors"}.isdisjoint(replacing("AWS::CloudTrail::Trail"))


def test_kept_trail_outlives_the_stack_but_not_a_first_deployment_that_fails(trail_with):
    deleted, kept = trail_with(), trail_with(kept=True)

    assert "DeletionPolicy" not in deleted
    assert kept["DeletionPolicy"] == "RetainExceptOnCreate"
    assert kept["Properties"] == deleted["Properties"]
