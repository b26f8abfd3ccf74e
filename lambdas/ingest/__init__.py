"""The ingest function, which only wires the parts; the work is done in aitrail."""
