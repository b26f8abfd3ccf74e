"""DynamoDB's limits for an index, which neither synth nor the local engines check."""

from aitrail.dynamodb import tables


def test_an_index_projects_at_most_twenty_attributes():
    for table in (tables.EVENTS, tables.FILES):
        assert all(len(index.projected) <= 20 for index in table.indexes)
        assert sum(len(index.projected) for index in table.indexes) <= 100
        assert all(not set(index.projected) & {*index.keys, table.partition_key} for index in table.indexes)


def test_every_event_index_shows_the_same_columns():
    shown = [{*index.keys, *index.projected} for index in tables.ASKED]

    assert all(columns == set(tables.NARROW_COLUMNS) for columns in shown)
