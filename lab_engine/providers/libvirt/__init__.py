"""VMs, virtual networks, pools, disks and snapshots, through libvirt's own API."""
