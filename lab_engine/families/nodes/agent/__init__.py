"""The bench's side of nodes."""
