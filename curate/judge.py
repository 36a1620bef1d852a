"""pairs -> judged: is this a question that a program can mark, and of what kind is it?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from curate.flow import Pair, pairs_left
from curate.models import model_for
from gr_toolkit.console import Advance, Summary
from gr_toolkit.engine import run_here
from gr_toolkit.errors import RequestFailed
from gr_toolkit.llm import LLM, Prompt, load_prompt
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from gr_toolkit.store.table import Row

PROMPT = Path(__file__).parent / "prompts" / "judge.md"


class Judgement(BaseModel):
    """The judge's reply; types, categories and levels as in WebInstruct-verified (arXiv 2505.14652)."""

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
    """Fill `judged` from the pairs that are neither duplicates nor leaks."""
    prompt = load_prompt(PROMPT)
    with model_for("judge", store, settings, summary) as llm:

        def one_shard(shard: str, advance: Advance) -> list[Row]:
            pairs = pairs_left(store, shard, "duplicates", "contaminated")
            return llm.map(lambda pair: judge_pair(pair, llm, prompt), pairs, advance)

        run_here(store, summary, one_shard)


async def judge_pair(pair: Pair, llm: LLM, prompt: Prompt) -> Row:
    """The row of one pair."""
    question, answer = str(pair["question"]), str(pair["answer"])
    row: dict[str, object] = {
        "id": pair["id"],
        "question": question,
        "answer": answer,
        "verifiable": None,
        "answer_type": None,
        "category": None,
        "difficulty": None,
        "judge": f"{llm.name} {prompt.version}",
    }
    try:
        reply = await llm.ask(prompt.messages(question=question, answer=answer), schema=Judgement)
    except RequestFailed as error:
        return {**row, "kept": False, "reason": error.reason}
    judgement = reply.parsed
    verifiable = judgement.problem == "none"
    row.update(judgement.model_dump(exclude={"problem"}), verifiable=verifiable)
    return {**row, "kept": verifiable, "reason": None if verifiable else judgement.problem}
