"""Submissions to gradings: verified, replayed in fresh benches, written down one by one."""
