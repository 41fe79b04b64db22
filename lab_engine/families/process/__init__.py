"""Processes that go on beside the learner: services."""
