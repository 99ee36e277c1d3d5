"""Room 8: Optuna studies that resume, their search spaces, and the choices they make on validation folds."""
