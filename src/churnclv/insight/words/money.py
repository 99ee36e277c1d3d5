"""Churn and value, what-if, contracts: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {}
