"""Room 10: Optuna studies, search spaces, selection on folds, resume."""
