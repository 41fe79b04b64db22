"""Nodes: containers of the bench's engine that are machines of their own, and Swarms of them."""
