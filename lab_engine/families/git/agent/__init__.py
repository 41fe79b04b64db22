"""The part of the family that works in the bench."""
