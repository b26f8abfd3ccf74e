import re
import shlex
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from aitrail.cli.group import cli
from demo import samples
from demo.samples import CONFIGURATION, CONFIGURATION_NAME, FOLDER, REPORT, write_samples

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_log_file_that_holds_calls_is_written(tmp_path):
    count = write_samples(tmp_path, NOW)

    assert (count, len(files_in(tmp_path))) == (16, 17)
    assert (tmp_path / CONFIGURATION_NAME).read_text() == CONFIGURATION.read_text()


def test_those_of_an_earlier_time_make_room_and_other_files_stay(tmp_path):
    own = tmp_path / "AWSLogs/000011112222/CloudTrail/eu-west-1/2026/11/20/own.json.gz"
    own.parent.mkdir(parents=True)
    own.touch()
    write_samples(tmp_path, NOW)
    earlier = files_in(tmp_path) - {own.relative_to(tmp_path).as_posix()}

    write_samples(tmp_path, NOW + timedelta(hours=1))

    now = files_in(tmp_path)
    assert len(now) == 18
    assert own.exists()
    assert now & earlier == {CONFIGURATION_NAME}


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """The output of `make samples`, run in an empty folder, which stays the current folder."""
    monkeypatch.chdir(tmp_path)
    samples.main()
    return capsys.readouterr().out


def test_it_tells_where_they_are(told, tmp_path):
    assert told.startswith(f"16 invented log files of the last five weeks are in the folder {FOLDER}.")
    assert files_in(tmp_path / FOLDER)


def test_it_ends_with_a_report_of_them(told, tmp_path):
    page = tmp_path / FOLDER / REPORT

    assert told.endswith(f"\n    {page}\n")
    assert page.read_text().startswith("<!doctype html>")


def test_the_commands_that_it_tells_answer_at_once(told):
    commands = re.findall(r"^    \.venv/bin/aitrail (.*)$", told, re.MULTILINE)

    answers = [CliRunner().invoke(cli, [*shlex.split(command), "-o", "table"]) for command in commands]

    assert [answer.exit_code for answer in answers] == [0, 0, 0]
    assert all(len(answer.stdout.splitlines()) > 4 for answer in answers)
    assert not any("unreadable:" in answer.stderr for answer in answers)
