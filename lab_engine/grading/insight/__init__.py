"""What a whole class shows: the same mistakes, the same work, and what a regrade changes."""
