"""In the bench: asks ostree, and reads a disk as a boot loader does."""
