"""libvirt: virtual machines, their disks, pools and networks."""
