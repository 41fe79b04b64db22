"""HAProxy, as far as it is running: what it knows of its servers."""
