#!/bin/sh
# Installs vizecg-edge on a Jetson, beside the system's own TensorRT. See docs/jetson.md.
set -eu

usage() {
    cat <<'TEXT'
setup.sh [--venv DIR] [--wheel FILE_OR_NAME] [--bundle DIR] [--csi] [--dry-run]
  --venv     the virtual environment (default: ~/.vizecg)
  --wheel    what pip installs: a wheel, or a checkout of vizecg (default: the one that this script lies in)
  --bundle   a bundle with an artefact for TensorRT: its engine is built here and must pass its golden data
  --csi      use the system's OpenCV, which has GStreamer, for CSI cameras
  --dry-run  check this device and print what would be done
Exit codes: 0 done, 2 usage, 3 no Jetson or something is missing, 6 too old a system or a step failed;
else what vizecg-edge says.
TEXT
}

checkout=$(cd "$(dirname "$0")/../.." && pwd)
fail() { echo "setup.sh: $1" >&2; exit "$2"; }

venv=${HOME:-/root}/.vizecg wheel=$checkout bundle='' csi=no dry=no root=''
while [ $# -gt 0 ]; do
    case $1 in
        -h|--help) usage; exit 0 ;;
        --csi) csi=yes; shift ;;
        --dry-run) dry=yes; shift ;;
        # Where /etc/nv_tegra_release is looked for; for tests.
        --venv|--wheel|--bundle|--root)
            [ $# -ge 2 ] || fail "$1 takes a value" 2
            case $1 in
                --venv) venv=$2 ;; --wheel) wheel=$2 ;; --bundle) bundle=$2 ;; --root) root=$2 ;;
            esac
            shift 2 ;;
        *) fail "unknown option '$1'; --help lists them" 2 ;;
    esac
done
if [ -n "$bundle" ] && [ ! -f "$bundle/manifest.json" ]; then
    fail "--bundle $bundle: there is no manifest.json in it" 2
fi
case $wheel in
    *.whl) [ -f "$wheel" ] || fail "--wheel $wheel: there is no such file" 2 ;;
esac

# What this is. Containers and some images have the packages but not the file.
release=''
if [ -f "$root/etc/nv_tegra_release" ]; then
    release=$(sed -n 's/^# R\([0-9]*\).*/\1/p' "$root/etc/nv_tegra_release" | head -n 1)
elif jetpack=$(dpkg-query -W -f='${Version}' nvidia-jetpack 2> /dev/null) && [ -n "$jetpack" ]; then
    case ${jetpack%%.*} in
        6) release=36 ;;
        7) release=38 ;;
        *) release=${jetpack%%.*} ;;
    esac
fi
[ -n "$release" ] || fail "this is no Jetson: neither /etc/nv_tegra_release nor the package nvidia-jetpack is here; \
elsewhere, pip install '$checkout' is enough" 3
[ "$release" -ge 36 ] || fail "JetPack 6 (L4T R36) or newer is needed, this is R$release: its Python is too old" 6
machine=$(uname -m)
[ "$machine" = aarch64 ] || fail "the processor is $machine, not the aarch64 of a Jetson" 3

command -v python3 > /dev/null || fail "python3 is missing: sudo apt-get install python3" 3
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is older than 3.10" 6
python3 -c 'import ensurepip' 2> /dev/null || fail "python3 makes no environments: sudo apt-get install python3-venv" 3
tensorrt=$(python3 -c 'import tensorrt; print(tensorrt.__version__)' 2> /dev/null) || \
    fail "TensorRT's Python module is missing: sudo apt-get install python3-libnvinfer" 3
if [ $csi = yes ]; then
    python3 -c 'import cv2, re, sys; sys.exit(not re.search(r"GStreamer:\s+YES", cv2.getBuildInformation()))' \
        2> /dev/null || fail "the system's OpenCV has no GStreamer: sudo apt-get install python3-opencv" 3
fi
echo "Jetson, L4T R$release, TensorRT $tensorrt, $(python3 --version)"

run() {
    echo "+ $*"
    [ $dry = yes ] || "$@"
}
step() { run "$@" || fail "this failed: $*" 6; }

# The environment sees the system's packages: NVIDIA's TensorRT for Jetsons is not on PyPI.
step python3 -m venv --system-site-packages "$venv"
step "$venv/bin/python" -m pip install --upgrade "$wheel"
if [ $csi = yes ]; then
    # The wheel of OpenCV hides the system's; that one was built for NumPy 1.
    step "$venv/bin/python" -m pip uninstall --yes opencv-python
    step "$venv/bin/python" -m pip install 'numpy<2'
fi
run "$venv/bin/vizecg-edge" doctor
run "$venv/bin/vizecg-edge" selftest
if [ -n "$bundle" ]; then
    run "$venv/bin/vizecg-edge" build "$bundle"
    run "$venv/bin/vizecg-edge" selftest --bundle "$bundle" --backend tensorrt
fi
if [ $dry = yes ]; then
    echo "nothing was done: --dry-run"
else
    echo "ready: $venv/bin/vizecg-edge run photo.jpg"
fi
