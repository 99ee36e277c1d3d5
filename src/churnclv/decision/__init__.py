"""Room 9: economics, RFM segments, target lists, campaigns."""
