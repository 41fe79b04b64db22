# Run inside a guest: print all that a learner may have changed there, and nothing that changes by itself.
cd /
hostname
cat /proc/mounts
grep -c ^processor /proc/cpuinfo
ip -o -4 addr | awk '{print $2, $4}'
# Port 22 (0016) comes back by itself after the restore. A server at all addresses is in tcp6 alone.
cat /proc/net/tcp /proc/net/tcp6 2> /dev/null | awk '$4 == "0A" && $2 !~ /:0016$/ {print $2}' | sort
for disk in /sys/block/vd*; do
    [ -e "$disk" ] || continue
    echo "$disk $(cat "$disk/size")"
    grep -q "^/dev/${disk##*/}" /proc/mounts || head -c 65536 "/dev/${disk##*/}" | cksum
done
for top in /*; do
    case $top in
    /bin | /sbin | /usr | /lib* | /dev | /proc | /sys | /run | /var | /init | /boot) continue ;;
    esac
    find "$top" ! -name 'dropbear_*' ! -name resolv.conf ! -name lost+found -exec stat -c '%n %f %u %g' {} +
    find "$top" -type f ! -name 'dropbear_*' ! -name resolv.conf -size -256k -exec cksum {} +
    find "$top" -type f -size +255k -exec stat -c '%n %s %Y' {} +
done 2> /dev/null | sort
