"""Programs that lessons give to the learner."""
