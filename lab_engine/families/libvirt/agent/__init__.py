"""In the bench: makes, reads and undoes what libvirt holds."""
