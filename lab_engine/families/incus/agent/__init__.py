"""In the bench: makes, reads and undoes what Incus holds."""
