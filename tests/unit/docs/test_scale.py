"""docs/scale.md shows the simulation's output, and the simulation's assumptions match the stack."""

import re
from pathlib import Path

import pytest

from demo.queueing import simulation
from demo.queueing.simulation import Pipeline
from demo.queueing.tables import BACKFILL_FUNCTIONS, TABLES, table
from infra.settings import Settings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/scale.md").read_text()


def number(path, pattern):
    return float(re.search(pattern, (ROOT / path).read_text())[1])


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_page_is_what_the_program_prints(name):
    assert f"\n{table(name)}\n" in PAGE, "write the table again: python -m demo.queueing"


def test_the_simulation_works_with_the_settings_of_the_stack():
    pipeline = Pipeline()

    assert pipeline.functions == Settings().maximum_concurrency
    assert Settings().backfill_concurrency == BACKFILL_FUNCTIONS
    assert pipeline.batch == number("infra/ingest.py", r"batch_size=(\d+)")
    timeout = number("infra/ingest.py", r"TIMEOUT = Duration.seconds\((\d+)\)")
    assert timeout - number("lambdas/ingest/wiring.py", r"_RESERVE = (\d+)") == simulation._TIME_LEFT
    assert number("infra/deliveries.py", r"max_receive_count=(\d+)") == simulation._TRIES
    assert number("lambdas/ingest/wiring.py", r"_FIRST_PAUSE = (\d+)") == simulation._FIRST_PAUSE
    assert number("lambdas/ingest/wiring.py", r"_LONGEST_PAUSE = (\d+)") == simulation._LONGEST_PAUSE


def test_the_page_names_every_supposition_of_the_simulation():
    pipeline = Pipeline()

    for value in (pipeline.seconds_per_batch, pipeline.seconds_per_file, pipeline.seconds_per_row):
        assert f"| {value:g} s |" in PAGE
