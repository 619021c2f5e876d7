#!/bin/sh
# The image part of the continuous integration, on Debian 12 or 13 as root: an engine, the images twice, their tests.
# It installs what is missing from Debian's own archive and, where no engine runs, starts one and stops it at the end.
set -eu
cd "$(dirname "$0")/.."
WORK=$(mktemp -d)
ENGINE_HOME=$WORK/engine
PIDFILE=$WORK/dockerd.pid
: "${CA_BUNDLE:=$(test ! -r /etc/ssl/certs/ca-certificates.crt || echo /etc/ssl/certs/ca-certificates.crt)}"
export CA_BUNDLE BASE=local ENGINE=docker

part() { # name, command: run it and say how long it took
    begun=$(date +%s)
    name=$1
    shift
    "$@"
    echo "images: $name took $(($(date +%s) - begun)) s"
}

finish() {
    if [ -s "$PIDFILE" ]; then
        pid=$(cat "$PIDFILE")
        kill "$pid"
        while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
        umount "$WORK"/run/netns/* 2>/dev/null || true # the engine leaves this mount behind
    fi
    rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

install_engine() {
    export DEBIAN_FRONTEND=noninteractive
    packages="ca-certificates debian-archive-keyring docker-registry git iptables mmdebstrap"
    apt-get update --quiet=2
    if docker buildx version >/dev/null 2>&1; then
        :
    elif apt-cache show docker-buildx >/dev/null 2>&1; then
        packages="$packages docker.io docker-buildx"
    else
        packages="$packages runc"
    fi
    # shellcheck disable=SC2086 # a list of words
    apt-get install --yes --quiet=2 --no-install-recommends $packages >"$WORK/apt.log" 2>&1 \
        || { cat "$WORK/apt.log" >&2; exit 1; }
    docker buildx version >/dev/null 2>&1 || unpack_newer_engine
}

# Debian 12 has neither buildx nor a BuildKit that sets dates. Debian 13's packages of both run on it: they need no
# newer C library, so they are unpacked into a folder and used from there; nothing of the system is replaced.
unpack_newer_engine() {
    mkdir -p "$WORK/apt/lists/partial" "$WORK/apt/cache/archives/partial" "$WORK/apt/parts" "$WORK/debs" "$ENGINE_HOME"
    if [ -s /etc/apt/sources.list.d/debian.sources ]; then
        sed 's/bookworm/trixie/g' /etc/apt/sources.list.d/debian.sources >"$WORK/apt/parts/trixie.sources"
    else
        sed 's/bookworm/trixie/g' /etc/apt/sources.list >"$WORK/apt/parts/trixie.list"
    fi
    cat >"$WORK/apt/apt.conf" <<CONF
Dir::Etc::SourceList "-";
Dir::Etc::SourceParts "$WORK/apt/parts";
Dir::State::Lists "$WORK/apt/lists";
Dir::State::Status "/dev/null";
Dir::Cache "$WORK/apt/cache";
APT::Sandbox::User "root";
CONF
    APT_CONFIG=$WORK/apt/apt.conf apt-get update --quiet=2
    (cd "$WORK/debs" && APT_CONFIG=$WORK/apt/apt.conf apt-get download --quiet=2 \
        docker.io docker-cli docker-buildx containerd)
    for package in "$WORK"/debs/*.deb; do dpkg-deb --extract "$package" "$ENGINE_HOME"; done
    PATH=$ENGINE_HOME/usr/bin:$ENGINE_HOME/usr/sbin:$PATH
    DOCKER_CONFIG=$WORK/docker
    mkdir -p "$DOCKER_CONFIG/cli-plugins"
    cp "$ENGINE_HOME/usr/libexec/docker/cli-plugins/docker-buildx" "$DOCKER_CONFIG/cli-plugins/"
    export PATH DOCKER_CONFIG
}

start_engine() {
    if [ ! -d "$ENGINE_HOME" ] && docker info >/dev/null 2>&1; then return; fi
    DOCKER_HOST=unix://$WORK/docker.sock
    export DOCKER_HOST
    echo '{"features": {"containerd-snapshotter": true}}' >"$WORK/daemon.json"
    dockerd --config-file "$WORK/daemon.json" --host "$DOCKER_HOST" --data-root "$WORK/data" --exec-root "$WORK/run" \
        --pidfile "$PIDFILE" >"$WORK/dockerd.log" 2>&1 &
    for _ in $(seq 100); do
        if docker info >/dev/null 2>&1; then return; fi
        sleep 0.3
    done
    echo "The engine did not start:" >&2
    tail -n 20 "$WORK/dockerd.log" >&2
    exit 1
}

compare() { # two builds of the same source at the same date are the same, digest by digest
    .venv/bin/python -m images.build digests >"$WORK/first"
    make --no-print-directory images NO_CACHE=1 BASE=idp-steps/debian:trixie >"$WORK/again.log" 2>&1 \
        || { tail -n 40 "$WORK/again.log" >&2; exit 1; }
    .venv/bin/python -m images.build digests >"$WORK/second"
    diff "$WORK/first" "$WORK/second" || { echo "The second build differs from the first." >&2; exit 1; }
}

build() {
    make --no-print-directory images >"$WORK/build.log" 2>&1 || { tail -n 40 "$WORK/build.log" >&2; exit 1; }
}

other_architecture() { # assembled without emulation; only that it can be built is held here
    PLATFORMS=linux/arm64 make --no-print-directory image-check BASE=idp-steps/debian:trixie >"$WORK/arm64.log" 2>&1 \
        || { tail -n 40 "$WORK/arm64.log" >&2; exit 1; }
}

part "engine (packages)" install_engine
part "engine (start)" start_engine
part "build" build
part "build again, compare" compare
part "build for arm64" other_architecture
part "tests" make --no-print-directory image-test
