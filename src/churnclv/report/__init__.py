"""Room 11: one file per section: aggregation, picture and texts; the page and its tables."""
