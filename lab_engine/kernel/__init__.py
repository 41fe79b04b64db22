"""What the agent asks of the kernel without a daemon in between: mounts, processes, namespaces."""
