"""Overlay mounts: folders that the kernel shows as one."""
