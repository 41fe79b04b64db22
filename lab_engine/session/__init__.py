"""One learner in one lesson at the client: the flow of a step, checks, solutions, the record."""
