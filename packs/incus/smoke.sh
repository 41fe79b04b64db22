#!/bin/bash
# A system container is made from an image of ours, changed, and brought back by its snapshot.
set -eu
# It would read this script as its own input.
incus() { command incus "$@" < /dev/null; }
work=$(mktemp -d)
cd "$work"
cleanup() {
  incus delete -f smoke > /dev/null 2>&1 || true
  incus admin shutdown -t 20 > /dev/null 2>&1 || kill "${pid:-}" 2>/dev/null || true
  wait 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT
/usr/libexec/incus/incusd --group incus-admin > log 2>&1 & pid=$!
incus admin waitready --timeout 60
incus admin init --minimal
mkdir -p root/{bin,sbin,dev,proc,sys,etc,root,tmp,run,var}
cp /usr/bin/busybox root/bin/busybox
for name in sh cat echo hostname ip ls mkdir sleep; do ln -s busybox root/bin/$name; done
printf '#!/bin/sh\nwhile :; do sleep 1; done\n' > root/sbin/init
chmod 755 root/sbin/init
echo 'root:x:0:0:root:/root:/bin/sh' > root/etc/passwd
tar -C root -czf rootfs.tar.gz .
printf 'architecture: x86_64\ncreation_date: 1700000000\nproperties: {os: busybox, description: busybox}\n' > metadata.yaml
tar -czf meta.tar.gz metadata.yaml
incus image import meta.tar.gz rootfs.tar.gz --alias box > /dev/null
incus launch -q box smoke -c security.privileged=true -c limits.memory=64MiB
[ "$(incus exec smoke -- hostname)" = smoke ]
incus exec smoke -- sh -c 'echo kept > /root/note'
incus snapshot create smoke before
incus exec smoke -- sh -c 'echo spoiled > /root/note'
incus snapshot restore smoke before
[ "$(incus exec smoke -- cat /root/note)" = kept ]
incus list -f json | jq -e '.[0] | .status == "Running" and (.snapshots | length) == 1' > /dev/null
incus exec smoke -- ip addr show eth0 | grep -q 'state UP\|LOWER_UP'
echo "a container was made, changed, and is as its snapshot"
