"""In the bench: looks through the trees of control groups."""
