"""The instructor's screens: a class, one learner, one task, a replay, who is at work now."""
