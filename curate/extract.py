"""texts -> pairs: questions with short answers that a page states, each with its evidence.

Some questions are declared in the page's markup. The extractor model finds others in the text. A text without
questions yields one row with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, Field, JsonValue

from curate.grounding import find_evidence
from curate.models import all_of, ask_about, model_for
from gr_toolkit.console import Summary
from gr_toolkit.engine import Asked
from gr_toolkit.errors import ModelError, RequestFailed, Unanswered, UnusableReply
from gr_toolkit.llm import LLM, Prompt, load_prompt
from gr_toolkit.settings import CurateSettings, Settings
from gr_toolkit.store import Store, content_id
from gr_toolkit.store.tables import MarkupAnswer, PairRow, TextRow
from gr_toolkit.verify import extract_answer

PROMPT = Path(__file__).parent / "prompts" / "extract.md"
MAX_WHOLE_ANSWER = 60  # characters; from a longer answer in markup, a final answer must be extracted
TOKENS_PER_PAIR = 128  # in the reply, for each pair
NUMBERING = re.compile(r"^\s*\d+[.)]\s+")  # the number of an exercise in a list


def at_most(characters: int) -> dict[str, JsonValue]:
    """A length limit that the model sees in its schema. Replies are not checked against it."""
    return {"maxLength": characters}


class FoundPair(BaseModel):
    """One question in the model's reply."""

    question: str = Field(json_schema_extra=at_most(400))
    answer: str = Field(json_schema_extra=at_most(80))
    evidence: str = Field(json_schema_extra=at_most(200))


def extract(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `pairs` from the pending shards of `texts`."""
    prompt = load_prompt(PROMPT)
    with model_for("extractor", store, settings, summary) as llm:
        ask_about(
            store,
            settings,
            summary,
            llm,
            items=store.table("texts").rows,
            ask=lambda text: pairs_of_text(text, llm, prompt, settings),
            name=lambda text: text["id"],
        )


async def pairs_of_text(text: TextRow, llm: LLM, prompt: Prompt, settings: Settings) -> Asked[list[PairRow]]:
    """The rows of one text: its pairs, or one row with the reason if it has none."""
    if not text["kept"]:
        return Asked([])
    language, wanted = text["language"], settings.curate.languages
    if wanted and language not in wanted:
        return Asked([_row(text, reason=f"language {language or 'unknown'}")])
    rows = list(marked_up_pairs(text, settings.curate))
    parts = split(text["text"], settings.curate.chunk_chars)
    replies = await all_of(_ask(llm, prompt, part, settings) for part in parts)
    extractor = f"{llm.name} {prompt.version}" if parts else "none"
    for found, failure in replies:
        rows.extend(_found_pair(text, pair, settings.curate, extractor) for pair in found)
        if failure:
            rows.append(_row(text, reason=failure.reason, extractor=extractor))
    unanswered = next((failure for _, failure in replies if isinstance(failure, Unanswered)), None)
    rows = _distinct(rows) or [_row(text, reason="no question found", extractor=extractor)]
    return Asked(rows, unanswered)


async def _ask(
    llm: LLM, prompt: Prompt, part: str, settings: Settings
) -> tuple[list[FoundPair], ModelError | None]:
    """The pairs that the model finds in a part of a text, and what kept it from finding more."""
    most = settings.curate.pairs_per_chunk

    class Found(BaseModel):
        pairs: list[FoundPair] = Field(json_schema_extra={"maxItems": most})

    # Enough tokens for all pairs: a reply that is cut off loses the last ones.
    max_tokens = max(settings.llm.for_role("extractor").max_tokens, TOKENS_PER_PAIR * most)
    messages = prompt.messages(text=part, most=str(most))
    try:
        reply = await llm.ask(messages, schema=Found, max_tokens=max_tokens)
    except (RequestFailed, Unanswered) as error:
        return [], error
    is_cut_off = reply.finish_reason == "length"
    return reply.parsed.pairs[:most], UnusableReply("list cut off at max_tokens") if is_cut_off else None


def _found_pair(text: TextRow, pair: FoundPair, settings: CurateSettings, extractor: str) -> PairRow:
    """The row of a question that the model found."""
    question, answer = " ".join(pair.question.split()), " ".join(pair.answer.split())
    evidence = find_evidence(answer, pair.evidence, text["text"]) if answer else None
    return _row(
        text,
        question=question,
        answer=answer,
        evidence=evidence,
        extractor=extractor,
        reason=why_rejected(question, answer, evidence, settings.max_answer_chars),
    )


def marked_up_pairs(text: TextRow, settings: CurateSettings) -> Iterator[PairRow]:
    """Yield the row of each question that the page's markup declares. The declared answer is the evidence."""
    for marked in text["qa_markup"]:
        question = NUMBERING.sub("", marked["question"]).strip()
        best = best_answer(marked["answers"])
        if best is None:
            yield _row(text, question=question, extractor="markup", reason="no accepted answer")
            continue
        whole = best["text"].strip()
        conclusion = extract_answer(whole)
        answer = conclusion.answer if conclusion else whole
        longest = settings.max_answer_chars
        if not conclusion:
            longest = min(longest, MAX_WHOLE_ANSWER)
        yield _row(
            text,
            question=question,
            answer=answer,
            solution=None if answer == whole else whole,
            evidence=whole or None,
            extractor="markup",
            reason=why_rejected(question, answer, whole, longest),
        )


def why_rejected(question: str, answer: str, evidence: str | None, longest: int) -> str | None:
    """The reason to reject a pair, or None. `longest` is the maximum length of an answer in characters."""
    if not question or not answer:
        return "empty question or answer"
    if answer in question and len(answer) > len(question) / 2:
        return "answer repeats the question"
    if len(answer) > longest:
        return "answer too long"
    return "answer not on the page" if evidence is None else None


def best_answer(answers: list[MarkupAnswer]) -> MarkupAnswer | None:
    """The accepted answer, else the only answer, else the answer with the most votes (above 0), else None."""
    accepted = [answer for answer in answers if answer["accepted"]]
    if accepted or len(answers) == 1:
        return (accepted or answers)[0]
    voted = max(answers, key=lambda answer: answer["votes"] or 0, default=None)
    return voted if voted and voted["votes"] and voted["votes"] > 0 else None


def split(text: str, size: int) -> list[str]:
    """Split a text into parts of at most `size` characters, between paragraphs or lines if possible."""
    parts = []
    while len(text) > size:
        found = (text.rfind(mark, size // 2, size) for mark in ("\n\n", "\n"))
        cut = next((place for place in found if place > 0), size)
        parts.append(text[:cut])
        text = text[cut:]
    return [part for part in (*parts, text) if part.strip()]


def _row(
    text: TextRow,
    *,
    question: str | None = None,
    answer: str | None = None,
    solution: str | None = None,
    evidence: str | None = None,
    extractor: str = "none",
    reason: str | None = None,
) -> PairRow:
    return {
        "id": content_id(text["id"], question or "", answer or "", reason or ""),
        "page_id": text["id"],
        "url": text["url"],
        "license": text["license"],
        "question": question,
        "answer": answer,
        "solution": solution,
        "evidence": evidence,
        "extractor": extractor,
        "grounded": evidence is not None,
        "kept": reason is None,
        "reason": reason,
    }


def _distinct(rows: list[PairRow]) -> list[PairRow]:
    """The first row of each id, in order."""
    return list({row["id"]: row for row in reversed(rows)}.values())[::-1]
