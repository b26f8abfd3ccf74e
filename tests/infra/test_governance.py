"""What the documentation says of permissions boundaries, tags and bootstraps has its effect in the template."""

import json
import re

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from infra import deploy
from infra.app import AitrailApp
from infra.settings import InvalidSettingsError
from tests.infra.conftest import ROOT, WITHOUT_BUNDLING, plain

PAGE = (ROOT / "docs/operations.md").read_text()
SECTION = re.search(r"^### Rules of the organization$(.*?)^###? ", PAGE, re.MULTILINE | re.DOTALL)[1]
[CONTEXT] = [
    json.loads(each)["context"] for each in re.findall(r"^```json\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
]
QUALIFIER, BOUNDARY = "@aws-cdk/core:bootstrapQualifier", "@aws-cdk/core:permissionsBoundary"


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory):
    """The template and the manifest of the context in the documentation, with a second way to announce log files."""
    folder = tmp_path_factory.mktemp("governed")
    more = {"aitrail:redact": "true", "aitrail:logBucket": "central-logs", "aitrail:trail": "true"}
    AitrailApp(context=WITHOUT_BUNDLING | CONTEXT | more, outdir=str(folder), analytics_reporting=False).synth()
    return [json.loads((folder / name).read_text()) for name in ("aitrail.template.json", "manifest.json")]


def of_type(template, kind):
    return [each for each in template["Resources"].values() if each["Type"] == kind]


def test_documented_context_has_what_the_section_is_about():
    assert CONTEXT.keys() == {QUALIFIER, BOUNDARY, "aitrail:tags"}


def test_every_role_has_the_permissions_boundary(synthesized):
    template, _ = synthesized
    roles = of_type(template, "AWS::IAM::Role")

    assert len(roles) >= 2
    arn = f"arn:<AWS::Partition>:iam::<AWS::AccountId>:policy/{CONTEXT[BOUNDARY]['name']}"
    assert {plain(role["Properties"]["PermissionsBoundary"]) for role in roles} == {arn}


def test_qualifier_is_that_of_the_bootstrap(synthesized):
    _, manifest = synthesized
    properties = manifest["artifacts"]["aitrail"]["properties"]

    assert properties["bootstrapStackVersionSsmParameter"] == f"/cdk-bootstrap/{CONTEXT[QUALIFIER]}/version"
    assert f"role/cdk-{CONTEXT[QUALIFIER]}-deploy-role-" in properties["assumeRoleArn"]
    assert "hnb659fds" not in json.dumps(manifest)


# The registry's schema of this type does not say that its replicas have tags.
TAGGED_WITHIN = {"AWS::DynamoDB::GlobalTable"}


def is_taggable(kind):
    if kind.startswith("Custom::"):
        return False
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return kind in TAGGED_WITHIN or (schema.get("tagging") or {}).get("taggable", False)


def test_everything_that_can_have_tags_has_those_of_the_setting(synthesized):
    template, manifest = synthesized
    wanted = dict(each.split("=", 1) for each in CONTEXT["aitrail:tags"].split(","))

    tagged = 0
    for resource in template["Resources"].values():
        if is_taggable(resource["Type"]):
            properties = resource["Properties"]
            tags = [*properties.get("Tags", []), *properties.get("Replicas", [{}])[0].get("Tags", [])]
            assert {each["Key"]: each["Value"] for each in tags} == wanted, resource["Type"]
            tagged += 1
    assert tagged >= 20
    # The stack itself, too: CloudFormation gives its tags to the rest.
    assert manifest["artifacts"]["aitrail"]["properties"]["tags"] == wanted


def test_permissions_boundary_as_text_which_would_have_no_effect_is_refused():
    with pytest.raises(InvalidSettingsError, match=r"permissionsBoundary is a text.*Write it into cdk\.json"):
        AitrailApp(context=WITHOUT_BUNDLING | {BOUNDARY: json.dumps(CONTEXT[BOUNDARY])}, analytics_reporting=False)


def test_tags_of_the_stack_are_passed_to_the_cdk_as_documented(monkeypatch):
    options = re.search(r'`make deploy ARGS="(--tags\s+[^"]+)"`', SECTION)[1].split()
    passed = []
    monkeypatch.setattr(deploy.Target, "of", lambda *_: None)
    monkeypatch.setattr(deploy, "deploy", lambda _target, _context, further, **_: passed.extend(further))

    assert deploy.main(["deploy", *options]) == 0
    assert passed == ["--tags", "team=audio"]
