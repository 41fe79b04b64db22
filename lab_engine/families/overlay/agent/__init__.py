"""In the bench: asks the kernel what it mounted, and looks into the folders."""
