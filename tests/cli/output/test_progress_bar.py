import sys

from aitrail.cli.output import progress, rate_of


def test_progress_is_a_line_a_minute_where_there_is_no_terminal(capsys):
    clock = iter([100, 159, 160, 160, 219, 220, 220])

    with progress(lambda: next(clock)) as show:
        show("1 file")
        show("2 folders\x1b[2J found")
        show("3 files", 1, 2)
        show("4,000 files", 1500, 2000)

    assert capsys.readouterr().err == "2 folders\\x1b[2J found\n4,000 files (1,500 of 2,000)\n"


def test_progress_shows_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress() as show:
        show("3 folders found")
        show("4 files [7/s]", 1, 2)

    shown = capsys.readouterr().err
    assert "4 files [7/s]" in shown


def test_rate_is_that_since_the_begin():
    clock = iter([100.0, 100.5, 110.0])
    rate = rate_of(lambda: next(clock))

    assert [rate(30), rate(25_000)] == ["30/s", "2,500/s"]
