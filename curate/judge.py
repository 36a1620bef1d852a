"""pairs -> judged: whether the answer is verifiable, and the question's type, subject and difficulty."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from curate.flow import Pair, pairs_reaching
from curate.models import ask_about, model_for
from gr_toolkit.console import Summary
from gr_toolkit.engine import Asked
from gr_toolkit.errors import RequestFailed, Unanswered
from gr_toolkit.llm import LLM, Prompt, load_prompt
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from gr_toolkit.store.tables import JudgedRow

PROMPT = Path(__file__).parent / "prompts" / "judge.md"


class Judgement(BaseModel):
    """The judge's reply, with the types, categories and difficulties of the data set WebInstruct-verified."""

    problem: Literal[
        "none", "needs context", "not a question", "open-ended", "several answers", "answer does not fit"
    ]
    answer_type: Literal[
        "Float",
        "Multiple Choice",
        "Integer",
        "Percentage",
        "String",
        "Expression",
        "List",
        "Boolean",
        "Fraction",
        "Matrix",
        "Other",
    ]
    category: Literal[
        "Mathematics",
        "Physics",
        "Chemistry",
        "Biology",
        "Business",
        "Economics",
        "Finance",
        "History",
        "Computer Science",
        "Engineering",
        "Health",
        "Law",
        "Philosophy",
        "Psychology",
        "Other STEM",
        "Other",
    ]
    difficulty: Literal["Primary School", "Junior High School", "Senior High School", "University", "PhD"]


def judge(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `judged` from the pairs that are neither duplicates nor benchmark leaks."""
    prompt = load_prompt(PROMPT)
    with model_for("judge", store, settings, summary) as llm:
        ask_about(
            store,
            settings,
            summary,
            llm,
            items=lambda shard: pairs_reaching(store, "judged", shard),
            ask=lambda pair: judge_pair(pair, llm, prompt),
            name=lambda pair: pair.id,
        )


async def judge_pair(pair: Pair, llm: LLM, prompt: Prompt) -> Asked[list[JudgedRow]]:
    """Ask the judge about one pair; the result is the pair's row of `judged`."""
    try:
        messages = prompt.messages(question=pair.question, answer=pair.answer)
        reply = await llm.ask(messages, schema=Judgement)
    except RequestFailed as error:
        return Asked([_row(pair, llm, prompt, None, error.reason)])
    except Unanswered as error:
        return Asked([_row(pair, llm, prompt, None, error.reason)], error)
    problem = reply.parsed.problem
    return Asked([_row(pair, llm, prompt, reply.parsed, None if problem == "none" else problem)])


def _row(pair: Pair, llm: LLM, prompt: Prompt, judgement: Judgement | None, reason: str | None) -> JudgedRow:
    return {
        "id": pair.id,
        "question": pair.question,
        "answer": pair.answer,
        "verifiable": reason is None if judgement else None,
        "answer_type": judgement.answer_type if judgement else None,
        "category": judgement.category if judgement else None,
        "difficulty": judgement.difficulty if judgement else None,
        "judge": f"{llm.name} {prompt.version}",
        "kept": reason is None,
        "reason": reason,
    }
