"""Releases: promote an adapter that a decision allows, roll the champion back, waive a rule; export and push data."""
