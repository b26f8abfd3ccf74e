import pytest

from soak.__main__ import scale_of


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (5000, 180, 5000, 2000)),
        (["--quick"], (200, 20, 500, 200)),
        (["--quick", "--files", "50"], (50, 20, 500, 200)),
        (["--files=1", "--minutes=0.5", "--examples=0", "--histories=9"], (1, 30, 0, 9)),
    ],
)
def test_arguments_say_how_much_is_tried(arguments, expected):
    assert scale_of(arguments)[:4] == expected


@pytest.mark.parametrize(
    "arguments", [["--files=0"], ["--files=x"], ["--minutes=0"], ["--minutes=121"], ["--minutes=x"], ["--hours=1"]]
)
def test_arguments_that_make_no_sense_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as raised:
        scale_of(arguments)

    assert raised.value.code == 2
    assert arguments[0].partition("=")[0] in capsys.readouterr().err
