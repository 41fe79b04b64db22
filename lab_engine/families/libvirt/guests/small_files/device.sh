#!/bin/sh
# Called for every device that appears in the guest, with the kernel's words for it in the environment.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
case $ACTION/$SUBSYSTEM in
add/virtio-ports)
    mkdir -p /dev/virtio-ports
    ln -sf "/dev/${DEVPATH##*/}" "/dev/virtio-ports/$(cat "/sys/class/virtio-ports/${DEVPATH##*/}/name")"
    ;;
add/net)
    case $INTERFACE in
    eth*)
        [ -e "/run/udhcpc.$INTERFACE.pid" ] && exit 0
        ip link set "$INTERFACE" up
        udhcpc -i "$INTERFACE" -p "/run/udhcpc.$INTERFACE.pid" -s /usr/libexec/lease -x "hostname:$(hostname)" \
            -t 10 -T 1 -A 5 -S < /dev/null > /dev/null 2>&1 &
        ;;
    esac
    ;;
remove/net)
    kill "$(cat "/run/udhcpc.$INTERFACE.pid")" && rm -f "/run/udhcpc.$INTERFACE.pid"
    ;;
add/cpu)
    echo 1 > "/sys$DEVPATH/online"
    ;;
add/input)
    # The power button is there now: let it be heard.
    [ -e /run/acpid.pid ] || acpid -p /run/acpid.pid -l /dev/null
    ;;
esac 2> /dev/null
exit 0
