"""Tools fail with the line that says why, and without passwords."""

import pytest

from audit import tools

TRACEBACK = """Traceback (most recent call last):
  File "service.py", line 1, in query
    raise HTTPError: of another line
requests.exceptions.HTTPError: 503 Server Error: busy for url: https://user:secret@example.com/v1/query

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
pip_audit._service.interface.ServiceError
"""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (TRACEBACK, "requests.exceptions.HTTPError: 503 Server Error: busy for url: https://***@example.com/v1/query"),
        ("npm warn old\nnpm said no\n\n", "npm said no"),
        ("", ""),
    ],
)
def test_line_that_says_why_is_taken_without_credentials(text, why):
    assert tools.why(text) == why


def test_tool_that_fails_is_an_error_with_its_words():
    with pytest.raises(tools.ToolError, match=r"cyclonedx-py: .*nothing\.toml"):
        tools.output("cyclonedx-py", "environment", "--pyproject", "nothing.toml", seconds=60)


def test_tool_finds_node_whatever_the_path_of_the_user(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    assert tools.output("npm", "--version", seconds=60).count(".") == 2
