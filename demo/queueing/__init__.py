"""The queueing of deliveries: a simulation, and the tables that docs/scale.md shows."""
