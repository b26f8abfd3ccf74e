from collections import Counter

from soak.faults import LONG, SHORT, Fault, Likelihood
from soak.requests import Request
from tests.unit.soak.planning import NAMES, met, planned


def test_the_seed_alone_decides_which_requests_fail():
    forward, backward, other = met(planned()), met(planned(), NAMES[::-1]), met(planned(seed=2))

    assert forward == backward
    assert forward != other


def test_every_fault_is_met_by_its_share_of_log_files_and_none_of_them_meets_two():
    found = met(planned())

    assert all(len(set(faults)) == 1 for faults in found.values())
    shares = {fault: each.per_thousand * 2 for fault, each in {**SHORT, **LONG}.items()}
    assert Counter(faults[0] for faults in found.values()) == shares
    assert max(map(len, found.values())) == 5


def test_of_few_log_files_one_meets_each_fault():
    found = met(planned(names=NAMES[:20]))

    assert sorted(faults[0] for faults in found.values()) == sorted(Fault)


def test_what_has_not_happened_is_told():
    plan = planned(names=NAMES[:1], likelihoods={Fault.CUT: Likelihood(1, ("GetObject",), 1)})
    before = plan.left()

    met(plan)

    assert before == {Fault.CUT: [NAMES[0]]}
    assert plan.left() == {}
    assert plan.injected == {Fault.CUT: 1}


def test_requests_about_no_log_file_go_well():
    assert planned().next(Request(operation="Query")) is None
