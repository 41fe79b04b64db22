"""A machine that is started for a moment, from files of the learner."""
