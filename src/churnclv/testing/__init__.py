"""Simulated data with known truth, and protocol suites for models of your own."""
