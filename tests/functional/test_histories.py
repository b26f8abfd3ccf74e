"""Random histories: `aitrail verify` proves nothing that is not so, and accuses nothing that is as it should be.

`python -m tests.shared.histories` runs many more of them, and shows the smallest history of each wrong answer.
"""

import os
from collections import Counter
from functools import partial
from types import SimpleNamespace

import pytest

from tests.shared.deployed_tables import create_table
from tests.shared.histories.faults.kinds import KINDS
from tests.shared.histories.history import MIXED, History, described, shrunk, windows
from tests.shared.histories.memory_dynamodb import MemoryDynamoDB
from tests.shared.histories.oracle import Oracle
from tests.shared.histories.product import Said
from tests.shared.histories.run import TABLES, Run
from tests.shared.histories.world import BUCKET, START

# Histories of each kind.
HISTORIES = int(os.environ.get("HISTORIES", "6"))

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", [MIXED, *KINDS])
def test_no_history_makes_a_false_proof_or_a_false_accusation(kind):
    wrong = {}
    for seed in range(HISTORIES):
        history = History(seed, kind)
        for complaint in history.judge().kinds - wrong.keys():
            wrong[complaint] = history

    assert not wrong, "\n\n".join(described(shrunk(history, kind).judge()) for kind, history in wrong.items())


@pytest.mark.parametrize("kind", [MIXED, *KINDS])
def test_copy_is_found_to_be_what_its_original_is(kind):
    for seed in range(HISTORIES):
        original, copy = (Run(History(seed, kind, copied=copied).world()).go() for copied in ("none", "all"))

        for since, until, deep in windows(original.world):
            of_copy, of_original = (sorted_findings(run.verify(since, until, deep=deep)) for run in (copy, original))
            assert of_copy == of_original
        assert copy.rows() == original.rows()


def sorted_findings(said):
    return said._replace(findings=sorted(said.findings))


def test_copy_proves_nothing_without_the_setting():
    for seed in range(HISTORIES):
        world = History(seed, "nothing", copied="all").world()

        said = Run(world, original=None).go().verify(START, world.now, deep=bool(seed % 2))

        names = {name for name, _, _ in said.findings}
        assert not said.proved
        assert "invalid" in names
        assert not {"tampered", "replaced"} & names


def judged(kind, answer):
    """Complaints about invented answers on 12 histories of a kind, and the number of answers."""
    complaints, answers = [], 0
    for seed in range(12):
        run = Run(History(seed, kind).world()).go()
        oracle = Oracle(run)
        for since, until, deep in windows(run.world):
            proved, findings = answer(run.world, since, until)
            complaints += oracle.complaints(Said(since, until, deep, proved, findings))
            answers += 1
    return Counter(complaint.kind for complaint in complaints), answers


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("lost", "file not ingested"),
        ("truncated", "file not ingested"),
        ("digest-lost", "hours uncovered"),
        ("stopped", "hours uncovered"),
        ("forged-file", "stranger"),
        ("row-deleted", "row missing"),
        ("row-added", "row added"),
        ("row-changed", "row changed"),
    ],
)
def test_who_calls_everything_proved_is_found_out(kind, why):
    complaints, _ = judged(kind, lambda *_: (True, ()))

    assert complaints[f"false proof, {why}"] >= 2


@pytest.mark.parametrize("name", ["tampered", "row-differs", "awaited", "unlisted"])
def test_who_accuses_everything_is_found_out(name):
    def accuse(world, since, until):
        of = next((file.key for file in world.files if since <= file.named < until), "nothing")
        return False, ((name, f"s3://{BUCKET}/{of}", ""),)

    complaints, answers = judged("nothing", accuse)

    assert complaints[f"false accusation, {name}"] > answers / 2


class Counted:
    """A client that calls `before` before each request, as the client in memory does."""

    def __init__(self, client, before):
        self._client, self._before = client, before

    def __getattr__(self, name):
        def ask(**parameters):
            self._before(name)
            return getattr(self._client, name)(**parameters)

        return ask

    def get_paginator(self, operation):
        ask = getattr(self, operation)
        return SimpleNamespace(paginate=lambda **parameters: iter([ask(**parameters)]))


@pytest.mark.parametrize("seed", range(2))
def test_client_in_memory_does_the_same_as_moto(seed, dynamodb):
    for name, table in TABLES.items():
        create_table(dynamodb, name, table)
    history = History(seed)

    in_memory, in_moto = (
        Run(history.world(), client).go() for client in (partial(MemoryDynamoDB, TABLES), partial(Counted, dynamodb))
    )

    for name in TABLES:
        assert in_memory.items(name) == in_moto.items(name)
    for since, until, deep in windows(in_memory.world):
        assert in_memory.verify(since, until, deep=deep) == in_moto.verify(since, until, deep=deep)
