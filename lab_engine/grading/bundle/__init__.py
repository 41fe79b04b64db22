"""The course for learners who are assessed: without what would do the work for them."""
