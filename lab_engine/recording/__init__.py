"""What a learner typed and saw, recorded at the PTY, and typed again in a fresh bench."""
