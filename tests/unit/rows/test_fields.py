from datetime import timedelta

from aitrail.rows import RECORD_FIELDS
from tests.unit.rows.plain_rows import RECORD, row


def test_null_in_the_record_stays_null(records):
    assert row(records["denied"])["requestParameters"] is None


def test_fields_that_the_specification_does_not_know_go_into_other():
    found = row(RECORD | {"service": "mine", "usage": None, "other": {"x": 1}, "tomorrow": [1]})

    assert found["other"] == {"service": "mine", "usage": None, "other": {"x": 1}, "tomorrow": [1]}
    assert found["service"] == "polly"
    assert "usage" not in found


def test_derived_attributes_and_record_fields_have_different_names():
    derived = set(row(RECORD | {"x": 1}, retention=timedelta(days=1))) - set(RECORD)

    assert not derived & RECORD_FIELDS
