"""The kernel's networks: namespaces, links, addresses, routes and rules."""
