"""Questions about networks and namespaces."""
