"""Room 13: MLflow: runs, records, registry, promotion."""
