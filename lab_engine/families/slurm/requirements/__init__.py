"""Statements that a lab can require."""
