"""Files, folders and mounts."""
