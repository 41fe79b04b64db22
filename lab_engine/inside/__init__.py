"""Single-file programs that run in the bench. Each needs only the standard library."""
