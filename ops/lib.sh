# Shared by the scripts of this folder: sourced, never run.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

# What the program is built from; the compiler itself is not among Debian's packages.
readonly BUILD_PACKAGES=(
    libsystemd-dev zlib1g-dev libzstd-dev libyaml-dev libssl-dev pkg-config
)
# What the tests run against: Debian's own senders, journal and rotation.
readonly TEST_PACKAGES=(
    auditd bsdutils rsyslog rsyslog-relp rsyslog-gnutls rsyslog-openssl systemd systemd-journal-remote
    logrotate gzip zstd openssl python3 python3-venv
    zsh fish man-db mandoc
)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() {
    printf 'hisui: %s\n' "$*" >&2
    exit 1
}

# What a test runner wrote of its failures: where, what was expected, and what came instead.
failures() {
    awk '/^✘ .* recorded an issue/ { shows = 1; print; next }
         /^↳/ { if (shows) print; next }
         { shows = 0 }' "$1" | cut -c1-2000 | head -200
}

# Installs the Debian packages named that are missing, after saying which.
need_packages() {
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        fail "this machine has no apt-get; install by hand: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            fail "not root and no sudo; run as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing from Debian: ${missing[*]}"
    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update -qq &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        fail "apt-get could not install them (its last lines are above; all in $log)"
    fi
    rm -f "$log"
}

need_swift() {
    command -v swift >/dev/null && return 0
    cat >&2 <<'TEXT'
hisui: no Swift toolchain found (the command `swift` is not on the PATH).

Hisui needs Swift 6.2 or later to build. Ways to get it on Debian 12:
  - swiftly, the toolchain installer:    https://www.swift.org/install/linux/swiftly/
  - the toolchain archive for Debian 12: https://www.swift.org/install/linux/
    (unpack it, then put its usr/bin on the PATH)
  - the container image swift:bookworm
A machine that only runs Hisui needs no toolchain: build elsewhere and copy the program.
TEXT
    exit 1
}

# Installs from PyPI, into .build, the checker of bags that the tests ask for a second opinion.
need_bagit() {
    local folder=.build/bagit
    if [ ! -x $folder/bin/bagit.py ]; then
        say "Installing bagit.py from PyPI …"
        rm -rf $folder
        /usr/bin/python3 -m venv $folder
        $folder/bin/pip install --quiet --disable-pip-version-check 'bagit==1.9.0' 'setuptools<81' >&2
    fi
    HISUI_BAGIT=$PWD/$folder/bin/bagit.py
    export HISUI_BAGIT
}

# Puts python-evtx, a reader of Windows event logs that knows nothing of Hisui, into .build.
need_python_evtx() {
    local folder=.build/python-evtx
    if ! $folder/bin/python -c 'import Evtx.Evtx' 2>/dev/null; then
        say "Installing python-evtx from PyPI …"
        rm -rf $folder
        /usr/bin/python3 -m venv $folder
        $folder/bin/pip install --quiet --disable-pip-version-check 'python-evtx==0.8.1' >&2
    fi
    HISUI_PYTHON_EVTX=$PWD/$folder/bin/python
    export HISUI_PYTHON_EVTX
}

# Unpacks syslog-ng's load generator into .build: its package cannot be installed beside rsyslog.
need_loggen() {
    local folder=$PWD/.build/syslog-ng
    if [ ! -x "$folder/usr/bin/loggen" ]; then
        say "Unpacking loggen from Debian's syslog-ng-core …"
        rm -rf "$folder"
        mkdir -p "$folder"
        (cd "$folder" && apt-get download -qq syslog-ng-core >&2 && dpkg -x syslog-ng-core_*.deb .)
    fi
    HISUI_LOGGEN=$folder
    export HISUI_LOGGEN
}

# Builds the release program; the first time takes a minute or two, later ones seconds.
#
# Swift's runtime and those of Debian's libraries that come as archives are linked in, so that the
# program runs on machines without them. libsystemd has no archive; it and glibc stay dynamic.
build_release() {
    local archives=$PWD/.build/archives package library
    mkdir -p "$archives"
    # The linker takes what it finds first: every package is described as lying in a directory in
    # which there are only archives. What is not there is found where it always is.
    # libssl's archive says nothing about libcrypto, which has to come behind it.
    for package in yaml-0.1 libzstd zlib libcrypto libssl libsystemd; do
        sed -e "s|^libdir=.*|libdir=$archives|" -e 's|-lssl *$|-lssl -lcrypto|' \
            "$(pkg-config --variable=pcfiledir "$package")/$package.pc" >"$archives/$package.pc"
    done
    for library in libyaml libzstd libz libcrypto libssl; do
        ln -sfn "/usr/lib/$(uname -m)-linux-gnu/$library.a" "$archives/$library.a"
    done
    # That of the newest compiler, where there is one: Swift's toolchain asks for it.
    for library in "/usr/lib/gcc/$(uname -m)-linux-gnu"/*/libstdc++.a; do
        if [ -e "$library" ]; then ln -sfn "$library" "$archives/libstdc++.a"; fi
    done
    say "Building Hisui (release) …"
    PKG_CONFIG_PATH=$archives${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH} \
        swift build -c release --product hisui --static-swift-stdlib >&2
}
