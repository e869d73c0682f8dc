#!/bin/sh
# Runs vizecg-edge on an emulated 64-bit ARM Debian: no board, no root, no chroot. See docs/arm.md.
set -eu

usage() {
    cat <<'TEXT'
emulate.sh [--root DIR] [--python PYTHON] [ARGUMENTS OF vizecg-edge ...]
emulate.sh [--root DIR] [--python PYTHON] --tests [ARGUMENTS OF pytest ...]
  --root    where the ARM system is kept, about 700 MB (default: build/arm64 beside this script)
  --python  the Python whose pip fetches the ARM wheels (default: python3)
  --tests   run the tests of the edge that need nothing else; what follows goes to pytest, for example -k rectify
Without arguments: selftest --threads 1
TEXT
}

fail() { echo "emulate.sh: $1" >&2; exit "$2"; }

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
root=$here/build/arm64 python=python3 tests=no
while [ $# -gt 0 ]; do
    case $1 in
        -h|--help) usage; exit 0 ;;
        --root|--python)
            [ $# -ge 2 ] || fail "$1 takes a value" 2
            case $1 in --root) root=$2 ;; --python) python=$2 ;; esac
            shift 2 ;;
        --tests) tests=yes; shift; break ;;
        *) break ;;
    esac
done
if [ $tests = no ] && [ $# -eq 0 ]; then set -- selftest --threads 1; fi

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

# fetch FOLDER MARK PACKAGES: the ARM wheels of packages, unpacked in FOLDER, unless MARK is there.
fetch() {
    folder=$1 mark=$2
    shift 2
    [ ! -e "$folder/$mark" ] || return 0
    "$python" -m pip download --quiet --only-binary=:all: --python-version 3.11 --dest "$folder.wheels" \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux_2_26_aarch64 \
        --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 --constraint "$project/constraints.txt" \
        "$@" || fail "the ARM wheels of $* cannot be fetched" 6
    for wheel in "$folder.wheels"/*.whl; do "$python" -m zipfile -e "$wheel" "$folder"; done
}

site=$root/site
fetch "$site" threadpoolctl.py numpy opencv-python pillow onnxruntime threadpoolctl typer rich
path=$site:$project:$project/edge_runtime

if [ $tests = yes ]; then
    # onnx makes the small networks that some of these tests run.
    fetch "$root/site-tests" pytest pytest hypothesis onnx
    path=$path:$root/site-tests:$project/benchmarks:$project/tests
    # Those that need no more than the edge, vizecg.spec, and the drawing of synthetic ECGs, which is NumPy and OpenCV.
    # Without binfmt the emulated Python can start no other: the tests that do are left out.
    cd "$project"
    [ $# -gt 0 ] || set -- -q
    set -- -m pytest -p no:cacheprovider --deselect tests/unit/test_spec.py::test_importing_vizecg_imports_nothing_heavy \
        --deselect tests/integration/test_fuzz.py::test_a_worker_that_dies_hangs_or_takes_too_much_is_a_finding \
        tests/unit/test_spec.py tests/unit/test_capture_stills.py tests/unit/test_capture_streams.py \
        tests/unit/test_rectify.py tests/unit/test_rectify_parts.py tests/unit/test_rectify_poses.py tests/unit/test_backends.py \
        tests/unit/test_engine.py tests/integration/test_fuzz.py tests/integration/test_fuzz_bombs.py "$@"
else
    set -- -m vizecg_edge.cli "$@"
fi

# Not `-cpu max`: its int8 arithmetic is wrong.
exec qemu-aarch64-static -cpu neoverse-n1 -L "$root" -E "PYTHONPATH=$path" -E OPENBLAS_NUM_THREADS=1 \
    -E PYTHONDONTWRITEBYTECODE=1 "$root/usr/bin/python3.11" "$@"
