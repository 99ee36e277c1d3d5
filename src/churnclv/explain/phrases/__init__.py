"""Phrases that describe a customer's feature values, in several languages."""
