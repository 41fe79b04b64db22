"""Statements about a cluster that a lab can require (client side)."""
