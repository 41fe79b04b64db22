#!/bin/sh
# Turns an installed set of packages into the root file system of the bench. Runs as root inside it,
# the same for every way of building. $1 is the folder with the Python packages and their lock.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
inputs=$1
say() { echo "infralab: $*" >&2; }

say "guest kernel"
guest=/usr/lib/infralab/guest
mkdir -p $guest/kernel
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
(cd "$inputs" && apt-get -qq -o APT::Sandbox::User=root download "$kernel")
dpkg-deb -x "$inputs/$kernel"_*.deb $guest/kernel
rm -rf $guest/kernel/usr/share $guest/kernel/boot/System.map-*
release=$(basename $guest/kernel/boot/vmlinuz-* | sed 's/^vmlinuz-//')
mv $guest/kernel/boot/vmlinuz-"$release" $guest/vmlinuz
mv $guest/kernel/boot/config-"$release" $guest/config
mkdir -p $guest/lib
if [ -d $guest/kernel/usr/lib/modules ]; then mv $guest/kernel/usr/lib/modules $guest/lib/modules
else mv $guest/kernel/lib/modules $guest/lib/modules; fi
rm -rf $guest/kernel
echo "$release" > $guest/release
depmod -b $guest "$release"
python3 "$inputs/vmlinux.py" $guest/vmlinuz $guest/vmlinux

say "small images"
PYTHONPATH=$inputs PYTHONDONTWRITEBYTECODE=1 python3 "$inputs/images.py" /usr/lib/infralab/images

say "Python packages of the agent"
# libvirt-python exists as source only; the compiler leaves again below.
apt-mark showmanual > "$inputs/manual"
apt-get -qq -y --no-install-recommends install gcc libc6-dev libvirt-dev pkgconf python3-dev \
    python3-setuptools python3-venv >&2
python3 -m venv /opt/infralab/venv
pip="/opt/infralab/venv/bin/python -m pip --isolated -q --disable-pip-version-check install --no-deps --no-index
    --require-hashes --find-links $inputs/wheels"
$pip -r "$inputs/wheels.lock"
PYTHONPATH=/usr/lib/python3/dist-packages $pip --no-build-isolation --no-cache-dir -r "$inputs/sdists.lock"
/opt/infralab/venv/bin/python -m pip -q --disable-pip-version-check uninstall -y pip
/opt/infralab/venv/bin/python -m compileall -q /opt/infralab/venv/lib || true
apt-mark -qq auto $(apt-mark showmanual) > /dev/null
xargs apt-mark -qq manual < "$inputs/manual" > /dev/null
apt-get -qq -y --purge -o APT::AutoRemove::RecommendsImportant=false \
    -o APT::AutoRemove::SuggestsImportant=false autoremove >&2
/opt/infralab/venv/bin/python -c 'import docker, libvirt, msgspec, pyroute2'
chmod 700 /opt/infralab

say "accounts"
for group in docker libvirt kvm; do getent group $group > /dev/null || groupadd --system $group; done
useradd --uid 1000 --user-group --create-home --shell /bin/bash --groups sudo,docker,libvirt,kvm learner
install -d -o learner -g learner /home/learner/work

say "cleaning"
# The proxy and the certificates of the machine that built this are its own business.
rm -f /etc/apt/apt.conf.d/99mmdebstrap /etc/apt/apt.conf.d/99infralab-build
rm -rf /etc/libvirt/qemu/networks/autostart/* /etc/cron* /etc/init.d /etc/rc?.d /var/log/* /usr/share/bug
# What nothing in the bench starts or reads.
rm -rf /usr/bin/qemu-system-i386 /usr/bin/qemu-system-x86_64-microvm /usr/lib/udev/hwdb.bin \
    /usr/lib/udev/hwdb.d /usr/share/python-wheels
rm -f /usr/bin/containerd-stress /usr/bin/containerd-shim /usr/bin/containerd-shim-runc-v1
rm -rf /var/lib/docker /var/lib/containerd /etc/resolv.conf.dpkg* /etc/machine-id /var/lib/dbus/machine-id
# One id for all benches; libvirt wants a host UUID, which it reads here when DMI has none.
echo 1f7a1ab0000000000000000000000001 > /etc/machine-id
mkdir -p /var/log/infralab /var/lib/infralab /var/cache/infralab /var/lib/docker /var/log/libvirt/qemu
