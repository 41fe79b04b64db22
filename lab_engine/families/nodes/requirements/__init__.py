"""What a check can require of nodes and of the Swarms that they make."""
