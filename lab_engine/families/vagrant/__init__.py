"""Vagrant: boxes to make machines from, and the machines that a project has made."""
