"""Random histories: `aitrail verify` proves nothing that is not so, and accuses nothing that is as it should be.

`python -m tests.shared.histories` runs many more of them, and shows the smallest history of each wrong answer.
"""

import os
from functools import partial
from types import SimpleNamespace

import pytest

from tests.shared.deployed_tables import create_table
from tests.shared.histories.faults.kinds import KINDS
from tests.shared.histories.history import MIXED, History, described, shrunk, windows
from tests.shared.histories.memory_dynamodb import MemoryDynamoDB
from tests.shared.histories.run import TABLES, Run

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


@pytest.mark.parametrize("seed", range(4))
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
