"""The line that tells what is being read: on a terminal, after a second, and never in the way of output."""

import sys
import threading
import time
from contextlib import contextmanager

import pytest

from aitrail.cli.output import Output, end_progress_line, narrate, progress, progress_line

CLEAR = "\r\x1b[K"


@pytest.fixture(autouse=True)
def immediately(monkeypatch):
    """Lets the line appear immediately, on a terminal of forty columns."""
    monkeypatch.setattr("aitrail.cli.output.live_line._FIRST_AFTER", 0.01)
    monkeypatch.setattr("aitrail.cli.output.live_line._SECONDS_BETWEEN", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")


@pytest.fixture
def line(monkeypatch):
    """A context with the line for a text, on a terminal."""

    @contextmanager
    def line(text, *, is_terminal=True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)  # capture replaces stderr before each test
        with progress_line(text):
            yield

    return line


@pytest.fixture
def text():
    """A text, which counts how often it is asked for; `text.shown` waits until it has been shown."""

    class Text:
        said, asked = "5 log files", 0
        _changed = threading.Condition()

        def __call__(self, seconds):
            assert seconds >= 0
            with self._changed:
                self.asked += 1
                self._changed.notify_all()
            return self.said

        def shown(self):
            with self._changed:
                seen = self.asked
                assert self._changed.wait_for(lambda: self.asked >= seen + 2, timeout=5)

    return Text()


def test_line_is_shown_until_it_ends(line, text, capsys):
    with line(text):
        text.shown()
    asked = text.asked
    time.sleep(0.1)

    written = capsys.readouterr().err
    assert written.startswith(f"{CLEAR}5 log files{CLEAR}5 log files")
    assert written.endswith(f"5 log files{CLEAR}")
    assert text.asked <= asked + 1


def test_line_is_not_wider_than_the_terminal_and_cannot_control_it(line, text, capsys):
    text.said = "\x1b[2J" + "x" * 100

    with line(text):
        text.shown()

    lines = set(capsys.readouterr().err.split(CLEAR)) - {""}
    assert lines == {("\\x1b[2J" + "x" * 100)[:39]}


def test_there_is_no_line_before_a_second_is_over(line, text, monkeypatch, capsys):
    monkeypatch.setattr("aitrail.cli.output.live_line._FIRST_AFTER", 60)

    with line(text):
        pass

    assert (capsys.readouterr().err, text.asked) == ("", 0)


@pytest.mark.parametrize("name", ["no terminal", "dumb"])
def test_there_is_no_line_without_a_terminal_that_can_remove_it(line, text, monkeypatch, capsys, name):
    if name == "dumb":
        monkeypatch.setenv("TERM", "dumb")

    with line(text, is_terminal=name == "dumb"):
        time.sleep(0.1)

    assert (capsys.readouterr().err, text.asked) == ("", 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "progress"]


def test_messages_have_lines_of_their_own_and_the_line_comes_back(line, text, capsys):
    with line(text):
        text.shown()
        narrate("a.json.gz: unreadable")
        text.shown()

    before, after = capsys.readouterr().err.split("a.json.gz: unreadable\n")
    assert before.endswith(CLEAR)
    assert after.startswith(f"{CLEAR}5 log files")


@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "pipe"])
def test_output_on_the_terminal_ends_the_line_and_in_a_pipe_does_not(line, text, capsys, monkeypatch, is_terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)

    def rows():
        text.shown()
        yield {"a": 1}
        capsys.readouterr()
        if not is_terminal:
            text.shown()
        time.sleep(0.1)
        yield {"a": 2}

    with line(text):
        Output(format="jsonl", styled=False).write(rows(), table=["a"], csv=["a"])
        written = capsys.readouterr()

    assert ("5 log files" in written.err) is not is_terminal
    assert written.out == '{"a": 2}\n'


def test_a_bar_takes_the_place_of_the_line(line, text, capsys):
    with line(text), progress() as show:
        text.shown()
        show("polly 2026-11-21: 5 rows")
        capsys.readouterr()
        time.sleep(0.1)
        written = capsys.readouterr().err

    assert "5 log files" not in written


def test_a_line_that_has_ended_may_end_again(line, text):
    with line(text):
        end_progress_line()
        end_progress_line()


def test_line_of_a_part_takes_the_place_of_the_other_one_until_it_ends(line, text, capsys):
    inner = type(text)()
    inner.said = "the bill"

    with line(text):
        text.shown()
        with line(inner):
            inner.shown()
            capsys.readouterr()
            inner.shown()
            during = capsys.readouterr().err
        capsys.readouterr()
        text.shown()
        after = capsys.readouterr().err

    assert {*during.split(CLEAR)} == {"", "the bill"}
    assert {*after.split(CLEAR)} == {"", "5 log files"}
