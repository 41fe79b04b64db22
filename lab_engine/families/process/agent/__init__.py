"""In the bench: starts, sees and ends processes."""
