"""The paper's reward (gr_toolkit/verify/paper.py) as a reward function for TRL."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gr_toolkit.console import say
from gr_toolkit.settings import Settings
from gr_toolkit.verify import Item, Verdict, Verifier, extract_answer, open_verifier, paper_reward
from gr_toolkit.verify.extraction.thoughts import opens_thought
from gr_toolkit.verify.reward import Completion, text_of
from train.samples import write_samples

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, TrainerState


class Reward:
    """A reward function for TRL's trainers. It rewards all completions of a batch in one call.

    It can be pickled until its first call, which opens the tokenizer and the verifier in the calling process.
    """

    __name__ = "paper"  # TRL reports rewards/paper/mean

    def __init__(self, settings: Settings, model: str, samples: Path) -> None:
        """`model` is the policy, whose tokenizer counts tokens; `samples` is the folder for completions."""
        self.settings = settings
        self.model = model
        self.samples = samples
        self.outcomes: Counter[str] = Counter()  # number of completions so far by outcome
        self.first: dict[str, str] = {}  # the question of the first completion with each outcome
        self._open = ExitStack()
        self._asking: asyncio.Task[object] | None = None

    async def __call__(
        self,
        *,
        completions: Sequence[Completion],
        completion_ids: Sequence[Sequence[int]],
        id: Sequence[str],
        question: Sequence[str],
        answer: Sequence[str],
        trainer_state: TrainerState | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **_: object,
    ) -> list[float | None]:
        """The completions' rewards. `id`, `question` and `answer` (the reference) are columns of the dataset.

        A reward is None if the verdict is undecided or the verifier's server failed. Errors that later steps
        cannot recover from end the training: BudgetExceeded, MissingExtra, UsageError, CannotWrite.
        """
        texts = [text_of(completion) for completion in completions]
        found = [extract_answer(text, self._thinking) for text in texts]
        given = [one.answer if one else None for one in found]
        verdicts = await self._verify([Item(*item) for item in zip(question, answer, found, strict=True)])
        rewards = list(map(self._reward, verdicts, given, answer))
        outcomes = [verdict.outcome for verdict in verdicts]
        self.outcomes.update(outcomes)
        for row, outcome in zip(id, outcomes, strict=True):
            self.first.setdefault(outcome, row)
        if log_metric is not None:
            log_metric("answered", _share(stated is not None for stated in given))
            log_metric("correct", _share(outcome == "correct" for outcome in outcomes))
            log_metric("undecided", _share(outcome in ("undecided", "failed") for outcome in outcomes))
            log_metric("failed", _share(outcome == "failed" for outcome in outcomes))
        if trainer_state is not None:
            columns = {
                "id": id,
                "question": question,
                "completion": texts,
                "answer": given,
                "reference": answer,
                "correct": [verdict.correct for verdict in verdicts],
                "decided_by": [verdict.decided_by for verdict in verdicts],
                "reward": rewards,
                "tokens": [len(ids) for ids in completion_ids],
            }
            write_samples(self.samples, trainer_state.global_step + 1, columns)
        return rewards

    def close(self) -> None:
        """Cancel verification in progress and close the verifier."""
        if self._asking is not None:
            self._asking.get_loop().call_soon_threadsafe(self._asking.cancel)
        self._open.close()

    async def _verify(self, items: Sequence[Item]) -> list[Verdict]:
        verdicts = await asyncio.to_thread(self.verifier.run, self._ask(items))
        failed = [verdict for verdict in verdicts if verdict.outcome == "failed"]
        if failed:
            say(f"reward: {len(failed)} of {len(items)} completions have none: {failed[0].reason}")
        return verdicts

    async def _ask(self, items: Sequence[Item]) -> list[Verdict]:
        self._asking = asyncio.current_task()
        try:
            return await self.verifier.verify_many(items)
        finally:
            self._asking = None

    def _reward(self, verdict: Verdict, answer: str | None, reference: str) -> float | None:
        return paper_reward(verdict.correct, answer, self._tokens(answer or ""), self._tokens(reference))

    def _tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    @cached_property
    def _tokenizer(self) -> PreTrainedTokenizerBase:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.model)

    @cached_property
    def _thinking(self) -> bool:
        """Whether the policy's chat template opens a thought at the end of each prompt."""
        if not self._tokenizer.chat_template:
            return False
        turns = [{"role": "user", "content": "?"}]
        rendered = self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        return opens_thought(str(rendered))

    @cached_property
    def verifier(self) -> Verifier:
        """The verifier, opened on first use. Raises UsageError and MissingExtra."""
        return self._open.enter_context(open_verifier(self.settings))


def _share(flags: Iterable[bool]) -> float:
    known = list(flags)
    return sum(known) / len(known)
