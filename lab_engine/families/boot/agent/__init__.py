"""In the bench: starts QEMU, listens to its serial line, and types on it."""
