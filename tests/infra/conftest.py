"""Two syntheses for most tests: one with every setting at its default, one with different values for all settings.

For `make deploy` and `make destroy`: an account whose answers can be chosen, and which runs nothing.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from moto import mock_aws

from infra import deploying
from infra.assembly import Assembly
from infra.packaging import template as package
from infra.settings import Settings
from infra.target import ASSEMBLY, Context
from infra.target import Target as RealTarget
from tests.infra.covering_array import PARTITION, REGIONS, context, covering_array
from tests.shared import template_checks
from tests.shared.chosen_settings import CHOSEN
from tests.shared.key_files import key_file
from tests.shared.references import cycle
from tests.shared.template_checks import WITHOUT_BUNDLING
from tests.shared.templates import plain

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Template:
    """A synthesized template: its text, and its parts by the names in the code.

    No resource may wait for itself: CloudFormation would refuse it, although the CDK only warns.
    """

    text: str

    def __post_init__(self):
        assert cycle(json.loads(self.text)) is None

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

    def synthesize(context, region=None):
        return Template(template_checks.synthesize(context, tmp_path_factory.mktemp("synthesized"), region))

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


@pytest.fixture(scope="session")
def packaged():
    """The template of a package with all settings at their defaults."""
    return package(Settings(), code="code.zip")


@pytest.fixture(scope="session")
def replacing():
    """The properties of a type of resource that replace a deployed one if they change, by CloudFormation's registry."""

    def replacing(kind):
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        return {each.split("/")[2] for each in schema["createOnlyProperties"]}

    return replacing


@pytest.fixture(scope="session")
def rows():
    """The rows of the covering array of all settings."""
    return covering_array()


@pytest.fixture(scope="session")
def templates(rows, synthesize, tmp_path_factory):
    """Each row of the covering array, with its template in a Region of its partition; cdk-nag finds nothing in any."""
    keys = tmp_path_factory.mktemp("keys") / "keys.json"
    keys.write_bytes(key_file("eu-west-1"))
    return [(row, synthesize(context(row, keys), REGIONS[row[PARTITION]])) for row in rows]


@pytest.fixture
def session(monkeypatch, descriptions):
    monkeypatch.setattr("botocore.session.create_loader", lambda *_: descriptions)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield boto3.Session("testing", "testing", region_name="eu-central-1")


ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-hnb659fds-deploy-role-${AWS::AccountId}-${AWS::Region}"


def assembly(qualifier="hnb659fds", role=ROLE):
    return Assembly(folder=ASSEMBLY, version_parameter=f"/cdk-bootstrap/{qualifier}/version", role=role)


def allowing_everything(asked):
    """The answer of IAM: a role, or a simulation that allows all the actions that it was asked for."""
    if asked["Action"] == "GetRole":
        return {"Role": {"Arn": f"arn:aws:iam::111122223333:role/{asked['RoleName']}"}}
    actions = [value for name, value in asked.items() if name.startswith("ActionNames.")]
    return {"EvaluationResults": [{"EvalActionName": each, "EvalDecision": "allowed"} for each in actions]}


@dataclass(frozen=True, kw_only=True)
class Target(RealTarget):
    """Records the CDK commands instead of running them; those in `failing` fail."""

    commands: list[str] = field(default_factory=list)
    failing: tuple[str, ...] = ()
    synthesized: Assembly = field(default_factory=assembly)
    refused: tuple[str, ...] = ()
    answers: dict = field(default_factory=dict)

    def cdk(self, *arguments):
        self.commands.append(" ".join(arguments))
        return arguments[0] not in self.failing

    def synthesize(self, context, _stack):
        self.commands.append(
            " ".join(["synth", *(f"--context {name}={value}" for name, value in context.given.items())])
        )
        return self.synthesized

    def client(self, service):
        client = super().client(service)

        def refuse(model, params, **_):
            name = f"{service}:{model.name}"
            if name in self.answers:
                answer = self.answers[name]
                return SimpleNamespace(status_code=400 if "Error" in answer else 200), answer
            if name in self.refused or service in self.refused:
                error = {"Error": {"Code": "AccessDenied", "Message": f"not authorized to perform: {name}"}}
                return SimpleNamespace(status_code=403), error
            if service == "iam":
                return SimpleNamespace(status_code=200), allowing_everything(params["body"])
            # moto needs packages for these that nothing else needs.
            if service == "cloudformation":
                error = {"Error": {"Code": "ValidationError", "Message": "Stack with id aitrail does not exist"}}
                return SimpleNamespace(status_code=400), error
            if service == "lambda":
                return SimpleNamespace(status_code=200), {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}}
            return None

        client.meta.events.register("before-call", refuse)
        return client


@pytest.fixture
def target(session):
    def target(**changes):
        caller = "arn:aws:iam::111122223333:user/alice"
        return Target(session=session, profile=None, account="111122223333", caller=caller, **changes)

    return target


def run(to, *further, sure=True, allow_unreadable=False, ignore_conflicts=False, **context):
    deploying.deploy(
        to,
        Context(given={f"aitrail:{name}": value for name, value in context.items()}),
        further,
        sure=sure,
        allow_unreadable=allow_unreadable,
        ignore_conflicts=ignore_conflicts,
    )


@pytest.fixture
def prepared(session):
    """Prepares the account as `cdk bootstrap` does."""
    session.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
