"""Programs that run in the bench for as long as a step does."""
