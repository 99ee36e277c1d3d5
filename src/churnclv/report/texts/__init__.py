"""What the report says, in English and Italian side by side."""
