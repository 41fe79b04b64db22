"""Builds packs: from a recipe (`lab_engine.course.pack`) to layers of a bench's image."""
