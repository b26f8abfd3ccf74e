"""In every pair of values that settings can have, and in every partition, the template is valid and reviewed."""

import re
from itertools import combinations, product

import botocore.session
import pytest

from infra.settings import SETTINGS, InvalidSettingsError, Settings
from tests.infra.covering_array import EXISTING, PARTITION, REGIONS, VALUES, context, contradictions, covering_array
from tests.shared.template_checks import lint_findings


def pairs_of(row):
    return set(combinations(sorted(row.items()), 2))


def test_every_setting_has_its_default_and_other_values_in_the_array():
    assert set(VALUES) == {setting.key for setting in SETTINGS}
    for setting in SETTINGS:
        parsed = [setting.value.parse(context({setting.key: each})[setting.key]) for each in VALUES[setting.key]]
        assert parsed[0] == setting.default, setting.key
        assert len(set(parsed)) == len(parsed) >= 2, setting.key


def test_every_pair_of_values_is_in_the_array_but_for_those_that_are_refused(rows):
    factors = sorted({PARTITION: list(REGIONS), **VALUES}.items())
    every = {
        ((one, a), (other, b))
        for (one, some), (other, more) in combinations(factors, 2)
        for a, b in product(some, more)
    }
    left_out = set().union(*map(pairs_of, contradictions()))

    assert set().union(*map(pairs_of, rows)) == every - left_out
    assert len(left_out) == len(contradictions())
    assert len(rows) <= 45  # each takes a second


def test_what_the_array_leaves_out_is_refused_as_a_contradiction():
    assert {"aitrail:logRetentionDays": "1", "aitrail:objectLockDays": "36500"} in contradictions()
    for pair in contradictions():
        with pytest.raises(
            InvalidSettingsError,
            match=r"must be (at most|at least|less than)|is about (a|the trail|the alarms)|must be false",
        ):
            Settings.of(context(pair))


@pytest.mark.parametrize(
    ("key", "value"),
    [("keepTrail", "true"), ("dataEvents", "lex"), ("networkActivityEvents", "transcribe,personalize")],
)
def test_an_existing_bucket_is_combined_with_what_the_trail_of_the_stack_can_have(rows, key, value):
    pair = {"aitrail:logBucket": EXISTING, f"aitrail:{key}": value}

    assert any(pair.items() <= row.items() for row in rows)


def test_the_array_is_the_same_every_time(rows):
    assert covering_array() == rows


def is_wrong(row, finding):
    """cfn-lint's schema of principals knows three partitions."""
    return row[PARTITION] in ("aws-eusc", "aws-iso") and re.match(r"E3512 at \S+/Principal/AWS: ", finding)


@pytest.mark.slow
def test_cdk_nag_and_cfn_lint_find_nothing_in_any_combination(templates):
    found = [each for row, template in templates for each in lint_findings(template.text) if not is_wrong(row, each)]

    assert found == []


@pytest.mark.slow
def test_a_template_names_arns_of_its_own_partition_alone(templates):
    for row, template in templates:
        assert set(re.findall(r"arn:(aws[a-z-]*):", template.text)) <= {row[PARTITION]}


SESSION = botocore.session.Session()


@pytest.mark.parametrize("partition", SESSION.get_available_partitions())
def test_arns_of_every_partition_are_taken(partition):
    region = SESSION.get_available_regions("sts", partition)[0]
    place = {"partition": partition, "region": region, "keys": "keys.json", "services": "services"}

    for setting in SETTINGS:
        for value in VALUES[setting.key]:
            setting.value.parse(value.format(**place))
