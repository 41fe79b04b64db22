"""In the bench: makes, reads and undoes what Docker holds."""
