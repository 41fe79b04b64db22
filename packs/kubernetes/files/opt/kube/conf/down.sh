#!/bin/bash
# down.sh: the cluster goes with its network, image and disks. What is unpacked once stays: `seed`.
set -eu
image=infralab/node:v1.34.4
nodes=$(docker ps -aq --filter label=infralab.node)
# shellcheck disable=SC2086
[ -z "$nodes" ] || docker rm -f -v $nodes > /dev/null
if docker network inspect kube > /dev/null 2>&1; then docker network rm kube > /dev/null; fi
if docker image inspect $image > /dev/null 2>&1; then docker image rm -f $image > /dev/null; fi
[ ! -d /var/lib/docker/kube ] ||
    find /var/lib/docker/kube -mindepth 1 -maxdepth 1 ! -name seed -exec rm -rf {} +
