"""In the bench: asks the processor itself."""
