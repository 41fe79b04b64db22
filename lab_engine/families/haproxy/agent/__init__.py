"""The bench's part."""
