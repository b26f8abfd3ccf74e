"""A package deploys what the CDK would deploy: with the values of its parameters, it has the same resources."""

import functools
import json
import random
import re
from dataclasses import replace

import pytest
from aws_cdk import App
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra import package, remembered, values
from infra.packaging import template
from infra.parameters import PARAMETERS
from infra.settings import SETTINGS, Settings
from infra.stack import AitrailStack
from infra.values import spelled
from tests.infra.conftest import WITHOUT_BUNDLING
from tests.shared.chosen_settings import SERVICES
from tests.shared.cloudformation import evaluated
from tests.shared.references import cycle

KEY = "arn:aws:kms:eu-west-1:111122223333:key/aaaa"
TRAIL = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"
# Of each parameter, values other than the default.
OTHERS = {
    "trail": [False],
    "trail_arns": [(TRAIL,), (TRAIL, f"{TRAIL}-of-others")],
    "accounts": [("111122223333",), ("111122223333", "o-a1b2c3d4e5")],
    "reader_accounts": [("444455556666",), ("444455556666", "o-a1b2c3d4e5")],
    "row_retention_days": [1, 400],
    "ledger_retention_days": [30],
    "log_retention_days": [365],
    "log_storage_class": ["STANDARD_IA", "DEEP_ARCHIVE"],
    "log_storage_days": [30, 120],
    "events_table_class": ["STANDARD", "STANDARD_INFREQUENT_ACCESS"],
    "files_table_class": ["STANDARD_INFREQUENT_ACCESS"],
    "object_lock_days": [300],
    "break_glass_role_arn": ["arn:aws:iam::111122223333:role/on-call/break-glass"],
    "original_bucket": ["organization-trail-logs"],
    "replication_role_arn": ["arn:aws:iam::444455556666:role/replicate-logs"],
    "redact": [True],
    "log_key_arns": [(KEY,), (KEY, f"{KEY}-b")],
    "alarm_topic_arn": ["arn:aws:sns:eu-west-1:111122223333:on-call"],
    "alarm_email": ["on-call@example.com"],
    "silent_hours": [None, 48],
    "maximum_concurrency": [2, 1000],
    "backfill_concurrency": [7],
    "memory_megabytes": [2048],
    "log_level": ["DEBUG", "CRITICAL"],
    "function_log_retention_days": [1, 3653],
    "tracing": [False, True],
}
NAMES = {each.setting.attribute: each.name for each in PARAMETERS}
# Chosen when the template is written.
FIXED = {
    "stack_name": "speech-record",
    "deletion_protection": False,
    "keep_trail": True,
    "data_events": "lex",
    "tags": ("team=audio",),
    "network_activity_events": ("transcribe",),
    "key_prefixes": ("team/", "old/logs/"),
    "public_keys": "keys.json",
    "service_files": SERVICES,
    "architecture": "x86_64",
    "platform": "host",
    "kms_key": "stack",
    "bucket_kms_key": KEY,
    "queues_kms_key": KEY,
    "tables_kms_key": KEY,
    "log_group_kms_key": KEY,
    "alarms": False,
    "dashboard": True,
}
# These are, too, in a package for existing tables.
OF_EXISTING_TABLES = {"events_table": "restored-rows", "files_table": "restored-files"}
# Chosen by whoever deploys the package: it is no part of a template.
OF_THE_DEPLOYER = {"termination_protection"}
# These are, too, in a package for an existing bucket.
OF_EXISTING_BUCKET = {"log_bucket": "central-logs", "log_bucket_account": "444455556666", "announced_by": "eventbridge"}
REGIONS = {"aws": "eu-central-1", "aws-cn": "cn-north-1"}


@pytest.fixture(scope="session")
def with_key():
    """The template of a package with a customer-managed key."""
    return functools.cache(lambda key: template(Settings(kms_key=key), code="code.zip"))


@pytest.fixture(scope="session")
def by_cdk(tmp_path_factory):
    """The template that the CDK deploys."""

    def by_cdk(settings, region):
        folder = tmp_path_factory.mktemp("by-cdk")
        app = App(context=WITHOUT_BUNDLING, outdir=str(folder), analytics_reporting=False)
        AitrailStack(app, settings=settings, region=region)
        app.synth()
        found = json.loads((folder / f"{settings.stack_name}.template.json").read_text())
        assert cycle(found) is None
        return found

    return by_cdk


def comparable(template):
    """What two templates have in common if they deploy the same: numbers may be texts, a single value a list.

    The place of the code differs, and so does the description of the function, which has a hash of the settings.
    """
    template = json.loads(json.dumps(template))
    for resource in template["Resources"].values():
        if "S3Key" in resource.get("Properties", {}).get("Code", {}):
            del resource["Properties"]["Code"]
            resource["Properties"]["Description"] = resource["Properties"]["Description"].partition(" Settings:")[0]
        # Nobody is notified, in either form.
        if resource.get("Properties", {}).get("AlarmActions") == []:
            del resource["Properties"]["AlarmActions"]
        # CloudFormation ignores a dependency on what does not exist.
        if "DependsOn" in resource:
            resource["DependsOn"] = [each for each in resource["DependsOn"] if each in template["Resources"]]
    return _plain(template)


def _plain(part):
    match part:
        case dict():
            return {key: _plain(each) for key, each in part.items()}
        case [single] if isinstance(single, str):
            return single
        case list():
            return [_plain(each) for each in part]
        case bool():
            return part
        case int():
            return str(part)
    return part


def chosen_settings():
    """Settings that differ from the defaults in one, in all, and in some parameters."""
    yield "defaults", {}
    for attribute, others in OTHERS.items():
        for value in others:
            yield f"{attribute}={spelled(value)}", {attribute: value}
    yield "all", {attribute: others[-1] for attribute, others in OTHERS.items()}
    some = random.Random(19)
    for number in range(20):
        yield (
            f"some, {number}",
            {attribute: some.choice(others) for attribute, others in OTHERS.items() if some.random() < 0.5},
        )


CHOSEN = dict(chosen_settings())


CASES = {f"{name} in {partition}": (chosen, partition) for name, chosen in CHOSEN.items() for partition in REGIONS}
# Of the parameters, only tracing depends on the partition.
CASES = {name: case for name, case in CASES.items() if case[1] == "aws" or not case[0].keys() - {"tracing"}}


@pytest.mark.parametrize(("chosen", "partition"), CASES.values(), ids=CASES)
def test_package_with_parameters_has_the_resources_of_the_cdk(packaged, by_cdk, chosen, partition):
    settings = replace(Settings(), stack_name="speech-record", **chosen)
    parameters = {NAMES[attribute]: spelled(value) for attribute, value in chosen.items()}

    found = evaluated(packaged, parameters, stack="speech-record", partition=partition)

    assert comparable(found) == comparable(evaluated(by_cdk(settings, REGIONS[partition]), {}, partition=partition))


def test_settings_that_are_no_parameters_are_those_of_the_package(by_cdk):
    settings = Settings(**{name: value for name, value in FIXED.items() if name != "public_keys"}, row_retention_days=7)

    found = evaluated(template(settings, code="code.zip"), {}, stack="speech-record")

    assert comparable(found) == comparable(evaluated(by_cdk(settings, None), {}))


@pytest.mark.parametrize("trail_arns", [(), (TRAIL,), (TRAIL, f"{TRAIL}-of-others")], ids=len)
@pytest.mark.parametrize("trail", [None, False], ids=str)
@pytest.mark.parametrize("key", ["stack", KEY], ids=["key of the stack", "existing key"])
def test_package_with_a_key_has_the_policies_and_outputs_of_the_trails_that_exist(
    with_key, by_cdk, key, trail, trail_arns
):
    settings = Settings(kms_key=key, stack_name="speech-record", trail=trail, trail_arns=trail_arns)
    parameters = {"Trail": spelled(trail), "TrailArns": spelled(trail_arns)}

    found = evaluated(with_key(key), parameters, stack="speech-record")

    assert comparable(found) == comparable(evaluated(by_cdk(settings, None), {}))


@pytest.mark.parametrize("trail", [None, True, False], ids=str)
def test_package_for_an_existing_bucket_has_the_parameters_that_apply_to_it(by_cdk, trail):
    chosen = {"log_bucket": "central-logs"} if trail is not None else OF_EXISTING_BUCKET
    settings = Settings(**chosen)
    found = template(settings, code="code.zip")

    assert {"ObjectLockDays", "TrailArns", "BreakGlassRoleArn"}.isdisjoint(found["Parameters"])
    assert ("Trail" in found["Parameters"]) is (trail is not None)
    given = {} if trail is None else {"Trail": spelled(trail)}
    assert comparable(evaluated(found, given, stack="speech-record")) == comparable(
        evaluated(by_cdk(replace(settings, stack_name="speech-record", trail=trail), None), {})
    )


def test_package_for_existing_tables_has_none_of_its_own(by_cdk):
    settings = Settings(**OF_EXISTING_TABLES)
    found = template(settings, code="code.zip")

    assert {"EventsTableClass", "FilesTableClass"}.isdisjoint(found["Parameters"])
    assert not [name for name, each in found["Resources"].items() if each["Type"] == "AWS::DynamoDB::GlobalTable"]
    assert comparable(evaluated(found, {}, stack="speech-record")) == comparable(
        evaluated(by_cdk(replace(settings, stack_name="speech-record"), None), {})
    )


def test_every_setting_is_a_parameter_or_chosen_with_the_package():
    of_existing = {*OF_EXISTING_BUCKET, *OF_EXISTING_TABLES}
    assert {each.attribute for each in SETTINGS} == {*OTHERS, *FIXED, *of_existing, *OF_THE_DEPLOYER}
    assert NAMES.keys() == OTHERS.keys()


def test_template_needs_no_bootstrap_and_is_not_too_large(packaged):
    text = json.dumps(packaged, separators=(",", ":"))

    assert cycle(packaged) is None
    assert "cdk-" not in text
    assert "Bootstrap" not in text
    assert "probe" not in text
    assert len(text.encode()) <= 1_000_000  # CloudFormation's quota for a template in a bucket
    [code] = [
        each["Properties"]["Code"]
        for each in packaged["Resources"].values()
        if "S3Key" in each.get("Properties", {}).get("Code", {})
    ]
    assert code == {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Fn::Sub": "${CodePrefix}code.zip"}}


def test_every_parameter_but_the_bucket_of_the_code_has_a_default(packaged):
    without = [name for name, each in packaged["Parameters"].items() if "Default" not in each]

    assert without == ["CodeBucket"]


# The first values of a long regular expression take a while.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(PARAMETERS))
def test_setting_accepts_every_value_that_its_parameter_accepts(data, parameter):
    definition = parameter.definition(parameter.setting.default)
    if "AllowedValues" in definition:
        accepted = st.sampled_from(definition["AllowedValues"])
    else:
        accepted = st.from_regex(re.compile(definition["AllowedPattern"], re.ASCII), fullmatch=True)

    value = data.draw(accepted)

    assert spelled(parameter.setting.value.parse(value)) == value


@pytest.mark.parametrize(("attribute", "value"), [(name, each) for name, others in OTHERS.items() for each in others])
def test_parameter_accepts_every_value_that_its_setting_has(packaged, attribute, value):
    definition = packaged["Parameters"][NAMES[attribute]]
    text = spelled(value)

    assert text in definition.get("AllowedValues", [text])
    assert re.search(definition.get("AllowedPattern", ""), text)


@pytest.mark.parametrize(("least", "most"), [(1, 1), (1, 9), (1, 10), (1, 36500), (2, 1000), (512, 10240)])
def test_numbers_between_bounds_are_those_of_the_pattern(least, most):
    pattern = re.compile(f"^(?:{values._numbers(least, most)})$")

    assert [each for each in range(most + 1000) if pattern.search(str(each))] == list(range(least, most + 1))
    assert not any(pattern.search(each) for each in ("", "-1", "10.0", "1e1", "010", " 10"))


@pytest.mark.parametrize("prefixes", [(), tuple(f"organization/unit-{each:02}/" for each in range(20))], ids=len)
def test_longest_lists_that_parameters_accept_fit_into_the_quotas(by_cdk, prefixes):
    definitions = template(Settings(key_prefixes=prefixes), code="code.zip")["Parameters"]
    names = ("TrailArns", "Accounts", "ReaderAccounts")
    trails, accounts, readers = (definitions[name]["MaxLength"] for name in names)
    trail = "arn:aws:cloudtrail:us-east-1:{:012}:trail/a1b"
    assert trails > 1000
    assert accounts > 1000
    assert readers > 500

    settings = Settings(
        trail_arns=tuple(trail.format(each) for each in range(trails // (len(trail.format(0)) + 1))),
        accounts=tuple(f"{each:012}" for each in range(accounts // 13)),
        reader_accounts=tuple(f"{each:012}" for each in range(readers // 13)),
        key_prefixes=prefixes,
        redact=True,
        row_retention_days=36500,
        break_glass_role_arn="arn:aws:iam::111122223333:role/on-call",
    )

    assert by_cdk(settings, None)


def test_make_deploy_keeps_the_parameters_of_a_packaged_stack(packaged):
    parameters = {NAMES[attribute]: spelled(others[-1]) for attribute, others in OTHERS.items()}

    before = remembered.settings_in(packaged, parameters)

    assert before.kept({}) == {
        f"aitrail:{name[0].lower()}{name[1:]}": value
        for name, value in parameters.items()
        if value != packaged["Parameters"][name]["Default"]
    }
    assert not list(before.losses({}))


def test_make_deploy_does_not_take_unknown_parameters_for_defaults(packaged):
    with pytest.raises(remembered.UnknownParametersError, match="DescribeStacks"):
        remembered.settings_in(packaged, None)


def test_name_of_the_stack_is_not_a_setting_of_a_package(capsys):
    assert package.main(["-c", "aitrail:stackName=speech"]) == 1

    assert "whoever deploys it names the stack" in capsys.readouterr().err


def test_protection_from_deletion_is_not_a_setting_of_a_package(capsys):
    assert package.main(["-c", "aitrail:terminationProtection=true"]) == 1

    assert "aws cloudformation update-termination-protection --enable" in capsys.readouterr().err


def test_package_has_the_permissions_boundary_of_the_context():
    boundary = {"@aws-cdk/core:permissionsBoundary": {"name": "developer-boundary"}}

    found = template(Settings(), code="code.zip", context=boundary)

    roles = [each["Properties"] for each in found["Resources"].values() if each["Type"] == "AWS::IAM::Role"]
    assert len(roles) >= 2
    assert all("policy/developer-boundary" in json.dumps(role["PermissionsBoundary"]) for role in roles)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("accounts", ",".join(f"{each:012}" for each in range(260))),
        ("logKeyArns", ",".join(f"{KEY}{each}" for each in range(90))),
    ],
    ids=["accounts", "keys"],
)
def test_default_that_is_too_long_for_a_parameter_is_named(tmp_path, capsys, monkeypatch, name, values):
    monkeypatch.setattr("infra.packaging.zipped", lambda _: b"")

    assert package.main(["--folder", str(tmp_path), "-c", f"aitrail:{name}={values}"]) == 1

    assert f"aitrail:{name} would be the default of a parameter, with " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_invalid_setting_is_named(capsys):
    assert package.main(["-c", "aitrail:rowRetentionDays=0"]) == 1

    assert "aitrail:rowRetentionDays must be" in capsys.readouterr().err


def test_template_is_the_same_every_time(packaged):
    assert json.dumps(template(Settings(), code="code.zip")) == json.dumps(packaged)


def test_given_settings_are_the_defaults_of_parameters():
    definitions = template(Settings(row_retention_days=400, accounts=("1" * 12,)), code="code.zip")["Parameters"]

    assert definitions["RowRetentionDays"]["Default"] == "400"
    assert definitions["Accounts"]["Default"] == "1" * 12
