"""Inspection: what a file is, which column plays which role, and the settings that read it."""
