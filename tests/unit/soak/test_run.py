from random import Random
from unittest.mock import Mock

import pytest

from soak.expected import Expected
from soak.faults import Fault, Likelihood
from soak.run import Run
from tests.unit.soak.conftest import BUCKET
from tests.unit.soak.planning import NAMES, met, planned


@pytest.fixture
def queue():
    """The dead-letter queue: the messages that it returns once, and those that were made visible again."""
    sqs = Mock()
    bodies = ["first", "second"]
    pages = [[{"Body": body, "ReceiptHandle": body} for body in bodies]]
    sqs.receive_message.side_effect = lambda **_: {"Messages": pages.pop()} if pages else {}
    return sqs


def run_with(queue, *, sent, survivors=0):
    plan = planned(names=NAMES[:1], likelihoods={Fault.CUT: Likelihood(1, ("GetObject",), 1)})
    pipeline = Mock(outputs={"DeadLetterQueueUrl": "url"})
    pipeline.rows.return_value, pipeline.entries.return_value = [], []
    pipeline.aws.client.return_value = queue
    proxy = Mock(plan=plan, survivors=survivors)
    return Run(pipeline=pipeline, proxy=proxy, expected=Expected(bucket=BUCKET), random=Random(1), sent=sent)


def test_dead_letters_are_those_that_were_sent_and_stay_in_their_queue(queue):
    run = run_with(queue, sent=["first", "second"])
    met(run.proxy.plan)

    found = list(run.differences())

    assert found == []
    shown = [call.kwargs["ReceiptHandle"] for call in queue.change_message_visibility.call_args_list]
    assert shown == ["first", "second"]


def test_other_dead_letters_and_faults_that_did_not_happen_are_differences(queue):
    found = list(run_with(queue, sent=["first"], survivors=2).differences())

    assert found == [
        "the dead letters are ['first', 'second'], but should be only ['first']",
        f"contents of objects cut short: planned faults did not happen, for ['{NAMES[0]}']",
        "function killed: 2 times there was no process to kill",
    ]
