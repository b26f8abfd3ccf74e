"""`make lint` and the tests accept no finding of cdk-nag or cfn-lint, and cdk-nag finds what is acknowledged."""

import pytest
from aws_cdk import Validations

from infra.settings import SETTINGS, Settings
from tests.shared import template_checks
from tests.shared.chosen_settings import CHOSEN, OF_EXISTING_BUCKET, OF_EXISTING_TABLES
from tests.shared.template_checks import FindingsError, lint_findings

_STACK = "arn:<AWS::Partition>:cloudformation:<AWS::Region>:<AWS::AccountId>:stack/aitrail/*"
ACKNOWLEDGED = [
    "AwsSolutions-IAM5[Resource::*] at aitrail/Ingest/Role/DefaultPolicy/Resource",
    "AwsSolutions-IAM5[Resource::<LogsBucket5C52C3D2.Arn>/*] at aitrail/Ingest/Role/DefaultPolicy/Resource",
    *(
        f"AwsSolutions-IAM5[Resource::{each}] at aitrail/People/Operator/Resource"
        for each in ("*", "<LogsBucket5C52C3D2.Arn>/*", _STACK)
    ),
    f"AwsSolutions-IAM5[Resource::{_STACK}] at aitrail/People/Reader/Resource",
    "AwsSolutions-S1 at aitrail/Logs/Bucket/Resource",
    "Serverless-EventBusDLQ at aitrail/Deliveries/Hourly/Resource",
    "Serverless-LambdaDLQ at aitrail/Ingest/Function/Resource",
    "Serverless-LambdaEventSourceMappingDestination at aitrail/Ingest/BackfillSource/Resource",
    "Serverless-LambdaEventSourceMappingDestination at aitrail/Ingest/Source/Resource",
    "Serverless-SQSRedrivePolicy at aitrail/Deliveries/DeadLetters/Resource",
]
# The function of CHOSEN is not traced, and its redaction key is not rotated.
ACKNOWLEDGED_OF_CHOSEN = [
    "AwsSolutions-SMG4 at aitrail/Redaction/Secret/Resource",
    "Serverless-SNSRedrivePolicy at aitrail/AlarmTopic/Email/Resource",
    "Serverless-LambdaTracing at aitrail/Ingest/Function/Resource",
]


@pytest.fixture
def acknowledging(monkeypatch):
    """Leaves in force only those acknowledgements whose ids meet a condition."""
    acknowledge = Validations.acknowledge

    def acknowledging(condition):
        def some(validations, *acknowledgements):
            for each in acknowledgements:
                if condition(each.id):
                    acknowledge(validations, each)

        monkeypatch.setattr(Validations, "acknowledge", some)

    return acknowledging


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({}, ACKNOWLEDGED),
        (CHOSEN | {"aitrail:stackName": "aitrail"}, ACKNOWLEDGED + ACKNOWLEDGED_OF_CHOSEN),
    ],
    ids=["default", "chosen"],
)
def test_cdk_nag_finds_exactly_what_is_acknowledged_beside_its_construct(synthesize, acknowledging, context, expected):
    assert synthesize(context).text
    acknowledging(lambda _id: False)

    with pytest.raises(FindingsError) as found:
        synthesize(context)

    assert sorted(line.partition(": ")[0] for line in str(found.value).splitlines()) == sorted(expected)


def test_a_warning_is_a_finding_as_well(synthesize, acknowledging):
    acknowledging(lambda name: name != "Serverless-LambdaTracing")

    with pytest.raises(FindingsError) as found:
        synthesize({"aitrail:tracing": False})

    assert str(found.value) == (
        "Serverless-LambdaTracing at aitrail/Ingest/Function/Resource: The Lambda function does not have tracing set "
        "to Tracing.ACTIVE."
    )


def test_cfn_lint_finds_nothing_in_any_region(default, chosen):
    assert lint_findings(default.text) == []
    assert lint_findings(chosen.text) == []


def test_what_cfn_lint_finds_is_named_with_its_rule_and_place(default):
    (found,) = lint_findings(default.text.replace('"AES256"', '"AES257"'))

    assert found == (
        "E3030 at Resources/LogsBucket5C52C3D2/Properties/BucketEncryption/ServerSideEncryptionConfiguration/0/"
        "ServerSideEncryptionByDefault/SSEAlgorithm: 'AES257' is not one of ['aws:kms', 'AES256', 'aws:kms:dsse']"
    )


def test_make_lint_fails_with_what_is_found_and_only_then(acknowledging, capsys):
    assert template_checks.main() == 0
    assert capsys.readouterr().out == "cdk-nag and cfn-lint find nothing in the template.\n"
    acknowledging(lambda name: name != "AwsSolutions-S1")

    assert template_checks.main() == 1

    assert [line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "AwsSolutions-S1 at aitrail/Logs/Bucket/Resource",
        "AwsSolutions-S1 at speech-record/Logs/Bucket/Resource",
    ]


def test_every_setting_is_chosen_that_needs_no_file():
    chosen = [Settings.of(each) for each in (CHOSEN, OF_EXISTING_BUCKET, OF_EXISTING_TABLES)]

    as_default = [
        each.key for each in SETTINGS if all(getattr(some, each.attribute) == each.default for some in chosen)
    ]
    assert as_default == ["aitrail:publicKeys"]
