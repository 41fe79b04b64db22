#!/bin/sh
# The guest agent, once its port is there. A VM without one gets a quiet wait.
port=/dev/virtio-ports/org.qemu.guest_agent.0
until [ -e $port ]; do sleep 1; done
exec /usr/sbin/qemu-ga -m virtio-serial -p $port -t /run -f /run/qemu-ga.pid
