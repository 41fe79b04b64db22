"""Image layouts: folders of blobs that bear the hash of their bytes as their name."""
