"""Plots of a measure over time."""

from decimal import Decimal

from aitrail.cli.output import BLOCKS
from aitrail.cli.output.sparklines import ASCII
from aitrail.cli.views.plot import Plotted, plot_lines

DAYS = [f"2026-11-{day:02}" for day in range(1, 31)]


def plotted(*plots, room=None, marks=BLOCKS, title="calls by day (UTC)"):
    return list(plot_lines([Plotted(*each) for each in plots], title, "day", room=room, marks=marks))


def test_a_plot_has_its_title_its_scale_from_zero_and_its_first_and_last_period():
    assert plotted(("from a until b", DAYS, [*[0] * 28, 4, 8])) == [
        "calls by day (UTC)",
        "from a until b",
        "8 │                             █",
        "  │                             █",
        "  │                             █",
        "  │                             █",
        "  │                            ██",
        "  │                            ██",
        "  │                            ██",
        "0 │▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██",
        "   2026-11-01          2026-11-30",
    ]


def test_two_windows_have_one_scale_and_their_first_periods_above_each_other():
    lines = plotted(("now", DAYS[:3], [8, 0, 8]), ("before", DAYS[3:5], [2, 0]))

    assert [line for line in lines if line.startswith("0")] == ["0 │█▁█", "0 │█▁"]
    assert [line for line in lines if line.startswith("8")] == ["8 │█ █", "8 │"]


def test_too_many_periods_become_averages_and_the_title_says_so():
    lines = plotted(("now", DAYS, [3] * 30), ("before", DAYS, [3] * 29), room=16)

    assert lines[0] == "calls by day (UTC), each column the average of 3 days"
    assert {len(line) for line in lines if "│" in line} == {len("3 │") + 10}


def test_a_terminal_without_unicode_gets_ascii():
    lines = plotted(("now", DAYS[:2], [0, 7]), marks=ASCII)

    assert lines[-2:] == ["0 |_#", "   2026-11-01 to 2026-11-02"]
    assert all(line.isascii() for line in lines)


def test_an_amount_that_is_not_known_has_no_mark():
    lines = plotted(("now", DAYS[:3], [Decimal("0.5"), None, Decimal(2)]))

    assert lines[2].startswith("2 │")
    assert lines[-2] == "0 │█ █"
