"""OSTree: whole systems in a repository, and what of them lies on a machine's disk."""
