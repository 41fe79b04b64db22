"""Kubernetes in the bench: a cluster that kubeadm makes, and objects in it."""
