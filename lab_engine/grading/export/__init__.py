"""Grades for other programs and for learners. Each module writes one form."""
