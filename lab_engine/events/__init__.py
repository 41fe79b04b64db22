"""What happens in the bench, as it happens (agent side): each source is a thread of its own."""
