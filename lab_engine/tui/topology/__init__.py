"""The picture of what is in the bench: read, laid out in characters, or said in words."""
