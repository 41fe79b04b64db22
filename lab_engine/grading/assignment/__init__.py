"""What is asked of learners, until when, and what their work counts."""
