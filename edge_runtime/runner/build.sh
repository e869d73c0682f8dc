#!/bin/sh
# Builds vizecg-runner against an installed or unpacked ExecuTorch wheel. See docs/runner.md.
set -eu

usage() {
    cat <<'TEXT'
build.sh [--target x86-64|aarch64] [--wheel DIR] [--python PYTHON] [--out DIR]
  --target  the processor (default: this machine's); another one needs --wheel and a cross-compiler
  --wheel   folder of an unpacked executorch wheel (it holds `executorch/`); default: the one PYTHON imports
  --python  default: python3
  --out     where the build and the binary go (default: build/TARGET beside this script)
TEXT
}

fail() { echo "build.sh: $1" >&2; exit "$2"; }

here=$(cd "$(dirname "$0")" && pwd)
machine=$(uname -m | sed 's/x86_64/x86-64/; s/arm64/aarch64/')
target=$machine wheel='' python=python3 out=''
while [ $# -gt 0 ]; do
    case $1 in
        -h|--help) usage; exit 0 ;;
        --target|--wheel|--python|--out)
            [ $# -ge 2 ] || fail "$1 takes a value" 2
            case $1 in
                --target) target=$2 ;; --wheel) wheel=$2 ;; --python) python=$2 ;; --out) out=$2 ;;
            esac
            shift 2 ;;
        *) fail "unknown option '$1'; --help lists them" 2 ;;
    esac
done
case $target in
    x86-64) processor=x86_64 ;;
    aarch64) processor=aarch64 ;;
    *) fail "target '$target' is not one of x86-64, aarch64" 2 ;;
esac
out=${out:-$here/build/$target}
mkdir -p "$out"

if [ -n "$wheel" ]; then
    package=$wheel/executorch
else
    [ "$target" = "$machine" ] || fail "--target $target on $machine needs --wheel with that processor's wheel" 2
    # find_spec, as importing executorch would import torch.
    package=$("$python" -c 'import importlib.util as u; print(list(u.find_spec("executorch").submodule_search_locations)[0])' \
        2>/dev/null) || fail "executorch is not installed for $python: pip install 'executorch==1.5.*' 'torch==2.13.*'" 3
fi
[ -f "$package/lib/libexecutorch.so" ] || fail "no ExecuTorch libraries in $package" 3
package=$(cd "$package" && pwd)

# ExecuTorch's CMake files want 3.28; Debian 12 has 3.25, and pip's is newer.
cmake=''
for candidate in "$(command -v cmake || true)" "$(dirname "$(command -v "$python" || echo .)")/cmake"; do
    [ -x "$candidate" ] || continue
    version=$("$candidate" --version | sed -n 's/^cmake version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    if [ "${version% *}" -gt 3 ] || { [ "${version% *}" -eq 3 ] && [ "${version#* }" -ge 28 ]; }; then
        cmake=$candidate
        break
    fi
done
[ -n "$cmake" ] || fail "CMake 3.28 or newer is missing: pip install 'cmake>=3.28'" 3

if [ "$target" = "$machine" ]; then
    compiler=${CXX:-g++}
    set --
else
    compiler=${CXX:-$processor-linux-gnu-g++}
    set -- -DCMAKE_SYSTEM_NAME=Linux "-DCMAKE_SYSTEM_PROCESSOR=$processor"
fi
command -v "$compiler" > /dev/null || fail "$compiler is missing: apt-get install g++ (or g++-$processor-linux-gnu)" 3

{
    "$cmake" -S "$here" -B "$out" -G "Unix Makefiles" "-DCMAKE_CXX_COMPILER=$compiler" "-DEXECUTORCH_DIR=$package" "$@" &&
        "$cmake" --build "$out"
} > "$out.log" 2>&1 || { tail -20 "$out.log" >&2; fail "the build failed; $out.log has all of it" 6; }
rm -f "$out.log"
echo "$out/vizecg-runner"
