import pytest

from soak import phases
from soak.figures import Sample


@pytest.mark.parametrize(
    ("memory", "told", "is_flat"),
    [
        ({1: [Sample(second, 60_000_000) for second in range(100)]}, "flat", True),
        ({1: [Sample(second, 60_000_000 + 1_000_000 * second) for second in range(100)]}, "NOT FLAT", False),
        ({1: [Sample(second, 60_000_000 + 30_000 * second) for second in range(200)]}, "NOT FLAT", False),
        ({1: [Sample(second, 60_000_000 + 15_000 * second) for second in range(200)]}, "flat", True),
        ({1: [Sample(second, 60_000_000 + 800_000 * (second > 15)) for second in range(21)]}, "flat", True),
        ({1: [Sample(second, 60_000_000 - 1_000_000 * second) for second in range(50)]}, "flat", True),
        ({}, "its memory cannot be judged", False),
    ],
    ids=["flat", "growing", "growing slowly", "within the limit", "one step", "shrinking", "nobody there"],
)
def test_memory_is_flat_unless_it_grows_or_nobody_was_there(capsys, memory, told, is_flat):
    verdict = phases.judge(memory)

    assert verdict is is_flat
    assert told in capsys.readouterr().out


def test_a_process_that_came_or_went_meanwhile_does_not_decide(capsys):
    grown = [Sample(second, 1_000_000 * second) for second in range(60, 100)]
    ended = [Sample(second, 1_000_000 * second) for second in range(80)]

    verdict = phases.judge({1: [Sample(second, 60) for second in range(100)], 2: grown, 3: ended})

    assert verdict is True
    assert "process 1:" in (told := capsys.readouterr().out)
    assert "process 2:" not in told
    assert "process 3:" not in told
