"""From a bare machine to a ready one: folders, scripts, files, Ansible and Puppet."""
# isort: skip_file
# Importing declares the steps, in this order.

from __future__ import annotations

from labs.vagrant_provision.values import lab
from labs.vagrant_provision import folders, shell, upload, ansible, puppet

__all__ = ["ansible", "folders", "lab", "puppet", "shell", "upload"]
