"""Room 7: learners of treatment effects, one file per learner; their choice."""
