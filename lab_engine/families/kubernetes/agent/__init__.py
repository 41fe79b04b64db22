"""In the bench: makes the cluster, asks its API, and undoes what was made there."""
