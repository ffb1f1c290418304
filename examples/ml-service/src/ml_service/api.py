"""The HTTP face of the service."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, Field, StringConstraints

from ml_service.triage import Triage


class Question(BaseModel):
    """A message that somebody should answer."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Answer(BaseModel):
    """The team that should answer it."""

    team: str
    confidence: float = Field(ge=0, le=1)


class Health(BaseModel):
    """What the service was trained on: the number of messages of each team."""

    learned_from: dict[str, int]


def create_app(triage: Triage) -> FastAPI:
    """The application that answers with `triage`."""
    app = FastAPI(title="ml-service")

    @app.get("/health")
    def health() -> Health:
        return Health(learned_from=triage.learned_from)

    @app.post("/triage")
    def answer(question: Question) -> Answer:
        verdict = triage.verdict(question.text)
        return Answer(team=verdict.team, confidence=round(verdict.confidence, 3))

    return app
