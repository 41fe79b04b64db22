"""In the bench: makes, reads and undoes the kernel's networks."""
