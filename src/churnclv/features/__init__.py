"""Room 3: events before a cutoff become columns, one file per family."""
