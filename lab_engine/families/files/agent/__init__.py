"""In the bench: makes, reads and undoes files and mounts."""
