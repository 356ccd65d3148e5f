#!/bin/sh
# Makes .venv with kneeline and all it needs, at the versions of constraints.txt.
#
#     scripts/setup.sh use      what running kneeline needs
#     scripts/setup.sh work     that, and what the tests, the checks and the manual need
#
# Asks of the machine: Python 3.11 or newer, and pip's own settings (mirror, proxy, certificates) where it has any.
# Quick when nothing changed. Nothing is installed outside of the project.
set -eu
kind=${1:-use}
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
venv=$root/.venv
python=$venv/bin/python

say() { echo "$*" >&2; }

give_up() {
    say "$1"
    exit 1
}

works() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

has_pip() { "$python" -m pip --version >/dev/null 2>&1; }

find_python() {
    for name in python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
        if works "$name" && "$name" -c 'import venv' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    give_up "kneeline needs Python 3.11 or newer, and found none. Install it (Debian: apt-get install python3), then try again."
}

# Debian keeps pip apart from Python. Its package holds pip as a file that runs without being installed, and anyone may
# download a package: so this works without root, and leaves the system as it was.
pip_from_debian() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    box=$(mktemp -d)
    mkdir -p "$box/lists/partial" "$box/cache/archives/partial"
    apt="apt-get -qq -o Dir::State::Lists=$box/lists -o Dir::Cache=$box/cache -o APT::Sandbox::User="
    if (cd "$box" && $apt update && $apt download python3-pip-whl && dpkg-deb -x python3-pip-whl_*.deb .) >"$box/log" 2>&1
    then
        "$python" "$(echo "$box"/usr/share/python-wheels/pip-*.whl)/pip" install --quiet pip || true
    else
        tail -n 3 "$box/log" >&2
    fi
    rm -rf "$box"
    has_pip
}

# pip as the machine has it: inside Python, as a program of its own, or from Debian.
add_pip() {
    has_pip && return
    "$python" -m ensurepip >/dev/null 2>&1 && has_pip && return
    "$base" -m pip --python "$python" install --quiet pip >/dev/null 2>&1 && has_pip && return
    pip_from_debian && return
    give_up "This Python has no pip, and it could not be fetched. Install it (Debian: apt-get install python3-venv), then try again."
}

# The store's tests want a PostgreSQL server. Debian's package, unpacked beside the rest, works without being installed
# and without root; where there is none, those tests are skipped and say so.
add_postgres() {
    [ -n "$(ls /usr/lib/postgresql/*/bin/initdb "$venv"/postgresql/usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] && return
    command -v initdb >/dev/null && return
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 0
    box=$(mktemp -d)
    mkdir -p "$box/lists/partial" "$box/cache/archives/partial"
    apt="apt-get -qq -y -o Dir::State::Lists=$box/lists -o Dir::Cache=$box/cache -o Debug::NoLocking=1 -o APT::Sandbox::User="
    if $apt update >"$box/log" 2>&1 && $apt install --no-install-recommends --download-only postgresql >>"$box/log" 2>&1
    then
        for package in "$box"/cache/archives/postgresql-[0-9]*.deb "$box"/cache/archives/lib*.deb; do
            [ ! -f "$package" ] || dpkg-deb -x "$package" "$venv/postgresql"
        done
    else
        say "PostgreSQL could not be fetched; the tests that need it will be skipped."
        tail -n 3 "$box/log" >&2
    fi
    rm -rf "$box"
}

install() {
    "$python" -m pip install --quiet --disable-pip-version-check "$@" ||
        give_up "The packages could not be fetched; what pip says stands above. Is there a connection, and room on the disk?"
}

state="$root $(cat pyproject.toml constraints.txt scripts/setup.sh | cksum)"
for done in "$venv/ready-$kind" "$venv/ready-work"; do
    if [ -f "$done" ] && [ "$(cat "$done")" = "$state" ] && works "$python"; then
        exit 0
    fi
done

base=$(find_python)
say "Setting up in .venv (once; about a minute on a good line) ..."
works "$python" || "$base" -m venv --without-pip --clear "$venv"
add_pip
install "pip>=25.1"  # older ones do not know dependency groups
if [ "$kind" = work ]; then
    install -c constraints.txt -e ".[formats,postgres]" --group dev --group docs
    add_postgres
else
    install -c constraints.txt -e .
fi
echo "$state" > "$venv/ready-$kind"
