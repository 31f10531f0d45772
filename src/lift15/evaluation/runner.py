"""Predict, measure, keep: one pass over a benchmark for several models and several protocols."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import torch

import vfiblocks
from lift15.data.sources.base import Problem
from lift15.evaluation.answering import Loaded, answer, load, shown_frames
from lift15.evaluation.items import Benchmark, Item, Question, questions
from lift15.evaluation.prediction import Predictor
from lift15.evaluation.protocols.base import Protocol
from lift15.evaluation.protocols.pictures import Scorer, unit
from lift15.evaluation.protocols.reading import read_benchmark
from lift15.evaluation.results import ResultFile, Row, write_parquet
from lift15.evaluation.summary import Summary, summarise, write_summary
from vfiblocks.errors import DataError, InputError

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, kw_only=True)
class Run:
    """How an evaluation is carried out; nothing here changes a score.

    Args:
        output: folder for results.
        workers: threads that read pictures ahead.
        shard: which of how many processes this is; each takes every so-manieth question.
        limit: measure so many items, spread evenly over the benchmark.
        incomplete: measure what is there of a benchmark that lacks items.
        parquet: write all scores to ``scores.parquet`` as well.
        on_progress: called with items done and in all.
    """

    output: Path
    workers: int = 2
    shard: tuple[int, int] | None = None
    limit: int | None = None
    incomplete: bool = False
    parquet: bool = False
    on_progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise InputError(f"workers must be 1 or more, got {self.workers}")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"the limit must be 1 or more, got {self.limit}")


def evaluate(
    predictors: Sequence[Predictor], protocols: Sequence[Protocol], root: str | Path, run: Run
) -> list[Summary]:
    """Measure models under protocols.

    Protocols that show a model the same are measured on the same predictions. What the output
    folder has already is not measured again.

    Args:
        predictors: models and baselines.
        protocols: of benchmarks that lie under one root.
        root: where the data are.
        run: how.

    Returns:
        One summary for each model and protocol, also written to ``summary.md`` and
        ``summary.json``.

    Raises:
        DataError: the root holds something else, items are missing or cannot be read.
        InputError: a model can make none of the frames, or the output holds results of others.
    """
    _check_names("model", [predictor.name for predictor in predictors])
    _check_names("protocol", [protocol.name for protocol in protocols])
    alike: dict[str, list[Protocol]] = {}
    for protocol in protocols:
        alike.setdefault(protocol.question, []).append(protocol)
    exams = [_open(predictors, group, Path(root), run) for group in alike.values()]
    total = sum(len(question.items) for exam in exams for question in exam.questions)
    done = 0
    with ExitStack() as stack:
        files = [stack.enter_context(file) for exam in exams for file in exam.results.values()]
        for exam in exams:
            for question in exam.work(run.workers):
                done += len(question.items)
                if run.on_progress is not None:
                    run.on_progress(done, total)
        summaries = [summary for exam in exams for summary in exam.summaries()]
        order = [protocol.name for protocol in protocols]
        summaries.sort(key=lambda summary: order.index(summary.protocol.name))
        write_summary(run.output, summaries)
        if run.parquet:
            write_parquet(run.output / "scores.parquet", files)
    return summaries


@dataclass
class _Exam:
    """Protocols that ask the same questions, and who answers them.

    Results and scorers are by protocol and predictor.
    """

    protocols: list[Protocol]
    predictors: Sequence[Predictor]
    benchmark: Benchmark
    questions: list[Question]
    scorers: dict[tuple[str, str], Scorer]
    results: dict[tuple[str, str], ResultFile]
    incomplete: bool
    notes: list[str]
    unreadable: list[Problem] = field(default_factory=list)
    done: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def work(self, workers: int) -> Iterator[Question]:
        """Answer what has no answer yet; yields each question when it is dealt with."""
        self.done = {key: {row.item for row in file.rows()} for key, file in self.results.items()}
        waiting: deque[tuple[Question, list[Predictor], Future[Loaded] | None]] = deque()
        with ThreadPoolExecutor(workers) as pool:
            try:
                for question in self.questions:
                    who = [p for p in self.predictors if self._open_items(question, p)]
                    ahead = None
                    if who:
                        ahead = pool.submit(load, question, who, self.protocols[0], self.benchmark)
                    waiting.append((question, who, ahead))
                    if len(waiting) > workers:
                        yield self._answer(*waiting.popleft())
                while waiting:
                    yield self._answer(*waiting.popleft())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def summaries(self) -> Iterator[Summary]:
        for protocol in self.protocols:
            for predictor in self.predictors:
                key = protocol.name, predictor.name
                notes = [*self.notes, *self.scorers[key].notes]
                if self.unreadable:
                    notes.append(f"{len(self.unreadable):,} items cannot be read and are left out")
                yield summarise(
                    protocol,
                    predictor,
                    self.benchmark,
                    self.results[key].rows(),
                    identity=_identity(predictor, protocol, self.benchmark),
                    notes=notes,
                )

    def _open_items(self, question: Question, predictor: Predictor) -> list[Item]:
        """Items that a predictor can make and that lack a score under some protocol."""
        return [
            item
            for item in question.items
            if not predictor.refusal(item.time)
            and any(item.name not in self.done[p.name, predictor.name] for p in self.protocols)
        ]

    def _answer(
        self, question: Question, who: list[Predictor], ahead: Future[Loaded] | None
    ) -> Question:
        if ahead is None:
            return question
        try:
            loaded = ahead.result()
        except DataError as error:
            if not self.incomplete:
                raise
            self.unreadable += [Problem(item.name, str(error)) for item in question.items]
            return question
        for predictor in who:
            items = self._open_items(question, predictor)
            made = answer(items, predictor, self.protocols[0], loaded)
            refs = shown_frames(items[0], predictor, self.protocols[0])
            shown = sum(ref is not None for ref in refs)
            for item, picture in zip(items, made, strict=True):
                target = loaded.targets[question.items.index(item)]
                truth = unit(target.to(predictor.device))[None]
                for protocol in self.protocols:
                    key = protocol.name, predictor.name
                    if item.name not in self.done[key]:
                        scores = self.scorers[key](picture, truth)
                        row = Row(item.name, item.scene, item.time, shown, len(refs), scores)
                        self.results[key].append(row)
        return question


def _open(
    predictors: Sequence[Predictor], protocols: list[Protocol], root: Path, run: Run
) -> _Exam:
    """Find the items, and refuse all that can be refused before any work is done."""
    benchmark = read_benchmark(protocols[0], root, incomplete=run.incomplete)
    items = _spread(benchmark.items, run.limit)
    notes = list(benchmark.notes)
    if len(items) < len(benchmark.items):
        notes.append(f"{len(items):,} of {len(benchmark.items):,} items, evenly spread")
    asked = questions(items)
    if run.shard is not None:
        asked = asked[run.shard[0] :: run.shard[1]]
    made: dict[tuple[str, torch.device], Scorer] = {}
    scorers: dict[tuple[str, str], Scorer] = {}
    results: dict[tuple[str, str], ResultFile] = {}
    for predictor in predictors:
        refusals = [predictor.refusal(item.time) for item in items]
        if all(refusals):
            raise InputError(
                f"model '{predictor.name}' can make none of the {len(items):,} frames: "
                f"{refusals[0]}; use one with arbitrary time, such as 'rife-m'"
            )
        for protocol in protocols:
            place = protocol.name, predictor.device
            if place not in made:  # a perceptual measure is a network, and loaded once
                made[place] = Scorer(protocol, predictor.device)
            scorers[protocol.name, predictor.name] = made[place]
            identity = _identity(predictor, protocol, benchmark)
            results[protocol.name, predictor.name] = ResultFile(
                run.output, identity, made[place].names, shard=run.shard
            )
    return _Exam(protocols, predictors, benchmark, asked, scorers, results, run.incomplete, notes)


def _identity(predictor: Predictor, protocol: Protocol, benchmark: Benchmark) -> dict[str, str]:
    return {
        "model": predictor.name,
        **predictor.identity,
        "protocol": protocol.name,
        "protocol_hash": protocol.fingerprint,
        "data": benchmark.fingerprint,
        "version": vfiblocks.__version__,
    }


def _spread(items: tuple[Item, ...], limit: int | None) -> list[Item]:
    """So many items at equal distances; all of them without a limit."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[k * len(items) // limit] for k in range(limit)]


def _check_names(what: str, names: list[str]) -> None:
    if not names:
        raise InputError(f"an evaluation needs at least one {what}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"{what} '{twice[0]}' comes twice; results are filed under names, so each must be used "
            "once (--name gives a model another one)"
        )
