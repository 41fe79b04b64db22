"""What was graded, how, and with which checkers: kept for ever, and what a learner has of it."""
