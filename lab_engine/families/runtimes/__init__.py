"""Containers below Docker: those of runc and crun, and those of containerd."""
