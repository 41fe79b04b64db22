"""In the bench: reads what runtimes note of their containers, and asks containerd."""
