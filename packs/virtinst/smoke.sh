#!/bin/bash
# A machine is made by one command, runs, and is copied once it is off.
set -eu
/usr/lib/infralab/bin/start-libvirt
pool=$(mktemp -d)
chmod 755 "$pool"
virsh pool-create-as smoke dir --target "$pool" > /dev/null
cleanup() {
  for vm in one two; do
    virsh destroy $vm > /dev/null 2>&1 || true
    virsh undefine $vm > /dev/null 2>&1 || true
  done
  virsh pool-destroy smoke > /dev/null
  rm -rf "$pool"
}
trap cleanup EXIT
virt-install --name one --memory 128 --vcpus 1 --osinfo linux2024 --virt-type qemu --import \
  --boot kernel=/usr/lib/infralab/guest/vmlinux,initrd=/usr/lib/infralab/guest/small.cpio \
  --disk pool=smoke,size=0.03125,format=qcow2 --network none --graphics none --noautoconsole \
  > log 2>&1 || { tail -20 log; exit 1; }
[ "$(virsh domstate one)" = running ]
[ "$(virsh domblkinfo one vda | awk '/Capacity/ {print $2}')" = 33554432 ]
virsh destroy one > /dev/null
virt-clone --original one --name two --auto-clone > log 2>&1 || { tail -20 log; exit 1; }
[ "$(virsh domuuid one)" != "$(virsh domuuid two)" ]
virt-xml two --edit --memory 160 > /dev/null
virsh dominfo two | grep -q 'Max memory: *163840 KiB'
echo "virt-install made a machine, virt-clone a second, and virt-xml changed it"
