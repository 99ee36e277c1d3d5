"""Reading of data: sources, the schema and its policies, canonical events, the quality report."""
