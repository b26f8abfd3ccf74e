"""`make soak`: the deployed pipeline under load, with faults, for minutes. Nothing leaves this machine."""
