#!/bin/sh
# Runs vizecg-edge on an emulated 64-bit ARM Debian: no board, no root, no chroot. See README.md.
set -eu

usage() {
    cat <<'TEXT'
emulate.sh [--root DIR] [--python PYTHON] [ARGUMENTS OF vizecg-edge ...]
  --root    where the ARM system is kept, about 700 MB (default: build/arm64 beside this script)
  --python  the Python whose pip fetches the ARM wheels (default: python3)
Without arguments: selftest --threads 1
TEXT
}

fail() { echo "emulate.sh: $1" >&2; exit "$2"; }

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
root=$here/build/arm64 python=python3
while [ $# -gt 0 ]; do
    case $1 in
        -h|--help) usage; exit 0 ;;
        --root) root=$2; shift 2 ;;
        --python) python=$2; shift 2 ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || set -- selftest --threads 1

# debootstrap lies in a folder that only root has on its path.
PATH=$PATH:/usr/sbin
for tool in qemu-aarch64-static debootstrap dpkg-deb; do
    command -v "$tool" > /dev/null || fail "$tool is missing: apt-get install qemu-user-static debootstrap dpkg" 3
done

if [ ! -x "$root/usr/bin/python3.11" ]; then
    mkdir -p "$root"
    debootstrap --foreign --arch=arm64 --variant=minbase --include=python3.11,libgl1,libglib2.0-0 bookworm "$root" \
        > "$root.log" 2>&1 || fail "debootstrap failed; $root.log says why" 6
    # The second stage would need a chroot; unpacked packages are enough to run from.
    for package in "$root"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
fi

# ONNX Runtime looks here for what the processor can do, and ends where it finds that of an x86.
mkdir -p "$root/proc"
cat > "$root/proc/cpuinfo" <<'TEXT'
processor	: 0
BogoMIPS	: 243.75
Features	: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x3
CPU part	: 0xd0c
CPU revision	: 1

TEXT

site=$root/site
if [ ! -d "$site/onnxruntime" ]; then
    "$python" -m pip download --quiet --only-binary=:all: --python-version 3.11 --dest "$root/wheels" \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux_2_26_aarch64 \
        --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 --constraint "$project/constraints.txt" \
        numpy opencv-python pillow onnxruntime typer rich
    for wheel in "$root"/wheels/*.whl; do "$python" -m zipfile -e "$wheel" "$site"; done
fi

# Not `-cpu max`: its int8 arithmetic is wrong.
exec qemu-aarch64-static -cpu neoverse-n1 -L "$root" -E "PYTHONPATH=$site:$project:$project/edge_runtime" \
    -E OPENBLAS_NUM_THREADS=1 "$root/usr/bin/python3.11" -m vizecg_edge.cli "$@"
