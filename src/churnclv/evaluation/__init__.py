"""Room 4: metrics, bootstrap, paired comparison, profit, checks. Arrays in, figures out; no models."""
