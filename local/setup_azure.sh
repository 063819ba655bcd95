#!/bin/sh
# Installs the Azure command line into an environment of its own; does nothing when its lock file has not changed.
set -eu
cd "$(dirname "$0")/.."

export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" UV_CACHE_DIR="$PWD/.tools/cache"
folder="${AZURE_TOOLS:-.tools/azure}"
fingerprint=$(cat requirements-azure.txt local/setup_azure.sh | cksum | tr ' ' '-')
if [ -f "$folder/installed" ] && [ "$(cat "$folder/installed")" = "$fingerprint" ]; then
    exit 0
fi

printf 'setup: the Azure command line into %s\n' "$folder" >&2
.tools/bin/uv venv --quiet --clear --python .venv/bin/python "$folder"
VIRTUAL_ENV="$folder" .tools/bin/uv pip sync --quiet --require-hashes requirements-azure.txt
printf '%s' "$fingerprint" >"$folder/installed"
