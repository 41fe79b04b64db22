# Run inside a guest after it was restored from a saved state: make it a machine of its own.
# $1 is its name, $2 its machine id; standard input is a random seed.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
cat > /dev/urandom
echo "$1" > /etc/hostname
hostname "$1"
echo "127.0.0.1 localhost $1" > /etc/hosts
echo "$2" > /etc/machine-id
rm -f /var/lib/dbus/machine-id
if [ -d /run/systemd/system ]; then
    rm -f /etc/ssh/ssh_host_*
    ssh-keygen -q -A
    systemctl --no-block try-restart ssh
else
    rm -f /etc/dropbear/dropbear_*_host_key
    killall dropbear 2> /dev/null
    # Nobody has logged in yet; a new prompt shows the new name.
    killall getty 2> /dev/null
fi
exit 0
