"""Git repositories of the bench, which the pack `git` brings."""
