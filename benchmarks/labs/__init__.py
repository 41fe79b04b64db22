"""Labs that are measured, not learned."""
