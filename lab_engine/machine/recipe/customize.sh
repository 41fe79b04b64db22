#!/bin/sh
# Turns an installed set of packages into the machine. Runs as root in its tree: customize.sh FOLDER
# with what lies beside this file, and makes FOLDER/out/disk.raw and FOLDER/out/vmlinuz.
# The same packages give the same bytes: nothing of the day, of this host or of chance goes in.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
inputs=$1
# shellcheck source=shared.sh
. "$inputs/shared.sh"
mkdir -p "$inputs/out"

say "kernel"
# Not installed as a package: that makes an initramfs, and this kernel finds its disk without one.
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
(cd "$inputs" && apt-get -qq -o APT::Sandbox::User=root download "$kernel")
dpkg-deb -x "$inputs/$kernel"_*.deb "$inputs/kernel"
mv "$inputs"/kernel/boot/vmlinuz-* "$inputs/out/vmlinuz"
modules=$inputs/kernel/usr/lib/modules
[ -d "$modules" ] || modules=$inputs/kernel/lib/modules
cp -a "$modules" /usr/lib/
rm -rf "$inputs/kernel" "$inputs/$kernel"_*.deb
depmod "$(ls /usr/lib/modules)"

say "settings"
cp -a "$inputs/rootfs/." /
chown -R 0:0 /etc/fstab /etc/hostname /etc/hosts /etc/modprobe.d /etc/ssh /etc/systemd
cp "$inputs/modules.txt" /etc/modules-load.d/infralab.conf
mask "$inputs/masked.txt"
nobody_yet
# Drawn anew at each boot (machine-id(5)): two machines are never taken for one.
echo uninitialized > /etc/machine-id
echo 'nameserver 10.0.2.3' > /etc/resolv.conf
systemctl -q enable systemd-networkd ssh docker infralab-keys
systemctl -q disable ssh.socket 2> /dev/null || true

say "cleaning"
clean

say "disk"
root_tar "$inputs"
file_system "$inputs/out/root.tar" "$inputs/out/disk.raw" "${INFRALAB_DISK_MIB}M" \
    -L machine -U "$UUID" -E "hash_seed=$UUID,root_owner=0:0"
