"""Cells of tables in Markdown: a text from the data is text, and no markup."""


def plain_cell(text: str) -> str:
    """Return text for a table's cell, with markup escaped."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
