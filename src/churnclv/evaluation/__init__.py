"""Room 4: metrics, intervals and paired comparison. Knows arrays, not models."""
