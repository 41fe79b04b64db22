"""In the bench: asks the containerd that speaks the CRI."""
