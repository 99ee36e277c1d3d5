"""Room 1: sources, the schema and its policies, canonical events, the quality report."""
