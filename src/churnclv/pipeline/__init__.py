"""Room 16: the order of steps. Each command is a function from values to values."""
