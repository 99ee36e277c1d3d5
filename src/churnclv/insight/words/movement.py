"""Segments, cohorts and the ladder: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {}
