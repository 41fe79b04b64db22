"""The parts of the lesson's screen."""
