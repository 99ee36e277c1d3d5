"""Simulated data with known truth, and protocol suites for custom models."""
