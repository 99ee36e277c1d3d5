"""Room 2: cutoffs, folds, population and labels; the sealed test; splits of a labelled table."""
