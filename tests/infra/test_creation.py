"""What preflight simulates is what CloudFormation creates, and the bootstrap is the one that the CDK requires."""

import json

import pytest

from aitrail.preflight.creation import types_of
from aitrail.preflight.deployer import LEAST_BOOTSTRAP
from infra.advice import plan_of
from infra.settings import Settings

# The CDK's name of what the stack has for an existing bucket, too.
SAME = {"Custom::S3BucketNotifications": "Custom::BucketNotifications"}
TOPIC = "arn:aws:sns:eu-west-1:444455556666:cloudtrail"
CONTEXTS = {
    "by default": {},
    "without a trail": {"aitrail:trail": "false"},
    "an existing bucket": {"aitrail:logBucket": "central-logs"},
    "a bucket of others": {"aitrail:logBucket": "central-logs", "aitrail:logBucketAccount": "444455556666"},
    "events of others": {
        "aitrail:logBucket": "central-logs",
        "aitrail:logBucketAccount": "444455556666",
        "aitrail:announcedBy": "eventbridge",
    },
    "a topic": {"aitrail:logBucket": "central-logs", "aitrail:announcedBy": TOPIC},
    "adopted tables": {"aitrail:eventsTable": "rows", "aitrail:filesTable": "files"},
}


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_what_is_simulated_is_what_the_template_has(synthesize, target, context):
    template = synthesize(context)

    plan = plan_of(target(), Settings.of(context))

    assert {SAME.get(each["Type"], each["Type"]) for each in template.resources.values()} == set(types_of(plan))


def test_bootstrap_is_the_one_that_the_assembly_requires(run_app):
    ran, output = run_app({})
    assert ran.returncode == 0, ran.stderr

    artifacts = json.loads((output / "manifest.json").read_text())["artifacts"]

    assert artifacts["aitrail"]["properties"]["requiresBootstrapStackVersion"] == LEAST_BOOTSTRAP
