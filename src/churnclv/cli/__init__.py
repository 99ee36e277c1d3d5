"""Room 17: one Hydra app per command, and the composition of the configuration."""
