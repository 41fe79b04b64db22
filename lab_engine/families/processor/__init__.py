"""The processor that the bench runs on, and what runs below it."""
