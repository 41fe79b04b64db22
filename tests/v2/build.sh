#!/bin/sh
# Makes the guest's disk. Runs as root in a bench that may reach the Internet: build.sh FOLDER PACKAGE…
# FOLDER holds image.tar (what `infralab image save` wrote) and packages.tar (Python packages).
set -eu
work=$1
shift
root=$work/root
say() { echo "v2: $*"; }

PYTHONPATH=/opt/infralab/lib PYTHONUNBUFFERED=1 /opt/infralab/venv/bin/python - "$root" "$@" << 'EOF'
import sys
from pathlib import Path

from lab_engine.families.libvirt.guests import full

full.tree(Path(sys.argv[1]), sys.argv[2:])
EOF

say "Python packages"
mkdir -p "$root/opt/packages"
tar -C "$root/opt/packages" -xf "$work/packages.tar"
# Compiled here: emulated, the first start of pytest took four minutes.
chroot "$root" python3 -m compileall -q /opt/packages > /dev/null || true

say "the bench image"
# Loaded here by the same Docker that the guest has: emulated, it would take many minutes.
mkdir -p "$root/var/lib/docker"
mount --bind "$root/var/lib/docker" /var/lib/docker
/usr/lib/infralab/bin/start-docker 120
docker load -q -i "$work/image.tar"
/usr/lib/infralab/bin/stop-all
umount /var/lib/docker
rm -rf "$root/var/lib/docker/containerd" "$work/image.tar" "$work/packages.tar"

say "settings"
units=$root/etc/systemd/system
mkdir -p "$root/etc/systemd/system.conf.d"
# Emulated, everything takes ten times as long.
printf '[Manager]\nDefaultTimeoutStartSec=900s\nDefaultDeviceTimeoutSec=900s\n' > "$root/etc/systemd/system.conf.d/slow.conf"
cat > "$units/v2.service" << 'EOF'
[Unit]
Description=What the kit wants to know of a machine with cgroup v2
Requires=docker.service
After=docker.service

[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/opt/v2
EOF
mkdir -p "$units/multi-user.target.wants"
ln -s ../v2.service "$units/multi-user.target.wants/v2.service"
# The console is ours, and there is no network. AppArmor is on: Docker loads its own profile, the
# others would take minutes to compile when emulated.
for unit in serial-getty@ttyS0 ssh systemd-networkd systemd-resolved qemu-guest-agent apparmor; do
    ln -sf /dev/null "$units/$unit.service"
done
cat > "$root/opt/v2" << 'EOF'
#!/bin/sh
# The kit is a tar on the second disk; the results go as a tar to the third.
exec > /dev/ttyS0 2>&1 < /dev/null
export HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p /opt/kit /opt/results
tar -C /opt/kit -xf /dev/vdb
cd /opt/kit
PYTHONPATH=/opt/kit:/opt/packages PYTHONUNBUFFERED=1 python3 tests/v2/inside.py /opt/results
tar -C /opt/results -cf /dev/vdc .
sync
systemctl poweroff --force
EOF
chmod 755 "$root/opt/v2"

say "disk"
mke2fs -q -t ext4 -L root -d "$root" "$work/root.raw" 8192M
qemu-img convert -q -W -f raw -O qcow2 "$work/root.raw" "$work/root.qcow2"
rm -rf "$root" "$work/root.raw"
say "$(du -m "$work/root.qcow2" | cut -f 1) MiB"
