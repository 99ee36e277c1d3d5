"""The texts of the report, in English and Italian side by side."""
