"""Namespaces, links, addresses, routes and firewall rules, straight from the kernel."""
