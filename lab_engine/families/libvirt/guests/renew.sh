# Run inside a full guest after it was restored from a saved state: make it a machine of its own.
# $1 is its name, $2 its machine id; standard input is a random seed.
# The hardware clock went on while the guest was saved, and is right however slow this script runs.
hwclock -s -u
cat > /dev/urandom
echo "$1" > /etc/hostname
echo "$1" > /proc/sys/kernel/hostname
echo "127.0.0.1 localhost $1" > /etc/hosts
echo "$2" > /etc/machine-id
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
systemctl --no-block try-restart ssh
exit 0
