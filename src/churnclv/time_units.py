"""Lengths of a year and a month in days: mean lengths of the Julian calendar, the same everywhere."""

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
