"""Incus in the bench: system containers that are rented out, in projects, over an API."""
