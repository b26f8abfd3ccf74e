"""The ingest function: wiring only, the work is done in aitrail."""
