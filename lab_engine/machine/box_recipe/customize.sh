#!/bin/sh
# Turns an installed set of packages into the Vagrant box's disk. Runs as root in its tree:
# customize.sh FOLDER with the machine's recipe, and this one in FOLDER/box; makes FOLDER/out/disk.raw.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
inputs=$1
kit=/opt/infralab
# shellcheck source=../recipe/shared.sh
. "$inputs/shared.sh"
mkdir -p "$inputs/out"

say "settings"
cp -a "$inputs/box/rootfs/." /
chown -R 0:0 /etc/fstab /etc/hostname /etc/hosts /etc/initramfs-tools /etc/ssh /etc/sudoers.d \
    /etc/systemd
chmod 440 /etc/sudoers.d/vagrant
# Packages come from Debian's default from now on, not from the mirror of who has built this.
rm -f /etc/apt/sources.list
cp /usr/share/doc/apt/examples/debian.sources /etc/apt/sources.list.d/
mask "$inputs/masked.txt"
# Of use only while nothing that is made has to last.
sed -i '/^force-unsafe-io$/d' /etc/dpkg/dpkg.cfg.d/*

say "the user vagrant"
useradd --uid 1000 --user-group --create-home --shell /bin/bash vagrant
# Vagrant's own, which everybody knows: at the first `up` it puts another in its place.
install -d -m 700 -o vagrant -g vagrant /home/vagrant/.ssh
install -m 600 -o vagrant -g vagrant "$inputs/box/vagrant.pub" /home/vagrant/.ssh/authorized_keys

say "the kit"
mkdir -p "$kit"
tar -C "$kit" --no-same-owner -xf "$inputs/kit.tar"
# The launcher itself, so that it finds everything as it leaves it.
(
    cd "$kit"
    export PIP_NO_INDEX=1 PIP_FIND_LINKS="$inputs/wheels" PIP_CONFIG_FILE=/dev/null HOME="$inputs/home"
    mkdir -p "$HOME"
    ./infralab --yes lessons > /dev/null || { tail -n 20 "$HOME"/.local/share/infralab/log/*; exit 1; } >&2
    # Emulated, a first start would spend minutes on it.
    .venv/bin/python -m compileall -q lab_engine labs
)
INFRALAB_FOLDER=$kit INFRALAB_LEARNER=vagrant INFRALAB_VM_BUILD=1 sh "$kit/vagrant/provision.sh" >&2
chown -R vagrant: "$kit"

say "initramfs"
update-initramfs -u -k all

say "cleaning"
systemctl -q enable systemd-networkd systemd-resolved ssh docker infralab-ssh-keys
systemctl -q disable ssh.socket grub-common 2> /dev/null || true
nobody_yet
# Empty: drawn at the first boot, and kept (machine-id(5)).
: > /etc/machine-id
ln -sf /run/systemd/resolve/resolv.conf /etc/resolv.conf
clean

say "disk"
# One partition behind the boot loader, which the boot sector takes from the sectors after it.
mkdir -p /boot/grub
sed "s/@UUID@/$UUID/" "$inputs/box/grub.cfg" > /boot/grub/grub.cfg
sed -i "s/@UUID@/$UUID/" /etc/fstab
grub-mkimage -O i386-pc -o "$inputs/core.img" -p '(hd0,msdos1)/boot/grub' \
    biosdisk part_msdos ext2 normal linux echo
root_tar "$inputs"
disk=$inputs/out/disk.raw
truncate -s "${INFRALAB_DISK_MIB}M" "$disk"
printf 'label: dos\nlabel-id: 0x1f7a1ab0\nstart=2048, type=83, bootable\n' | sfdisk -q "$disk"
# boot.img's 440 bytes before the partition table look for core.img in sector 1.
dd if=/usr/lib/grub/i386-pc/boot.img of="$disk" bs=440 count=1 conv=notrunc status=none
dd if="$inputs/core.img" of="$disk" bs=512 seek=1 conv=notrunc status=none
# Nothing is left to do at the first boot: it would fill the file with zeros.
file_system "$inputs/out/root.tar" "$disk" "$(((INFRALAB_DISK_MIB - 1) * 1024))k" \
    -L infralab -U "$UUID" -E "hash_seed=$UUID,root_owner=0:0,offset=1048576,lazy_itable_init=0,lazy_journal_init=0"
