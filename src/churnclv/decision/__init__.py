"""Room 7: what to do: economics and segments."""
