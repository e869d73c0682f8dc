#!/bin/sh
# Builds vizecg-runner for Android phones, ExecuTorch inside, with the NDK. See docs/android.md.
set -eu

version=1.5.1
repository=https://github.com/pytorch/executorch.git

usage() {
    cat <<'TEXT'
build.sh [--ndk DIR] [--source DIR] [--abi ABI] [--platform N] [--python PYTHON] [--out DIR] [--jobs N] [--dry-run]
  --ndk       Android's NDK, r27 or newer (default: $ANDROID_NDK)
  --source    a checkout of ExecuTorch v1.5.1 with its submodules (default: cloned from GitHub into --out)
  --abi       arm64-v8a (default), or x86_64 for an emulator
  --platform  oldest Android API level it runs on (default: 26, Android 8)
  --python    with PyTorch and PyYAML, which generate ExecuTorch's code (default: python3)
  --out       where everything goes (default: build/ABI beside this script)
  --jobs      compilers at once (default: one per core)
  --dry-run   check the tools and print every command
Exit codes: 0 done, 2 usage, 3 a tool is missing, 6 a step failed. stdout is the path of the runner, the last line.
TEXT
}

fail() { echo "build.sh: $1" >&2; exit "$2"; }

here=$(cd "$(dirname "$0")" && pwd)
ndk=${ANDROID_NDK:-} source='' abi=arm64-v8a platform=26 python=python3 out='' jobs='' dry=no
while [ $# -gt 0 ]; do
    case $1 in
        -h|--help) usage; exit 0 ;;
        --dry-run) dry=yes; shift ;;
        --ndk|--source|--abi|--platform|--python|--out|--jobs)
            [ $# -ge 2 ] || fail "$1 takes a value" 2
            case $1 in
                --ndk) ndk=$2 ;; --source) source=$2 ;; --abi) abi=$2 ;; --platform) platform=$2 ;;
                --python) python=$2 ;; --out) out=$2 ;; --jobs) jobs=$2 ;;
            esac
            shift 2 ;;
        *) fail "unknown option '$1'; --help lists them" 2 ;;
    esac
done
case $abi in
    arm64-v8a|x86_64) ;;
    *) fail "ABI '$abi' is not one of arm64-v8a, x86_64" 2 ;;
esac
case $platform in ''|*[!0-9]*) fail "--platform takes a number, not '$platform'" 2 ;; esac
[ "$platform" -ge 24 ] || fail "--platform $platform: Android 7 (24) or newer is needed" 2
case $jobs in *[!0-9]*) fail "--jobs takes a number, not '$jobs'" 2 ;; esac
jobs=${jobs:-$(getconf _NPROCESSORS_ONLN)}

# The tools, before anything is fetched.
[ -n "$ndk" ] || fail "Android's NDK is missing: sdkmanager --install 'ndk;28.2.13676358', then --ndk or \$ANDROID_NDK" 3
toolchain=$ndk/build/cmake/android.toolchain.cmake
[ -f "$toolchain" ] || fail "no NDK in $ndk: it has no build/cmake/android.toolchain.cmake" 3
revision=$(sed -n 's/^Pkg.Revision *= *\([0-9]*\).*/\1/p' "$ndk/source.properties" 2> /dev/null || true)
[ "${revision:-0}" -ge 27 ] || fail "the NDK in $ndk is r${revision:-?}: r27 or newer is needed" 3
strip=$(find "$ndk/toolchains/llvm/prebuilt" -name llvm-strip 2> /dev/null | head -n 1)
[ -n "$strip" ] || fail "no llvm-strip in $ndk/toolchains/llvm/prebuilt" 3
command -v "$python" > /dev/null || fail "$python is missing: apt-get install python3" 3
"$python" -c 'import torchgen, yaml' 2> /dev/null || \
    fail "$python has no PyTorch or no PyYAML: pip install 'torch==2.13.*' pyyaml, then --python" 3
python=$(command -v "$python")
command -v make > /dev/null || fail "make is missing: apt-get install make" 3
[ -n "$source" ] || command -v git > /dev/null || fail "git is missing: apt-get install git" 3
# As for the runner elsewhere: Debian 12 has 3.25, and pip's is newer.
cmake=''
for candidate in "$(command -v cmake || true)" "$(dirname "$python")/cmake"; do
    [ -x "$candidate" ] || continue
    found=$("$candidate" --version | sed -n 's/^cmake version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    if [ "${found% *}" -gt 3 ] || { [ "${found% *}" -eq 3 ] && [ "${found#* }" -ge 28 ]; }; then
        cmake=$candidate
        break
    fi
done
[ -n "$cmake" ] || fail "CMake 3.28 or newer is missing: pip install 'cmake>=3.28'" 3
if [ -n "$source" ]; then
    [ -f "$source/version.txt" ] || fail "--source $source is no checkout of ExecuTorch" 2
    # Development versions have a suffix.
    case $(cat "$source/version.txt") in
        "$version"|"$version"[a+]*) ;;
        *) fail "--source $source is ExecuTorch $(cat "$source/version.txt"), not $version" 2 ;;
    esac
    [ -f "$source/backends/xnnpack/third-party/XNNPACK/CMakeLists.txt" ] || \
        fail "--source $source lacks its submodules: git submodule update --init --recursive" 2
fi

out=${out:-$here/build/$abi}
log=$out/build.log
runner=$out/runner/vizecg-runner
if [ $dry = no ]; then
    mkdir -p "$out"
    : > "$log"
fi

step() {
    echo "+ $*" >&2
    if [ $dry = no ]; then
        "$@" >> "$log" 2>&1 || { tail -n 20 "$log" >&2; fail "this failed, and $log has all of it: $*" 6; }
    fi
}

if [ -z "$source" ]; then
    source=$out/executorch
    if [ ! -f "$source/.vizecg-whole" ]; then
        [ $dry = yes ] || rm -rf "$source"
        step git clone --branch "v$version" --depth 1 --recursive --shallow-submodules "$repository" "$source"
        step touch "$source/.vizecg-whole"
    fi
fi

android() {
    step "$cmake" "$@" -G "Unix Makefiles" "-DCMAKE_TOOLCHAIN_FILE=$toolchain" "-DANDROID_ABI=$abi" \
        "-DANDROID_PLATFORM=android-$platform" -DANDROID_STL=c++_static -DANDROID_SUPPORT_FLEXIBLE_PAGE_SIZES=ON \
        -DCMAKE_BUILD_TYPE=Release
}

# Program verification, which a release build leaves out, is what tells a damaged file from a crash. The runner takes
# ExecuTorch's messages itself: its own default for Android would put them into the system's log.
android -S "$source" -B "$out/executorch-build" "-DCMAKE_INSTALL_PREFIX=$out/executorch-install" \
    "-DPYTHON_EXECUTABLE=$python" -DBUILD_TESTING=OFF -DEXECUTORCH_PAL_DEFAULT=posix \
    -DEXECUTORCH_ENABLE_LOGGING=ON -DEXECUTORCH_ENABLE_PROGRAM_VERIFICATION=ON \
    -DEXECUTORCH_BUILD_XNNPACK=ON -DEXECUTORCH_BUILD_PTHREADPOOL=ON -DEXECUTORCH_BUILD_CPUINFO=ON \
    -DEXECUTORCH_BUILD_KERNELS_OPTIMIZED=ON -DEXECUTORCH_BUILD_KERNELS_QUANTIZED=ON \
    -DEXECUTORCH_BUILD_EXTENSION_DATA_LOADER=ON -DEXECUTORCH_BUILD_EXTENSION_FLAT_TENSOR=ON \
    -DEXECUTORCH_BUILD_EXTENSION_NAMED_DATA_MAP=ON -DEXECUTORCH_BUILD_EXTENSION_MODULE=ON \
    -DEXECUTORCH_BUILD_EXTENSION_TENSOR=ON -DEXECUTORCH_BUILD_EXECUTOR_RUNNER=OFF \
    -DEXECUTORCH_BUILD_EXTENSION_RUNNER_UTIL=OFF -DEXECUTORCH_BUILD_EXTENSION_EVALUE_UTIL=OFF
step "$cmake" --build "$out/executorch-build" --target install --parallel "$jobs"
android -S "$here/../runner" -B "$out/runner" "-DEXECUTORCH_DIR=$out/executorch-install" \
    "-DEXECUTORCH_BUILD_VERSION=$version"
step "$cmake" --build "$out/runner" --parallel "$jobs"
step "$strip" "$runner"
if [ $dry = yes ]; then
    echo "nothing was done: --dry-run" >&2
else
    [ -f "$runner" ] || fail "the build made no $runner; see $log" 6
    echo "$runner"
fi
