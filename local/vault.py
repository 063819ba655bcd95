"""The local vault: ``python -m local.vault --state FOLDER``.

Speaks Key Vault's secrets REST API over TLS, and the App Service identity endpoint over plain HTTP, both on
127.0.0.1, so that the real ``SecretClient`` and ``ManagedIdentityCredential`` run unmodified. The client needs
``verify_challenge_resource=False`` and ``connection_verify`` set to the CA file.

When it listens it prints ``ready {"vaultUrl", "caFile", "identityEndpoint", "identityHeader"}``; the header is a
secret, so the line is for the parent's pipe only. Secrets, certificate and identity survive a restart in FOLDER.

Left out: backup and restore, paging (every list is one page), access rules per identity, key and certificate
objects, the waiting time after a delete.
"""

import argparse
import asyncio
import signal
import socket
import ssl
import sys
from pathlib import Path

from aiohttp import web

from local.processes import NotReady, announce_ready, bind_loopback
from local.vault_certificate import certificate_files
from local.vault_http import vault_app
from local.vault_identity import Identity, identity_app
from local.vault_secrets import Secrets


async def serve(state: Path, port: int, identity_port: int) -> None:
    """Serve from the folder ``state`` until SIGTERM or SIGINT; port 0 takes a free one.

    Raises:
        NotReady: a port is taken.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    listener, identity_listener = bind_loopback(port, "the vault"), bind_loopback(identity_port, "the vault's identity")
    vault_url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    files, identity = certificate_files(state), Identity(state / "identity.json")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(files.certificate, files.key)
    runners = [
        await _listen(vault_app(Secrets(state / "secrets.json", vault_url), identity), listener, tls),
        await _listen(identity_app(identity), identity_listener),
    ]
    announce_ready(
        vaultUrl=vault_url,
        caFile=str(files.certificate),
        identityEndpoint=f"http://127.0.0.1:{identity_listener.getsockname()[1]}/msi/token",
        identityHeader=identity.header,
    )
    await stopped.wait()
    for runner in runners:
        await runner.cleanup()


async def _listen(app: web.Application, listener: socket.socket, tls: ssl.SSLContext | None = None) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    await web.SockSite(runner, listener, ssl_context=tls).start()
    return runner


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.vault", description="The local stand-in for Key Vault.")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps secrets, certificate, identity")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--identity-port", type=int, default=0)
    arguments = parser.parse_args()
    state = arguments.state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(serve(state, arguments.port, arguments.identity_port))
    except NotReady as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
