#!/bin/sh
# Writes constraints.txt: the one set of versions that set-up installs. Needs uv; run it after changing a dependency.
set -eu
cd "$(dirname "$0")/.."
uv lock --quiet
{
    echo "# Versions that were tried together, for every Python and platform we name. Made by scripts/lock.sh."
    uv export --frozen --quiet --no-hashes --no-header --no-annotate --no-emit-project \
        --all-extras --group dev --group docs --group peers --group interop
} > constraints.new
mv constraints.new constraints.txt
