"""Questions about the Docker engine inside the bench, and about its containers."""
