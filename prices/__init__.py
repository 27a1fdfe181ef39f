"""Observed and reference prices, and what they say."""
