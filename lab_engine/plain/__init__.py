"""The lesson line by line, for a terminal that shows no screens."""
