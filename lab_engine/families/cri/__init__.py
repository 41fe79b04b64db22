"""Pods by the Container Runtime Interface, without a Kubernetes around them."""
