# What the machine and the Vagrant box have in common, for their customize.sh.
# The same packages give the same bytes: nothing of the day, of this host or of chance goes in.
UUID=1f7a1ab0-0000-4000-8000-000000000001

say() { echo "infralab: $*" >&2; }

mask() { # file with the names of units
    while read -r unit; do
        ln -sf /dev/null "/etc/systemd/system/$unit"
    done < "$1"
}

nobody_yet() { # what would make two machines of one disk the same
    rm -f /etc/machine-id /var/lib/dbus/machine-id /etc/ssh/ssh_host_* /etc/resolv.conf
}

clean() {
    apt-get clean
    rm -rf /etc/apt/apt.conf.d/99* /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig /var/log/* \
        /var/lib/docker /var/lib/containerd /usr/lib/udev/hwdb.bin /usr/lib/udev/hwdb.d /var/lib/dpkg/*-old \
        /var/cache/debconf/*-old /etc/*- /usr/bin/containerd-stress
    mkdir -p /var/lib/docker
}

root_tar() { # folder of inputs: makes out/root.tar in it, of the tree without what is mounted there
    # What is mounted there during a build has other owners where it is made without root.
    mkdir -p -m 755 "$1/points/dev" "$1/points/run"
    mkdir -p -m 555 "$1/points/proc" "$1/points/sys"
    mkdir -p -m 1777 "$1/points/tmp"
    common="--file $1/out/root.tar --sort=name --numeric-owner --mtime=@$SOURCE_DATE_EPOCH --clamp-mtime"
    # shellcheck disable=SC2086 # a list of words
    tar -C / --create $common --xattrs --xattrs-include='*' \
        --exclude=./dev --exclude=./proc --exclude=./run --exclude=./sys --exclude=./tmp .
    # shellcheck disable=SC2086
    tar -C "$1/points" --append $common ./dev ./proc ./run ./sys ./tmp
}

file_system() { # tar, file, size, then more of mke2fs's options
    # By the tree's own e2fsprogs, so that it does not matter which one the host has; from a tar, which
    # has no times but those that are written into it (mke2fs(8), -d).
    tar=$1 file=$2 size=$3
    shift 3
    mke2fs -q -t ext4 -m 1 "$@" -d "$tar" "$file" "$size"
}
