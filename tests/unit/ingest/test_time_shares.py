"""A slow message fails alone, and finishes once it has the time that the others leave."""

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.ingest import TimeShares
from tests.shared.fuzzing import law

LAW = law()
TOTAL = 240.0
BATCH = 10
RECEIVES = 5


class Batch:
    """Processes messages, given as pairs of receives and cost in seconds, with a simulated clock."""

    def __init__(self, messages):
        self.left, self.failed_at = TOTAL, {}
        order = sorted(range(len(messages)), key=lambda index: messages[index][0])
        shares = TimeShares([messages[index][0] for index in order], lambda: self.left)
        for index in order:
            time_left = shares.take()
            cost = messages[index][1]
            if cost > time_left():
                self.left -= time_left()
                self.failed_at[index] = TOTAL - self.left
            else:
                self.left -= cost


COSTS = st.floats(0, 2 * TOTAL)
MESSAGES = st.lists(st.tuples(st.integers(1, RECEIVES), COSTS), min_size=1, max_size=BATCH)


@LAW
@given(messages=MESSAGES)
def test_message_that_takes_no_more_than_its_share_of_the_largest_batch_never_fails(messages):
    batch = Batch(messages)

    assert all(messages[index][1] > TOTAL / BATCH * (1 - 1e-9) for index in batch.failed_at)
    assert batch.left >= -1e-6


@LAW
@given(messages=MESSAGES)
def test_messages_of_a_first_batch_have_equal_shares_of_what_is_left(messages):
    batch = Batch([(1, cost) for _, cost in messages])

    assert all(messages[index][1] > TOTAL / len(messages) * (1 - 1e-9) for index in batch.failed_at)


@LAW
@given(others=st.lists(st.floats(0, 20), max_size=BATCH - 1), slack=st.floats(1e-3, 1))
def test_message_that_comes_again_has_all_time_that_the_others_leave(others, slack):
    cost = TOTAL - sum(others) - slack

    batch = Batch([(2, cost), *((1, each) for each in others)])

    assert batch.failed_at == {}


@pytest.mark.parametrize("slow", [1, 2, 3])
def test_one_of_several_slow_messages_finishes_at_each_receive(slow):
    waiting = [150.0] * slow

    for receives in range(2, 2 + slow):
        batch = Batch([(receives, cost) for cost in waiting])
        waiting = [waiting[index] for index in batch.failed_at]

    assert waiting == []


@dataclass
class Message:
    cost: float
    visible_at: float
    receives: int = 0
    number: int = field(default_factory=count().__next__)


def polled(messages, pollers, draw):
    """Delivers messages as SQS and Lambda do, each failed one again after its pause; returns the dead letters."""
    free, dead = [0.0] * pollers, []
    while messages:
        now = max(min(free), min(each.visible_at for each in messages))
        visible = [each for each in messages if each.visible_at <= now]
        taken = draw.sample(visible, min(BATCH, len(visible)))
        for each in taken:
            each.receives += 1
        batch = Batch([(each.receives, each.cost) for each in taken])
        free[free.index(min(free))] = now + TOTAL - batch.left
        for index, each in enumerate(taken):
            if index not in batch.failed_at:
                messages.remove(each)
            elif each.receives == RECEIVES:
                dead.append(each)
                messages.remove(each)
            else:
                pause = 60 * 2 ** (each.receives - 1)
                each.visible_at = now + batch.failed_at[index] + draw.randint(pause // 2, pause)
    return dead


@law(100, costs=5)
@given(
    innocent=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 600)), max_size=100),
    slow=st.lists(st.tuples(st.floats(30, 200), st.floats(0, 600)), max_size=3),
    pollers=st.integers(2, 10),
    draw=st.randoms(use_true_random=False),
)
def test_whatever_fits_into_the_time_of_the_function_is_done_within_five_receives(innocent, slow, pollers, draw):
    messages = [Message(cost, at) for cost, at in (*innocent, *slow)]
    everything = list(messages)

    dead = polled(messages, pollers, draw)

    assert dead == []
    assert all(each.receives == 1 for each in everything[: len(innocent)])


@law(50, costs=5)
@given(
    innocent=st.integers(50, 400),
    cost=st.floats(30, 200),
    pollers=st.integers(2, 5),
    draw=st.randoms(use_true_random=False),
)
def test_slow_message_is_done_at_its_second_receive_though_all_its_batches_are_full(innocent, cost, pollers, draw):
    slow = Message(cost, 0)
    messages = [slow, *(Message(1.0, draw.uniform(0, 60)) for _ in range(innocent))]

    assert polled(messages, pollers, draw) == []
    assert slow.receives <= 2
