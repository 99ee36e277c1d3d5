"""What customers do: the best ones, clusters, funnel, messages: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {}
