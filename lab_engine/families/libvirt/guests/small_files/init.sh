#!/bin/sh
# The first program of the small guest. It prepares what every later one needs, then becomes busybox init.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
echo 1 > /proc/sys/kernel/printk
for word in $(cat /proc/cmdline); do
    case $word in infralab.host=*) echo "${word#*=}" > /etc/hostname ;; esac
done
hostname -F /etc/hostname
echo "127.0.0.1 localhost $(hostname)" > /etc/hosts
# Devices that are there already are announced like those that come later.
uevent /usr/libexec/device > /dev/null 2>&1 &
modprobe -a virtio_net virtio_blk virtio_balloon virtio-rng button evdev 2> /dev/null
ip link set lo up
for device in /sys/class/virtio-ports/* /sys/class/net/eth*; do
    [ -e "$device" ] || continue
    ACTION=add SUBSYSTEM=$(basename "$(readlink -f "$device/subsystem")") \
        DEVPATH=${device#/sys} INTERFACE=${device##*/} /usr/libexec/device
done
[ -s /etc/machine-id ] || tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id
exec /sbin/init
