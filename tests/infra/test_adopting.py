"""A deployment tells what the tables that it adopts lack, and stops if they cannot work."""

import re

import pytest

from aitrail.dynamodb import tables
from infra.target import StoppedError
from tests.infra.conftest import run
from tests.shared.restored_tables import table_of


def test_deployment_that_adopts_a_restored_table_tells_what_it_lacks(target, session, capsys):
    session.client("dynamodb").create_table(**table_of(tables.FILES))
    to = target()

    run(to, filesTable="restored")

    told = capsys.readouterr().out
    assert (
        "  aws dynamodb update-table --table-name restored --region eu-central-1 --deletion-protection-enabled" in told
    )
    assert to.commands[-1].startswith("deploy")


@pytest.mark.parametrize("given", [{"eventsTable": "restored"}, {"filesTable": "gone"}], ids=["wrong", "missing"])
def test_deployment_that_adopts_a_table_that_cannot_work_stops(target, session, capsys, given):
    session.client("dynamodb").create_table(**table_of(tables.FILES))
    to = target()

    with pytest.raises(StoppedError, match=r"conflicts are above\. Nothing was changed"):
        run(to, **given)

    assert [command.partition(" ")[0] for command in to.commands] == ["synth", "diff"]
    assert re.search("has the key|There is no table gone in account", capsys.readouterr().out)


@pytest.mark.parametrize(
    "changes",
    [
        {"refused": ("dynamodb",)},
        {"answers": {"dynamodb:DescribeTable": {}}},
        {"answers": {"dynamodb:DescribeTable": {"Table": {"TableName": "restored"}}}},
    ],
    ids=["no permission", "no answer", "another form"],
)
def test_table_that_may_not_be_looked_at_stops_no_deployment(target, capsys, changes):
    to = target(**changes)

    run(to, eventsTable="restored")

    assert "Could not check the table restored: " in capsys.readouterr().out
    assert to.commands[-1].startswith("deploy")


def test_deployment_without_adopted_tables_does_not_ask_dynamodb(target, capsys):
    run(target(refused=("dynamodb",)))

    assert "Could not check the table" not in capsys.readouterr().out
