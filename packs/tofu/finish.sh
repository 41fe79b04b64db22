#!/bin/sh
# OpenTofu looks into this folder without being told, and asks no registry for what it finds there
# (its manual: "Implied Local Mirror Directories"). A platform is called as Go calls it, and Debian
# has the same two words: amd64, arm64.
set -eu
program=$(echo /opt/packs/tofu/terraform-provider-docker_v*)
version=${program##*_v}
platform=linux_$(dpkg --print-architecture)
place=/usr/share/terraform/plugins/registry.opentofu.org/kreuzwerker/docker/$version/$platform
mkdir -p "$place"
mv "$program" "$place"
rmdir /opt/packs/tofu
