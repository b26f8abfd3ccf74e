"""The table of permissions has every command, with options that exist, and actions that AWS has."""

from itertools import chain
from pathlib import Path

import botocore.loaders
import pytest

from aitrail.cli.group import SECTIONS, cli
from aitrail.permissions import GROUPS, IN_S3, NEEDS, Part, all_grants_of, grants_of, grants_of_group

ROOT = Path(__file__).parents[3]
COMMANDS = [name for commands in SECTIONS.values() for name in commands]
# IAM's names of what the SDK calls otherwise: HeadObject, ListObjectsV2, ListObjectVersions, versions of GetObject.
NOT_OPERATIONS = {"s3:GetEncryptionConfiguration", "s3:ListBucket", "s3:ListBucketVersions", "s3:GetObjectVersion"}
SDK = {"cloudwatch": "cloudwatch", "secretsmanager": "secretsmanager"}


def test_every_command_has_an_entry():
    assert sorted(NEEDS) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_that_change_what_a_command_needs_are_options_of_it(command):
    options = {name for option in cli.get_command(None, command).params for name in option.opts}
    named = set(chain.from_iterable(rule.when | rule.unless for rule in NEEDS[command])) - {IN_S3}

    if command == "tail":  # shares a rule with the other questions
        named -= {"--from"}
    assert named <= options


@pytest.mark.parametrize("command", [name for name in COMMANDS if "--from" in str(NEEDS[name])])
def test_local_log_files_need_nothing_but_the_metrics_that_they_are_compared_with(command):
    metrics = {Part.ANYTHING: ("cloudwatch:GetMetricData",)} if command == "reconcile" else {}

    assert grants_of(command, ["--from"]) == metrics


def test_every_action_is_one_of_the_sdk_or_known_to_differ():
    loader = botocore.loaders.Loader()
    actions = {action for command in COMMANDS for each in all_grants_of(command).values() for action in each}

    for service, _, operation in (action.partition(":") for action in actions - NOT_OPERATIONS):
        assert operation in loader.load_service_model(service, "service-2")["operations"], f"{service}:{operation}"


def test_commands_with_a_dry_run_need_less_for_it_and_nothing_that_writes():
    writes = ("Send", "Put", "Update", "Write", "Delete", "Start")
    for command in ("backfill", "retry", "import-history"):
        dry, wet = grants_of(command, ["--dry-run"]), grants_of(command)
        assert dry != wet
        assert not [each for each in chain(*dry.values()) if each.partition(":")[2].startswith(writes)]
        assert all(set(actions) <= set(wet[part]) for part, actions in dry.items())


def test_options_add_to_each_other():
    both = grants_of("verify", ["--deep", "--repair"])

    assert "dynamodb:Scan" in both[Part.EVENTS]
    assert "dynamodb:Scan" not in grants_of("verify", ["--repair"])[Part.EVENTS]
    assert "dynamodb:Scan" not in grants_of("verify", ["--deep"])[Part.EVENTS]
    assert "dynamodb:Scan" in all_grants_of("verify")[Part.EVENTS]


def test_readers_read_rows_alone():
    parts = grants_of_group("reader")

    assert {action for actions in parts.values() for action in actions} == {
        *("cloudformation:DescribeStacks", "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"),
        "kms:Decrypt",
    }
    assert {part for part in parts if "FilesTable" in part or "LogBucket" in part} == set()
    assert {part for part in parts if "Key" in part} == {Part.TABLES_KEY}


def test_operators_may_do_what_readers_may_and_write_no_rows():
    reader, operator = grants_of_group("reader"), grants_of_group("operator")

    assert all(set(actions) <= set(operator[part]) for part, actions in reader.items())
    assert set(operator[Part.EVENTS]) == {"dynamodb:BatchGetItem", "dynamodb:GetItem"}


def test_groups_are_made_of_commands_with_their_options():
    for line in chain.from_iterable(GROUPS.values()):
        command, *given = line.split()
        known = {name for option in cli.get_command(None, command).params for name in option.opts}
        assert set(given) - {IN_S3} <= known


@pytest.mark.parametrize(("group", "policy"), [("reader", "ReaderPolicyArn"), ("operator", "OperatorPolicyArn")])
def test_documentation_names_every_command_of_a_group(group, policy):
    """That of operators says `the same` of what readers may do."""
    others = GROUPS["reader"] if group == "operator" else ()
    lines = (ROOT / "docs/operations.md").read_text(encoding="utf-8").splitlines()
    (allowed,) = (line.split("|")[3] for line in lines if line.startswith(f"| `{policy}` |"))

    for line in set(GROUPS[group]) - set(others):
        command, *given = line.split()
        assert all(f"`{word}`" in allowed for word in (command, *given) if word != IN_S3), line
