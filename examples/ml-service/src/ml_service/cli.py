"""The console script: `ml-service [answer | serve | plot]`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

QUESTION = "Hello, why was my card charged twice? Please send a refund"
PATIENCE_SECONDS = 60


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the subcommand that `arguments` (default: the command line) name."""
    # Asked before anything of the service is imported: transformers would warn on stderr that
    # it found no torch, which a tokenizer does not need; nothing is ever fetched from a hub.
    os.environ |= {"TRANSFORMERS_NO_ADVISORY_WARNINGS": "1", "HF_HUB_OFFLINE": "1"}
    options = _parser().parse_args(arguments)
    match options.command:
        case "serve":
            _serve(options.host, options.port)
        case "plot":
            _plot(options.file)
        case _:
            _answer(options.text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ml-service", description="Says which team should answer a message."
    )
    parser.set_defaults(command="answer", text=QUESTION)
    commands = parser.add_subparsers(dest="command")
    answer = commands.add_parser("answer", help="start, ask one question over HTTP, stop (default)")
    answer.add_argument("text", nargs="?", default=QUESTION)
    serve = commands.add_parser("serve", help="serve over HTTP until interrupted")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    plot = commands.add_parser("plot", help="draw the training data (needs the extra `plots`)")
    plot.add_argument("file", type=Path)
    return parser


def _answer(text: str) -> None:
    import httpx

    from ml_service.api import create_app
    from ml_service.server import serving
    from ml_service.triage import Triage

    with (
        serving(create_app(Triage.trained())) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False) as client,
    ):
        response = client.post("/triage", json={"text": text})
    print(f"ml-service answers: {response.raise_for_status().text}")  # noqa: T201


def _serve(host: str, port: int) -> None:
    from ml_service.api import create_app
    from ml_service.server import serve
    from ml_service.triage import Triage

    serve(create_app(Triage.trained()), host, port)


def _plot(file: Path) -> None:
    try:
        from ml_service.plots import save_bars
    except ModuleNotFoundError as error:
        raise SystemExit(f"ml-service plot needs the extra `plots`: {error}") from error
    from ml_service.triage import Triage

    save_bars(Triage.trained().learned_from, file)
