"""What the bench's networks were at a moment, and the removal of what came since."""
