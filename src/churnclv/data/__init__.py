"""Room 1: raw logs become the canonical event table, and nothing is dropped uncounted."""
