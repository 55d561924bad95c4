#!/bin/sh
# Installs Inspector from this archive, without a network. Checks every file against SHA256SUMS first, and its signature where the keys that
# may sign are given. Who doubts the archive checks both by hand before running anything of it: docs/offline.md.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
signers='' system='' base=/opt/inspector

usage() {
    cat <<END
Usage: ./install.sh [--allowed-signers FILE] [--system-site-packages] [--releases FOLDER]

--allowed-signers FILE    refuse the archive unless it is signed by one of these keys (ssh-keygen(1), ALLOWED SIGNERS; principal inspector)
--system-site-packages    let Inspector see Python packages of the system: TensorRT of a Jetson
--releases FOLDER         where releases are kept, /opt/inspector by default. Elsewhere no units are installed, and no root is needed.
END
}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
        --allowed-signers) [ $# -gt 1 ] || fail "--allowed-signers needs a file"; signers=$(realpath "$2"); shift 2 ;;
        --releases) [ $# -gt 1 ] || fail "--releases needs a folder"; mkdir -p "$2"; base=$(realpath "$2"); shift 2 ;;
        --system-site-packages) system=$1; shift ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done

cd "$here"
[ "$base" != /opt/inspector ] || [ "$(id -u)" = 0 ] || fail "/opt/inspector is made by root: run it by sudo, or name a folder by --releases"
[ "$(uname -m)" = "$(cat MACHINE)" ] || fail "this archive is for $(cat MACHINE), and this machine is $(uname -m)"
if [ -n "$signers" ]; then
    [ -f SHA256SUMS.sig ] || fail "the archive is not signed"
    ssh-keygen -Y verify -f "$signers" -I inspector -n inspector -s SHA256SUMS.sig <SHA256SUMS >/dev/null 2>&1 ||
        fail "SHA256SUMS is not signed by a key of $signers"
fi
sha256sum --check --quiet --strict SHA256SUMS || fail "the archive was altered or is incomplete; nothing was installed"
# What lies in these folders is installed by its place, so nothing may lie there that has no sum.
stranger=$(find wheels units ! -type d | while IFS= read -r found; do
    { [ -f "$found" ] && [ ! -L "$found" ] && cut -c67- SHA256SUMS | grep -qxF -e "$found"; } || echo "$found"
done | head -n 1)
[ -z "$stranger" ] || fail "$stranger is not of this archive; nothing was installed"
INSPECTOR_RELEASES=$base sh ./inspector-release install ${system:+"$system"} wheels

if [ "$base" = /opt/inspector ]; then
    install -D -m 755 inspector-release /usr/local/sbin/inspector-release
    for unit in units/*.service units/*.target; do
        install -D -m 644 "$unit" "/etc/systemd/system/$(basename "$unit")"
    done
    install -D -m 644 units/inspector.sysusers.conf /etc/sysusers.d/inspector.conf
    install -D -m 644 units/inspector.tmpfiles.conf /etc/tmpfiles.d/inspector.conf
    install -D -m 644 units/inspector.sysctl.conf /etc/sysctl.d/60-inspector.conf
    install -D -m 644 units/inspector.udev.rules /etc/udev/rules.d/60-inspector.rules
    systemd-sysusers inspector.conf
    systemd-tmpfiles --create inspector.conf
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        /lib/systemd/systemd-sysctl 60-inspector.conf || echo "net.core.rmem_max is set at the next boot"
        udevadm control --reload || echo "the udev rule for USB cameras is used after the next boot"
        systemctl enable inspector.target
    else
        echo "no systemd runs here: the units are in /etc/systemd/system"
    fi
fi
echo "next: $base/current/bin/inspector doctor"
[ ! -s NOT-INCLUDED.md ] || echo "what this archive does not bring, and how to get it: $here/NOT-INCLUDED.md"
