"""What the numbers mean: key figures, segments, cohorts, the best customers, what-if, and the page that tells them."""
