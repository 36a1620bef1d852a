import pytest

from gr_toolkit.llm.requests import breaker, endpoint, refusals


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch):
    """Retry and probe quickly, and never send the API key of the user who runs the tests."""
    monkeypatch.setattr(endpoint, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(breaker, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(refusals, "FIRST_PAUSE", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
