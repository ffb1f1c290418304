"""The service as its callers see it."""

from __future__ import annotations

import httpx
import numpy as np
import pytest
from ml_service import messages, model, words
from ml_service.api import create_app
from ml_service.cli import main
from ml_service.server import serving
from ml_service.triage import Triage


@pytest.fixture(scope="module")
def triage() -> Triage:
    return Triage.trained()


@pytest.mark.parametrize(
    ("text", "team"),
    [
        ("My INVOICE shows the wrong price", "billing"),
        ("The courier lost my parcel", "delivery"),
        ("login error, then a crash", "technical"),
    ],
)
def test_a_message_goes_to_the_team_of_its_topic(triage: Triage, text: str, team: str) -> None:
    verdict = triage.verdict(text)

    assert verdict.team == team
    assert verdict.confidence > 0.6


def test_a_message_of_unknown_words_is_nobodys_for_sure(triage: Triage) -> None:
    assert triage.verdict("zyzzyva").confidence < 0.5


def test_training_is_reproducible(triage: Triage) -> None:
    assert Triage.trained().verdict("a late refund") == triage.verdict("a late refund")


def test_messages_survive_parquet() -> None:
    made = messages.labelled_messages(count=50, seed=1)

    table = messages.from_parquet(messages.as_parquet(made))

    assert table.to_pylist() == made.to_dict("records")
    assert sum(messages.messages_per_team(table).values()) == 50


def test_onnx_agrees_with_scikit_learn(triage: Triage) -> None:
    frame = messages.labelled_messages(count=600, seed=7)
    bags = words.bags_of_words(triage.tokenizer, frame["text"].tolist())
    classifier = model.learn(bags, frame["team"].tolist())

    [probabilities] = triage.session.run([model.OUTPUT], {model.INPUT: bags.toarray()})

    np.testing.assert_allclose(probabilities, classifier.predict_proba(bags), atol=1e-5)


def test_it_answers_over_http(triage: Triage) -> None:
    with serving(create_app(triage)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        answer = client.post("/triage", json={"text": "refund my payment"})
        health = client.get("/health")
        refusal = client.post("/triage", json={"text": "  "})

    assert answer.json()["team"] == "billing"
    assert set(health.json()["learned_from"]) == set(messages.TOPICS)
    assert refusal.status_code == httpx.codes.UNPROCESSABLE_ENTITY


def test_the_console_script_answers_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    main([])

    assert capsys.readouterr().out.startswith('ml-service answers: {"team":"billing"')
