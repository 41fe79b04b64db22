"""Statements that a lab can require (client side)."""
