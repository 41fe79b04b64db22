"""Answers to the probes of networks and namespaces."""
