#!/bin/sh
# Installs what the project needs into its own folders; does nothing when the lock files have not changed.
set -eu
cd "$(dirname "$0")/.."

# The machine's own trusted certificates: networks with a proxy of their own need them, and neither tool looks by itself.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
for bundle in "${SSL_CERT_FILE:-}" "${PIP_CERT:-}" /etc/ssl/certs/ca-certificates.crt; do
    if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -f "$bundle" ]; then export NODE_EXTRA_CA_CERTS="$bundle"; fi
done
# Everything stays in this folder, what is fetched on the way too.
export UV_CACHE_DIR="$PWD/.tools/cache" UV_PYTHON_INSTALL_DIR="$PWD/.tools/python" npm_config_cache="$PWD/.tools/npm"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

say() { printf '%s\n' "$*" >&2; }
fail() { say "setup: $*"; exit 1; }

fingerprint=$(cat requirements-dev.txt requirements-uv.txt local/package-lock.json tests/infra/kusto/package-lock.json local/setup.sh | cksum | tr ' ' '-')
stamp=.tools/installed
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$fingerprint" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

command -v npm >/dev/null 2>&1 || fail "npm is missing: install Node.js 20 or newer (it runs Azurite, the storage emulator)."
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null ||
    fail "Node.js is too old or missing: install Node.js 20 or newer (it runs Azurite, the storage emulator)."
works() { command -v "$1" >/dev/null 2>&1 && "$1" -c '' 2>/dev/null; }

find_python() {
    if works python3.13; then
        command -v python3.13
        return
    fi
    beside=$(dirname "$(dirname "$(command -v pyenv || echo /)")")
    for root in "${PYENV_ROOT:-$HOME/.pyenv}" "$(pyenv root 2>/dev/null || true)" "$beside"; do
        for candidate in "$root"/versions/3.13*/bin/python3.13; do
            works "$candidate" && { printf '%s\n' "$candidate"; return; }
        done
    done
    printf '3.13\n'  # none found: a version number makes uv fetch one
}

python=$(find_python)
if [ ! -x .tools/bin/uv ]; then
    bootstrap=$python
    works "$bootstrap" || bootstrap=python3
    works "$bootstrap" || fail "Python is missing: install Python 3.13."
    say "setup: uv into .tools"
    "$bootstrap" -m venv .tools || fail "'$bootstrap -m venv' failed: install Python's venv module (Debian: python3-venv)."
    .tools/bin/python -m pip install --quiet --require-hashes -r requirements-uv.txt
fi

say "setup: Python packages into .venv (with $python)"
.tools/bin/uv venv --quiet --allow-existing --python "$python" .venv ||
    fail "Python 3.13 is not on this machine and could not be fetched: install it."
VIRTUAL_ENV=.venv .tools/bin/uv pip sync --quiet --require-hashes requirements-dev.txt
printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/.venv/bin/python" -m admin "$@"\n' "$PWD" "$PWD" >.venv/bin/icadmin
chmod +x .venv/bin/icadmin

say "setup: Azurite into local/node_modules"
npm ci --prefix local --omit=optional --no-audit --no-fund --loglevel=error >&2
say "setup: Microsoft's language service for KQL into tests/infra/kusto/node_modules"
npm ci --prefix tests/infra/kusto --no-audit --no-fund --loglevel=error >&2

printf '%s' "$fingerprint" >"$stamp"
