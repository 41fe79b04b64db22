"""Control groups that a learner makes by hand."""
