"""`make bench`: measures aitrail's performance on this machine. Each figure is a ratio of alternating runs."""
