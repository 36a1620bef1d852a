"""texts -> pairs: the questions with short answers that a page states, each with its evidence.

Questions that a page's markup declares are taken as they are; the rest of the text is read by the
extractor model. A text that gives no question is one row that says so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict, cast

from pydantic import BaseModel, Field, JsonValue

from console import Advance, Summary
from curate.grounding import find_evidence
from engine import run_here
from errors import RequestFailed
from llm import LLM, Prompt, connect, load_prompt
from settings import CurateSettings, Settings
from store import Store, content_id
from store.table import Row
from verify import extract_answer

PROMPT = Path(__file__).parent / "prompts" / "extract.md"
SHORT_ANSWER = 60  # characters up to which a marked-up answer is taken whole
NUMBERING = re.compile(r"^\s*\d+[.)]\s+")  # of an exercise in its list
Text = dict[str, object]


class Answer(TypedDict):
    """An answer that a page's markup declares."""

    text: str
    accepted: bool
    votes: int | None


class MarkedUp(TypedDict):
    """A question that a page's markup declares."""

    question: str
    answers: list[Answer]


def at_most(characters: int) -> dict[str, JsonValue]:
    """A length that is told to the model and not enforced on its reply: one long field is no bad reply."""
    return {"maxLength": characters}


class FoundPair(BaseModel):
    """What the model gives for one question."""

    question: str = Field(json_schema_extra=at_most(400))
    answer: str = Field(json_schema_extra=at_most(80))
    evidence: str = Field(json_schema_extra=at_most(200))


def extract(store: Store, settings: Settings) -> Summary:
    """Fill `pairs` from the pending shards of `texts`."""
    prompt = load_prompt(PROMPT)
    with connect(settings.llm, "extractor", store.state) as llm:

        def one_shard(shard: str, advance: Advance) -> list[Row]:
            texts = store.table("texts").rows(shard)
            found = llm.map(lambda text: pairs_of_text(text, llm, prompt, settings.curate), texts, advance)
            return [pair for pairs in found for pair in pairs]

        summary = run_here(store, "curate extract", "pairs", one_shard)
        llm.usage.add_to(summary)
    return summary


async def pairs_of_text(text: Text, llm: LLM, prompt: Prompt, settings: CurateSettings) -> list[Row]:
    """The rows of one text: its pairs, or one row with the reason why there is none."""
    if not text["kept"]:
        return []
    language = text["language"]
    if settings.languages and language not in settings.languages:
        return [_row(text, reason=f"language {language or 'unknown'}")]
    rows = list(marked_up_pairs(text))
    answers = await asyncio.gather(
        *(_ask(llm, prompt, part, settings) for part in split(str(text["text"]), settings.chunk_chars)),
    )
    extractor = f"{llm.name} {prompt.version}"
    for answer in answers:
        if isinstance(answer, RequestFailed):
            rows.append(_row(text, reason=answer.reason, extractor=extractor))
        else:
            rows.extend(_judge_pair(text, pair, settings, extractor) for pair in answer)
    return _distinct(rows) or [_row(text, reason="no question found", extractor=extractor)]


async def _ask(
    llm: LLM, prompt: Prompt, part: str, settings: CurateSettings
) -> list[FoundPair] | RequestFailed:
    class Found(BaseModel):
        pairs: list[FoundPair] = Field(json_schema_extra={"maxItems": settings.pairs_per_chunk})

    messages = prompt.messages(text=part, most=str(settings.pairs_per_chunk))
    try:
        reply = await llm.ask(messages, schema=Found)
    except RequestFailed as error:
        return error
    return reply.parsed.pairs[: settings.pairs_per_chunk]


def marked_up_pairs(text: Text) -> Iterator[Row]:
    """The questions that the page's markup declares and that have a short accepted answer."""
    for marked in cast(list[MarkedUp], text["qa_markup"]):
        best = best_answer(marked["answers"])
        if best is None:
            continue
        whole = best["text"].strip()
        short = extract_answer(whole) or (whole if len(whole) <= SHORT_ANSWER else None)
        if short:
            yield _row(
                text,
                question=NUMBERING.sub("", marked["question"]).strip(),
                answer=short,
                solution=None if short == whole else whole,
                evidence=whole,
                extractor="markup",
                grounded=True,
            )


def best_answer(answers: list[Answer]) -> Answer | None:
    """The accepted answer, else the only one, else the one with the most votes if it has any."""
    accepted = [answer for answer in answers if answer["accepted"]]
    if accepted or len(answers) == 1:
        return (accepted or answers)[0]
    voted = max(answers, key=lambda answer: answer["votes"] or 0, default=None)
    return voted if voted and voted["votes"] and voted["votes"] > 0 else None


def _judge_pair(text: Text, pair: FoundPair, settings: CurateSettings, extractor: str) -> Row:
    question, answer = " ".join(pair.question.split()), " ".join(pair.answer.split())
    evidence = find_evidence(answer, pair.evidence, str(text["text"])) if answer else None
    reason = None
    if not question or not answer:
        reason = "empty question or answer"
    elif answer in question and len(answer) > len(question) / 2:
        reason = "answer repeats the question"
    elif len(answer) > settings.max_answer_chars:
        reason = "answer too long"
    elif evidence is None:
        reason = "answer not on the page"
    return _row(
        text,
        question=question,
        answer=answer,
        evidence=evidence,
        extractor=extractor,
        grounded=evidence is not None,
        reason=reason,
    )


def split(text: str, size: int) -> list[str]:
    """Parts of at most `size` characters, cut between paragraphs where there are any."""
    parts = []
    while len(text) > size:
        cut = max(text.rfind("\n\n", size // 2, size), text.rfind("\n", size // 2, size))
        cut = cut if cut > 0 else size
        parts.append(text[:cut])
        text = text[cut:]
    return [part for part in (*parts, text) if part.strip()]


def _row(
    text: Text,
    *,
    question: str | None = None,
    answer: str | None = None,
    solution: str | None = None,
    evidence: str | None = None,
    extractor: str = "none",
    grounded: bool = False,
    reason: str | None = None,
) -> Row:
    return {
        "id": content_id(str(text["id"]), question or "", answer or "", reason or ""),
        "page_id": text["id"],
        "url": text["url"],
        "license": text["license"],
        "question": question,
        "answer": answer,
        "solution": solution,
        "evidence": evidence,
        "extractor": extractor,
        "grounded": grounded,
        "kept": reason is None,
        "reason": reason,
    }


def _distinct(rows: list[Row]) -> list[Row]:
    """The rows without those that have the id of an earlier one."""
    return list({str(row["id"]): row for row in reversed(rows)}.values())[::-1]
