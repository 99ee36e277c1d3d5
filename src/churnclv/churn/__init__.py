"""Room 6: who is leaving: models of churn, calibration and baselines."""
