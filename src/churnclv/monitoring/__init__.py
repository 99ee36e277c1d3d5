"""Monitoring: the history of scorings, drift of what is scored, outcomes joined, performance without labels."""
