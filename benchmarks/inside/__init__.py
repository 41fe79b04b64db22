"""What runs in the bench, as root and with the agent's Python: the timed work itself."""
