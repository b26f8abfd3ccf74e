"""`aitrail usage --plot`."""

from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def plot(aitrail, log_file, record):
    """Runs `aitrail usage --plot` about two calls of the 13th and one of the 14th."""
    times = ("2026-03-13T08:00:00Z", "2026-03-13T09:00:00Z", "2026-03-14T08:00:00Z")
    folder = log_file("logs/a.json", *(record(number, eventTime=time) for number, time in enumerate(times))).parent

    def plot(*arguments, shape=("-o", "table")):
        return aitrail("usage", "--plot", "--from", folder, *arguments, *shape, now=lambda: NOW)

    return plot


def test_days_without_calls_are_zeros(plot):
    ended = plot("--by", "day", "--since", "2026-03-12", "--until", "2026-03-15")

    assert ended.exit_code == 0
    lines = ended.stdout.splitlines()
    assert lines[:3] == ["calls by day (UTC)", "from 2026-03-12T00:00:00Z until 2026-03-15T00:00:00Z", "2 │ █"]
    assert lines[-2:] == ["0 │▁██", "   2026-03-12 to 2026-03-14"]


def test_two_windows_are_on_top_of_each_other(plot):
    ended = plot("--by", "hour", "--during", "2026-03-14", "--compare", "previous")

    rows = [line for line in ended.stdout.splitlines() if line.startswith("0 │")]
    assert rows == ["0 │" + "▁" * 8 + "█" + "▁" * 15, "0 │" + "▁" * 8 + "██" + "▁" * 14]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "service"], "--plot draws one thing over time: give one --by, of month, week, day, hour"),
        (["--by", "day", "--by", "service"], "--plot draws one thing over time"),
        (["--by", "day", "--top", "3"], "--top has no effect with --plot: leave it out."),
        (["--by", "day", "--first-last"], "--plot has no effect with --first-last: leave it out."),
        (["--by", "day", "--metrics"], "--plot has no effect with --metrics: leave it out."),
        (["--by", "day", "--compare", "previous"], "--compare needs a window with a start"),
        (["--by", "day", "--since", "1d", "--compare", "never"], "'never' is not a period of time"),
    ],
)
def test_what_cannot_be_drawn_is_refused(plot, arguments, message):
    ended = plot(*arguments)

    assert ended.exit_code == 2
    assert message in ended.stderr


def test_programs_get_numbers_and_no_plot(plot):
    ended = plot("--by", "day", shape=("-o", "json"))

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "--plot is for people: give -o table, or leave it out for numbers." in ended.stderr


def test_no_calls_are_told_and_not_drawn(plot):
    ended = plot("--by", "day", "--since", "2026-03-15")

    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "No calls" in ended.stderr
