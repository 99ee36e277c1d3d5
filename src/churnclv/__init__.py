"""Which customers are leaving, what each one is worth, and what to do about it."""

__version__ = "0.1.0"
