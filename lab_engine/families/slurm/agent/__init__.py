"""In the bench: asks Slurm's controller."""
