"""Two syntheses for most tests: one with every setting at its default, one with different values for all settings."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.app import AitrailApp

# isort: split
# After infra, which selects the Node.js that aws_cdk starts.
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks

ROOT = Path(__file__).parents[2]
WITHOUT_BUNDLING = {"aws:cdk:bundling-stacks": []}
CHOSEN = {
    "aitrail:stackName": "speech-record",
    "aitrail:trail": "false",
    "aitrail:trailArns": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit,"
    "arn:aws:cloudtrail:us-east-1:444455556666:trail/organization",
    "aitrail:rowRetentionDays": "400",
    "aitrail:ledgerRetentionDays": "30",
    "aitrail:logRetentionDays": "365",
    "aitrail:objectLockDays": "300",
    "aitrail:breakGlassRoleArn": "arn:aws:iam::111122223333:role/on-call/break-glass",
    "aitrail:deletionProtection": "false",
    "aitrail:redact": "true",
    "aitrail:maximumConcurrency": "2",
    "aitrail:backfillConcurrency": "3",
    "aitrail:keyPrefixes": "team/,old/logs/",
    "aitrail:accounts": "111122223333,o-a1b2c3d4e5",
    "aitrail:memoryMegabytes": "2048",
    "aitrail:logLevel": "debug",
    "aitrail:functionLogRetentionDays": "7",
    "aitrail:logKeyArns": "arn:aws:kms:eu-west-1:111122223333:key/aaaa,arn:aws:kms:eu-west-1:444455556666:key/mrk-bbbb",
    "aitrail:alarmTopicArn": "arn:aws:sns:eu-west-1:111122223333:on-call",
    "aitrail:platform": "host",
}


def plain(value):
    """CloudFormation's functions as text: <Part>, <Part.Arn>; names without the hashes that CDK appends."""
    match value:
        case {"Ref": name}:
            text = f"<{_name(name)}>"
        case {"Fn::GetAtt": [name, attribute]}:
            text = f"<{_name(name)}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            text = separator.join(plain(part) for part in parts)
        case str():
            text = _name(value)
        case _:
            return _plain_within(value)
    return text


def _plain_within(value):
    if isinstance(value, dict):
        return {_name(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def _name(text):
    return re.sub(r"(?<=[a-z])[0-9A-F]{8}$", "", text)


@dataclass(frozen=True)
class Template:
    """A synthesized template: its text, and its parts by the names in the code."""

    text: str

    @property
    def parts(self):
        return plain(json.loads(self.text))

    @property
    def resources(self):
        return self.parts["Resources"]

    def of_type(self, kind):
        """The properties of all resources of a CloudFormation type, by name."""
        return {name: each.get("Properties") for name, each in self.resources.items() if each["Type"] == kind}

    def properties(self, name):
        return self.resources[name]["Properties"]


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory):
    """Synthesizes the template of a context with cdk-nag's checks, which raise on findings."""

    def synthesize(context):
        output = tmp_path_factory.mktemp("synthesized")
        app = AitrailApp(context=WITHOUT_BUNDLING | context, outdir=str(output), analytics_reporting=False)
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        app.synth()
        return Template((output / "aitrail.template.json").read_text())

    return synthesize


@pytest.fixture(scope="session")
def default(synthesize):
    """The template with the default configuration."""
    return synthesize({})


@pytest.fixture(scope="session")
def run_app(tmp_path_factory):
    """Runs app.py as the CDK does, in an otherwise empty environment: no PATH, no HOME, no AWS_*."""

    def run(context, **variables):
        output = tmp_path_factory.mktemp("cdk.out")
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        environment = {"CDK_CONTEXT_JSON": json.dumps(WITHOUT_BUNDLING | context), "CDK_OUTDIR": str(output)}
        environment |= variables
        command = [sys.executable, str(ROOT / "app.py")]
        ran = subprocess.run(  # noqa: S603 - our own interpreter and app
            command, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        return ran, output

    return run


@pytest.fixture(scope="session")
def chosen(run_app):
    """The template with all settings in CHOSEN."""
    ran, output = run_app(CHOSEN)
    assert ran.returncode == 0, ran.stderr
    return Template((output / "speech-record.template.json").read_text())
