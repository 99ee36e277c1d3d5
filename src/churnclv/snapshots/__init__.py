"""Room 2: cutoffs, folds, population and labels; the sealed test and its seal."""
