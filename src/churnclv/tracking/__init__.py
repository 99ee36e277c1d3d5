"""Room 11: run records, provenance and the registry; the one place that knows MLflow's tracking API."""
