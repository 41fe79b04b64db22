#!/bin/sh
# Finds the full guest's disk and hands over to the system on it. The driver of the disk is a module.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
modprobe virtio_blk
tries=0
until [ -b /dev/vda ] || [ $tries -ge 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
mkdir -p /system
mount -t ext4 -o noatime /dev/vda /system || exec sh
for folder in proc sys dev; do mount --move /$folder /system/$folder; done
exec switch_root /system /sbin/init
