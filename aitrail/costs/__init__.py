"""What aitrail costs: a load in, the lines of a bill out."""
