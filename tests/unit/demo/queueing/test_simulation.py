"""The simulation of queue and function agrees with closed-form results of queueing theory."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.queueing.simulation import Delivery, Pipeline, live, old, simulate

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=60)
# One delivery at a time without overhead, like the servers in textbooks.
ONE_BY_ONE = {"batch": 1, "seconds_per_batch": 0.0, "seconds_per_file": 1.0}

arrivals = st.lists(
    st.builds(Delivery, arrived=st.floats(0, 600), rows=st.integers(0, 3000), day=st.integers(0, 2)), max_size=60
).map(sorted)
pipelines = st.builds(
    Pipeline,
    functions=st.integers(1, 12),
    batch=st.integers(1, 10),
    seconds_per_file=st.floats(0.01, 5),
    day_limit=st.sampled_from([10.0, 1000.0]),
    is_down=st.sampled_from([lambda _: False, lambda now: 100 <= now < 900, lambda now: int(now) % 3 == 0]),
)


@LAW
@given(arrivals, pipelines, st.randoms(use_true_random=False))
def test_every_delivery_is_done_or_a_dead_letter_and_none_both(deliveries, pipeline, random):
    outcome = simulate(deliveries, pipeline, random)

    assert sorted([delivery for delivery, _ in outcome.done] + outcome.dead) == deliveries


@LAW
@given(arrivals, pipelines, st.integers())
def test_the_same_random_numbers_give_the_same_outcome(deliveries, pipeline, seed):
    first, second = (simulate(deliveries, pipeline, Random(seed)) for _ in range(2))

    assert first == second


@LAW
@given(arrivals, pipelines, st.randoms(use_true_random=False))
def test_no_delivery_is_done_sooner_than_its_own_work_takes(deliveries, pipeline, random):
    outcome = simulate(deliveries, pipeline, random)

    for delivery, at in outcome.done:
        least = pipeline.seconds_per_batch + pipeline.seconds_per_file
        least += delivery.rows * max(pipeline.seconds_per_row, 1 / pipeline.day_limit)
        assert at - delivery.arrived >= least * (1 - 1e-9) - 1e-9


@LAW
@given(arrivals, pipelines, st.randoms(use_true_random=False))
def test_no_service_day_takes_more_than_its_limit(deliveries, pipeline, random):
    outcome = simulate(deliveries, pipeline, random)

    for day in {delivery.day for delivery in deliveries}:
        written = [(at, delivery.rows) for delivery, at in outcome.done if delivery.day == day and delivery.rows]
        if written:
            first = min(delivery.arrived for delivery, _ in outcome.done if delivery.day == day)
            assert sum(rows for _, rows in written) <= (max(written)[0] - first) * pipeline.day_limit * (1 + 1e-9)


@LAW
@given(st.lists(st.floats(0, 50), min_size=1, max_size=80).map(sorted), st.integers(1, 5))
def test_functions_that_are_all_alike_finish_as_the_recursion_of_a_queue_with_constant_service_says(times, functions):
    deliveries = [Delivery(time) for time in times]

    outcome = simulate(deliveries, Pipeline(functions=functions, **ONE_BY_ONE), Random(0))

    expected = []
    for number, time in enumerate(times):
        free = expected[number - functions] if number >= functions else 0.0
        expected.append(max(time, free) + 1.0)
    assert sorted(at for _, at in outcome.done) == pytest.approx(expected)


@LAW
@given(arrivals, pipelines, st.randoms(use_true_random=False))
def test_the_function_works_as_long_as_its_batches_take(deliveries, pipeline, random):
    plain = [delivery._replace(rows=0) for delivery in deliveries]
    pipeline = Pipeline(functions=pipeline.functions, batch=1, seconds_per_file=pipeline.seconds_per_file)

    outcome = simulate(plain, pipeline, random)

    each = pipeline.seconds_per_batch + pipeline.seconds_per_file
    assert outcome.busy == pytest.approx(len(plain) * each)


@LAW
@given(st.lists(st.floats(0, 100), min_size=1, max_size=60).map(sorted), pipelines)
def test_the_deliveries_that_are_there_are_their_rate_times_their_delay(times, pipeline):
    outcome = simulate([Delivery(time) for time in times], Pipeline(functions=pipeline.functions), Random(0))

    end = max(at for _, at in outcome.done)
    moments = sorted({time for delivery, at in outcome.done for time in (delivery.arrived, at)} | {0.0})
    area = sum(
        (after - before) * sum(delivery.arrived <= before < at for delivery, at in outcome.done)
        for before, after in pairwise(moments)
    )
    delay = sum(at - delivery.arrived for delivery, at in outcome.done) / len(times)
    assert area / end == pytest.approx(len(times) / end * delay)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_random_arrivals_at_one_function_wait_as_pollaczek_and_khinchine_say(load):
    random = Random(7)
    time, deliveries = 0.0, []
    for _ in range(40_000):
        time += random.expovariate(load)
        deliveries.append(Delivery(time))

    outcome = simulate(deliveries, Pipeline(functions=1, **ONE_BY_ONE), random)

    wait = sum(at - delivery.arrived - 1 for delivery, at in outcome.done) / len(deliveries)
    assert wait == pytest.approx(load / (2 * (1 - load)), rel=0.06)
    assert outcome.busy / outcome.ended == pytest.approx(load, rel=0.02)


def test_a_backlog_is_gone_after_its_size_through_the_spare_capacity():
    pipeline = Pipeline(functions=10, opens=900.0)

    outcome = simulate(old(1, 9000, rows=0, interleaved=False), pipeline, Random(0))

    assert pipeline.rate == pytest.approx(10 * 10 / 1.05)
    assert max(at for _, at in outcome.done) == pytest.approx(900 + 9000 / pipeline.rate)


def test_a_delivery_that_fails_five_times_is_a_dead_letter_after_pauses_of_half_to_all_of_1_2_4_8_minutes():
    ends = []
    for seed in range(20):
        outcome = simulate([Delivery(0.0)], Pipeline(is_down=lambda _: True), Random(seed))

        assert (outcome.dead, outcome.done, outcome.failed_tries) == ([Delivery(0.0)], [], 5)
        ends.append(outcome.ended)
    assert 5 + 450 <= min(ends) < max(ends) <= 5 * 1.05 + 900


@pytest.mark.parametrize(("minutes", "dead"), [(7, 0), (16, 1)])
def test_an_outage_costs_a_delivery_if_it_outlasts_the_pauses(minutes, dead):
    pipeline = Pipeline(is_down=lambda now: now < 60 * minutes)

    outcome = simulate([Delivery(0.0)], pipeline, Random(0))

    assert len(outcome.dead) == dead
    assert len(outcome.done) == 1 - dead


def test_a_file_with_more_rows_than_the_time_of_a_function_allows_never_ends():
    outcome = simulate([Delivery(0.0, rows=250_000)], Pipeline(), Random(0))

    assert outcome.failed_tries == 5
    assert len(outcome.dead) == 1


def test_interleaved_days_are_written_side_by_side():
    by_day, interleaved = (
        simulate(old(3, 500, rows=200, interleaved=each), Pipeline(batch=1), Random(0)) for each in (False, True)
    )

    # A day alone takes 500 x 200 / 1,000 = 100 s.
    assert by_day.ended == pytest.approx(300, rel=0.05)
    assert interleaved.ended == pytest.approx(100, rel=0.05)


def test_live_deliveries_come_once_in_a_period_for_each_account_and_region():
    deliveries = live(3, 600, Random(0), spread=60)

    assert [int(delivery.arrived // 300) for delivery in deliveries] == [0] * 12 + [1] * 12
    assert all(delivery.arrived % 300 < 60 for delivery in deliveries)
