"""Names and definitions of the columns of tables: (English, Italian)."""

TEXTS: dict[str, tuple[str, str]] = {
    "column.period": ("Period", "Periodo"),
}
