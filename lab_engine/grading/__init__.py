"""What is handed in, and how it is graded: by doing it again in a fresh bench (client side)."""
