"""The commands and programs in the documentation work as shown."""

import doctest
import re
from collections import Counter
from datetime import UTC, datetime

import boto3
import pytest
from moto import mock_aws

from aitrail.dynamodb.tables import EVENTS
from aitrail.ingest import EventsTable
from aitrail.questions import EventStore, Scan
from demo import documentation
from demo.permission_table import permission_table
from demo.sample_logs import sample_logs
from demo.samples import CONFIGURATION
from tests.shared.deployed_tables import create_table

DOCS = documentation.PROJECT / "docs"
SHOWING = [page for page in documentation.pages() if "    $ aitrail " in page.read_text()]


@pytest.fixture(scope="module")
def samples():
    with documentation.sample_folder() as folder:
        yield folder


def test_reference_is_what_help_says():
    assert documentation.REFERENCE.read_text() == documentation.reference(), "run `make docs`"


@pytest.mark.parametrize("page", SHOWING, ids=lambda page: page.name)
def test_answers_in_a_page_are_those_that_its_commands_give(page, samples):
    assert page.read_text() == documentation.refreshed(page.read_text(), samples), "run `make docs`"


def test_table_of_permissions_is_that_of_the_commands():
    page = documentation.OPERATIONS.read_text()

    assert page == documentation.with_permissions(page), "run `make docs`"
    assert permission_table() in page


def test_readme_shows_eight_questions_with_their_answers():
    readme = (documentation.PROJECT / "README.md").read_text()

    questions = re.findall(r"^    \$ (aitrail .*)\n    \S", readme, re.MULTILINE)

    assert len(questions) == 8
    assert {question.split()[1] for question in questions} == {"usage", "events", "who", "what"}


QUESTIONS = (DOCS / "questions.md").read_text()


def test_questions_have_one_command_each_and_none_is_left_out():
    asked = re.split(r"(?m)^\*\*(\d+)\. .*\?\*\*$", QUESTIONS)[1:]

    assert sorted(map(int, asked[::2])) == list(range(1, 27))
    assert all(re.search(r"(?m)^    \$ aitrail .*\n    \S.*\n", answer) for answer in asked[1::2])


def test_configuration_of_the_questions_is_that_of_the_samples():
    (shown,) = re.findall(r"```toml\n(.*?)```", QUESTIONS, re.DOTALL)

    assert shown == CONFIGURATION.read_text()


def test_answer_of_a_command_that_needs_a_stack_is_left_alone(samples):
    page = "    $ aitrail verify --since 7d\n    Proved.\n"

    assert documentation.refreshed(page, samples) == page


def test_outdated_answer_is_replaced_and_nothing_else(samples):
    command = "    $ aitrail events --service lex --limit 1 --columns service,operation\n"
    behind = "\nText.\n\n    $ other\n    x\n"

    refreshed = documentation.refreshed(f"Text.\n\n{command}    outdated\n\n    more\n{behind}", samples)

    assert refreshed == f"Text.\n\n{command}    service  operation\n    lex      RecognizeText\n{behind}"


def test_python_page_runs_as_it_is_written(samples, monkeypatch):
    monkeypatch.chdir(samples)

    result = doctest.testfile(str(DOCS / "python.md"), module_relative=False, optionflags=doctest.ELLIPSIS)

    assert result.attempted > 10
    assert result.failed == 0


@pytest.mark.usefixtures("credentials")
def test_boto3_page_runs_as_one_program(stacks, tmp_path, capsys):
    page = (DOCS / "boto3.md").read_text()
    program = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    stacks["aitrail"] = {"EventsTableName": "example-Events"}
    for number, file in enumerate(sample_logs(datetime.now(UTC)).files):
        if "_CloudTrail_" in file.key:
            (tmp_path / f"{number}.json.gz").write_bytes(file.body)

    with mock_aws():
        rows = load_rows(tmp_path)
        exec(compile(program, "boto3.md", "exec"), found := {})  # noqa: S102 - from the project's documentation

    printed = iter(capsys.readouterr().out.splitlines())
    rows = [row for row in rows if row["eventDay"] in found["week"]]
    newest_first = sorted(rows, key=lambda row: (row["eventTime"], row["eventID"]), reverse=True)
    questions = (
        ("polly", "service", ("eventTime", "operation", "principal", "outcome")),
        ("user/alice", "principal", ("eventTime", "service", "operation", "resource")),
        ("bot/K3X9QW7T2P", "resource", ("eventTime", "operation", "principal", "sourceIPAddress")),
    )
    for value, attribute, columns in questions:
        asked = [row for row in newest_first if row.get(attribute) == value]
        assert asked
        assert [next(printed) for _ in asked] == [" ".join(row.get(name, "") for name in columns) for row in asked]
    asked = EventStore.read(tmp_path).usage(service="polly", by=["principal"], since=min(found["week"]))
    assert +found["characters"] == +Counter({group["principal"]: group["characters"] for group in asked})
    assert len(+found["characters"]) > 1
    assert found["call"]["eventID"] == next(row["eventID"] for row in newest_first if row["service"] == "polly")
    assert "userAgent" in found["call"]


def load_rows(folder):
    """Fills the stack's table with the rows of the log files in the folder."""
    client = boto3.client("dynamodb")
    create_table(client, "example-Events", EVENTS)
    rows = list({row["eventID"]: row for row in Scan([str(folder)], report=lambda _: None).rows()}.values())
    EventsTable(client, "example-Events").write(rows, time_left=lambda: 60.0)
    return rows
