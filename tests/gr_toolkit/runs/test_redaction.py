"""What is masked in messages and logs, and what stays readable."""

from __future__ import annotations

import pytest

from gr_toolkit.runs.redaction import keep_secret, redact, redact_url, redact_values, secret_values

MASKED = {
    "GET https://ann:pa@ss@e.org/x": "GET https://***@e.org/x",
    "http://ann@e.org": "http://***@e.org",
    "https://ann:p/w#d@e.org/x": "https://***@e.org/x",
    "s3://id:secret@bucket/x": "s3://***@bucket/x",
    "https://e.org/?api_key=abc&page=2": "https://e.org/?api_key=***&page=2",
    "/a?x=1&Access_Token=abc#top": "/a?x=1&Access_Token=***#top",
    "?X-Amz-Credential=a%2Fb&X-Amz-Signature=00ff": "?X-Amz-Credential=***&X-Amz-Signature=***",
    "?AWSAccessKeyId=abc&sig=1": "?AWSAccessKeyId=***&sig=***",
    "?a=1&amp;password=p;auth=q": "?a=1&amp;password=***;auth=***",
    "?to=https%3A%2F%2Fe.org%3Ftoken%3Dabc%26y%3D1": "?to=https%3A%2F%2Fe.org%3Ftoken%3D***%26y%3D1",
    "https://e.org/#access_token=abc": "https://e.org/#access_token=***",
    "Authorization: Basic YW5uOnB3": "Authorization: Basic ***",
    '{"authorization": "Bearer abcdefgh"}': '{"authorization": "Bearer ***"}',
    "sent Bearer abcd-efgh-1234": "sent Bearer ***",
    "sent bearer ABCDEFGHIJ": "sent bearer ***",
    "Incorrect API key: sk-proj-abc123def456.": "Incorrect API key: ***.",
    "Incorrect API key: sk-ab*****1234": "Incorrect API key: ***",
    "(sk_live_abcdefgh12345678)": "(***)",
    "hf_abcdefghijklmnopqrst": "***",
    "key=AIzaSyA1234567890abcdef": "key=***",
    "AKIAIOSFODNN7EXAMPLE": "***",
    "ghp_abcdefghij0123456789": "***",
}
READABLE = [
    "https://e.org/@ann/post?page=2&author=ann&keyword=x",
    "https://e.org:8443/@ann and http://e.org:80?to=a@b",
    "abfs://container@account.dfs.core.windows.net/run",
    "Bearer authentication is required.",
    "authorization header missing",
    "unknown field hf_overrides; max_tokens=5; risk-averse-methods",
    "HTTP 401: no key",
    "Answer: 3 & 4; key: B",
]


@pytest.mark.parametrize("text", MASKED)
def test_secrets_are_masked_and_masking_again_changes_nothing(text):
    assert redact_values(text, []) == MASKED[text]
    assert redact_values(MASKED[text], []) == MASKED[text]


@pytest.mark.parametrize("text", READABLE)
def test_other_text_stays_the_same(text):
    assert redact_values(text, []) == text


def test_given_values_are_masked_longest_first():
    assert redact_values("hunter2hunter2 and hunter2", ["hunter2", "hunter2hunter2", ""]) == "*** and ***"


def test_values_of_variables_named_like_secrets_are_masked():
    variables = {
        "MY_API_KEY": "planted-key-1",
        "db_password": "planted-key-2\n",
        "GITHUB_TOKEN": "planted-key-3",
        "CLIENT_SECRET": "short",
        "GR_LLM__MAX_TOKENS": "1234567890",
        "HOME": "/home/ann",
    }
    assert secret_values(variables) == ["planted-key-1", "planted-key-2", "planted-key-3"]


def test_credentials_of_a_crawl_are_masked_in_every_form():
    values = secret_values({"GR_AUTH_E_ORG": "ann:planted-password", "GR_AUTH_F_ORG": "Bearer planted-token"})
    text = "ann:planted-password, planted-password, YW5uOnBsYW50ZWQtcGFzc3dvcmQ=, planted-token"
    assert redact_values(text, values) == "***, ***, ***, ***"


def test_redact_reads_the_environment_at_each_call(monkeypatch):
    monkeypatch.delenv("PLANTED_KEY", raising=False)
    assert redact("got open-sesame") == "got open-sesame"
    monkeypatch.setenv("PLANTED_KEY", "open-sesame")
    assert redact("got open-sesame") == "got ***"


def test_secret_that_is_kept_is_masked_unless_it_is_short():
    keep_secret("swordfish")
    keep_secret("none")
    keep_secret("")
    assert redact("got swordfish, none left") == "got ***, none left"


def test_whole_user_info_of_an_invalid_url_is_masked():
    assert redact_url("https://ann:p/w#d@e.org/?token=x") == "https://***@e.org/?token=***"
    assert redact_url("ann:p@w@e.org/") == "***@e.org/"
    assert redact_url("me@home.txt") == "me@home.txt"
