"""Room 6: churn models, one file per model; ensemble and calibration."""
