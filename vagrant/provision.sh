#!/bin/sh
# Makes the kit ready on Debian 12 or 13, by root; what is there already is left as it is.
#
#   INFRALAB_FOLDER    where the kit lies            /opt/infralab
#   INFRALAB_LEARNER   who takes the course          vagrant, else the one who called sudo
#   INFRALAB_VM_PACKS  packs to prepare, by name     none
#   INFRALAB_MIRROR    Debian mirror for the bench's image    the system's own
#   INFRALAB_VM_BUILD  1: an image of a machine is made; nothing is started
set -eu

folder=${INFRALAB_FOLDER:-/opt/infralab}
learner=${INFRALAB_LEARNER:-}
modules='overlay br_netfilter vxlan macvlan ipvlan tun loop fuse
  dm_mod dm_snapshot dm_thin_pool dm_crypt raid1 ip_vs ip_vs_rr 8021q nfs nfsd wireguard'

say() { echo "infralab: $*"; }
fail() { echo "infralab: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "provision.sh has to be run by root: sudo $0"
if [ -z "$learner" ]; then
  if id vagrant > /dev/null 2>&1; then learner=vagrant; else learner=${SUDO_USER:-}; fi
fi
[ -n "$learner" ] && id "$learner" > /dev/null 2>&1 ||
  fail "there is no user '${learner}' here: set INFRALAB_LEARNER to the one who takes the course."
[ -x "$folder/infralab" ] ||
  fail "the kit is not in $folder: put it there, or set INFRALAB_FOLDER."
# shellcheck disable=SC1091
release=$(. /etc/os-release && echo "${ID}${VERSION_ID:-}")
case $release in
  debian12 | debian13) ;;
  *) fail "this is $release; provision.sh knows Debian 12 and 13. ./infralab setup knows more systems." ;;
esac

# ---- packages

wanted='ca-certificates debian-archive-keyring docker.io kmod mmdebstrap python3-venv rsync sudo tmux uidmap'
if [ "$release" = debian13 ]; then wanted="$wanted docker-cli"; fi
if [ "$(cat /sys/module/apparmor/parameters/enabled 2> /dev/null)" = Y ]; then
  wanted="$wanted apparmor"
fi
lacking=
for package in $wanted; do
  # shellcheck disable=SC2016 # dpkg's own word
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] ||
    lacking="$lacking $package"
done
if [ -n "$lacking" ]; then
  say "installing$lacking"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  # shellcheck disable=SC2086 # a list of words
  apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
    install --no-install-recommends $lacking
fi

# ---- the kernel's modules: some lessons need them, and nobody may load them from a bench

kernel=$(uname -r)
# The kernel of whoever makes an image is not the image's.
[ -z "${INFRALAB_VM_BUILD:-}" ] || kernel=$(cd /lib/modules && echo *)
there=
without=
for module in $modules; do
  if modinfo -k "$kernel" "$module" > /dev/null 2>&1; then there="$there $module"; else without="$without $module"; fi
done
keep() { # file, text: written only when it differs
  [ "$(cat "$1" 2> /dev/null)" = "$2" ] || { mkdir -p "${1%/*}" && printf '%s\n' "$2" > "$1"; }
}
keep /etc/modules-load.d/infralab.conf "$(printf '%s\n' $there)"
[ -n "${INFRALAB_VM_BUILD:-}" ] || for module in $there; do
  modprobe "$module" 2> /dev/null || say "this kernel refuses the module $module"
done
[ -z "$without" ] || say "the kernel $kernel has no modules$without; lessons that need one say so"

# A cluster of several machines watches more files than Debian lets one user watch.
keep /etc/sysctl.d/60-infralab.conf 'fs.inotify.max_user_instances = 1024'
# Where systemd does not run, this is a container, and its kernel somebody else's.
if [ -z "${INFRALAB_VM_BUILD:-}" ] && [ -d /run/systemd/system ]; then
  sysctl -q -p /etc/sysctl.d/60-infralab.conf || say "this kernel refuses fs.inotify.max_user_instances"
fi

# ---- the learner, Docker and the bench's image

if ! id -nG "$learner" | tr ' ' '\n' | grep -qx docker; then
  say "$learner may use Docker"
  usermod -aG docker "$learner"
fi
# What systemd calls qemu is a machine without KVM: everything may take ten times as long there.
patience=${INFRALAB_PATIENCE:-}
if [ -z "$patience" ] && [ "$(systemd-detect-virt 2> /dev/null)" = qemu ]; then patience=10; fi
as_learner() { # in a session that has the group already
  runuser -u "$learner" -- env HOME="$(getent passwd "$learner" | cut -d: -f6)" \
    USER="$learner" LOGNAME="$learner" INFRALAB_DOCKER=group \
    ${patience:+INFRALAB_PATIENCE="$patience"} \
    ${INFRALAB_MIRROR:+INFRALAB_MIRROR="$INFRALAB_MIRROR"} "$@"
}
if [ -z "${INFRALAB_VM_BUILD:-}" ]; then
  # A box of ours brings it as a file. Once it is in the engine, the file would only take room.
  if [ -f /usr/share/infralab/bench.tar ]; then
    say "taking in the bench's image"
    (cd "$folder" && as_learner ./infralab --yes image load /usr/share/infralab/bench.tar)
    rm -f /usr/share/infralab/bench.tar
  fi
  (cd "$folder" && as_learner ./infralab --yes setup)
fi
if [ -n "${INFRALAB_VM_PACKS:-}" ]; then
  # shellcheck disable=SC2086 # a list of words
  (cd "$folder" && as_learner ./infralab --yes setup --packs $INFRALAB_VM_PACKS)
fi

# ---- who comes in by ssh is in the course

keep /etc/profile.d/infralab.sh "# Made by infralab's provision.sh: an ssh session with a terminal begins in the course.
# INFRALAB_NO_COURSE=1 in ~/.bash_profile, or \`vagrant ssh -c bash\`, begins in a shell.
PATH=\$PATH:$folder
case \$(systemd-detect-virt 2> /dev/null) in
  qemu) export INFRALAB_PATIENCE=\${INFRALAB_PATIENCE:-10} ;; # emulated: limits of time are longer
esac
case \$- in
  *i*)
    if [ \"\${USER:-}\" = $learner ] && [ -n \"\${SSH_TTY:-}\" ] && [ -z \"\${INFRALAB_NO_COURSE:-}\" ]; then
      export INFRALAB_NO_COURSE=1
      cd $folder && $folder/infralab
      cd
      echo 'This is the machine. infralab opens the course again.'
    fi
    ;;
esac"
say "ready. $folder/infralab opens the course."
