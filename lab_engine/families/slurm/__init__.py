"""Slurm, which gives jobs their shares of many machines."""
