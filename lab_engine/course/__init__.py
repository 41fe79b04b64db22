"""The text and its labs at the client: lessons, steps, checks as data, and what judges them."""
