"""What a check can require of git repositories."""
