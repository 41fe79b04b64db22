"""Questions about the bench's libvirt."""
