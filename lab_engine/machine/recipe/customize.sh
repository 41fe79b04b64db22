#!/bin/sh
# Turns an installed set of packages into the machine. Runs as root in its tree: customize.sh FOLDER
# with what lies beside this file, and makes FOLDER/out/disk.raw and FOLDER/out/vmlinuz.
# The same packages give the same bytes: nothing of the day, of this host or of chance goes in.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
inputs=$1
say() { echo "infralab: $*" >&2; }
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
chown -R 0:0 /etc/fstab /etc/hostname /etc/hosts /etc/ssh /etc/systemd
cp "$inputs/modules.txt" /etc/modules-load.d/infralab.conf
# Drawn anew at each boot (machine-id(5)): two machines are never taken for one.
echo uninitialized > /etc/machine-id
rm -f /var/lib/dbus/machine-id /etc/ssh/ssh_host_* /etc/resolv.conf
echo 'nameserver 10.0.2.3' > /etc/resolv.conf
while read -r unit; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
done < "$inputs/masked.txt"
systemctl -q enable systemd-networkd ssh docker infralab-keys
systemctl -q disable ssh.socket 2> /dev/null || true

say "cleaning"
apt-get clean
rm -rf /etc/apt/apt.conf.d/99* /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig /var/log/* \
    /var/lib/docker /var/lib/containerd /usr/lib/udev/hwdb.bin /usr/lib/udev/hwdb.d /var/lib/dpkg/*-old \
    /var/cache/debconf/*-old /etc/*- /usr/bin/containerd-stress
mkdir -p /var/lib/docker

say "disk"
# By the tree's own e2fsprogs, so that it does not matter which one the host has; from a tar, which
# has no times but those that are written into it (mke2fs(8), -d).
uuid=1f7a1ab0-0000-4000-8000-000000000001
# What is mounted there during a build has other owners where it is made without root.
mkdir -p -m 755 "$inputs/points/dev" "$inputs/points/run"
mkdir -p -m 555 "$inputs/points/proc" "$inputs/points/sys"
mkdir -p -m 1777 "$inputs/points/tmp"
common="--file $inputs/out/root.tar --sort=name --numeric-owner --mtime=@$SOURCE_DATE_EPOCH --clamp-mtime"
# shellcheck disable=SC2086 # a list of words
tar -C / --create $common --xattrs --xattrs-include='*' \
    --exclude=./dev --exclude=./proc --exclude=./run --exclude=./sys --exclude=./tmp .
# shellcheck disable=SC2086
tar -C "$inputs/points" --append $common ./dev ./proc ./run ./sys ./tmp
mke2fs -q -t ext4 -L machine -U $uuid -E hash_seed=$uuid,root_owner=0:0 -m 1 -d "$inputs/out/root.tar" \
    "$inputs/out/disk.raw" "${INFRALAB_DISK_MIB}M"
