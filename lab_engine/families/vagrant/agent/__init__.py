"""In the bench: makes boxes, and finds the machines behind what Vagrant noted."""
