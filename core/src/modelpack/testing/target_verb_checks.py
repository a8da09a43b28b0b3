"""Checks of the verbs beside deploying: invocations, logs, traffic, documents, this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.deployments import verbs
from modelpack.errors import DeployError
from modelpack.testing.local_server import local_server
from modelpack.testing.skips import declared
from modelpack.testing.target_suite import ANSWER, CREATE, TargetSuite

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.testing.target_bench import Bench

CSV = "text/csv"
UNREADABLE = b'{"dataframe_split": {"columns": ["another"], "data": [["text"]]}}'


class TargetVerbChecks(TargetSuite):
    """What else a target does."""

    def test_media_types_are_passed_on(self, bench: Bench) -> None:
        """Whoever sends CSV and asks for CSV gets CSV.

        If this fails: send `invocation.content_type` as the header Content-Type and `invocation.accept` as Accept, and
        answer the server's Content-Type.
        """
        declared(self.invokes, "invokes")
        self.needs(bench, CREATE)
        standing = bench.standing()
        self.needs(bench, ANSWER)
        body = "\n".join(["x", *map(str, bench.model("first").answers), ""]).encode()
        answer = bench.invoke(standing.name, body, CSV, CSV)
        assert answer.content_type.startswith(CSV), f"asked for was CSV, and answered {answer.content_type}"
        rows = [float(line) for line in answer.body.decode().splitlines()[1:]]
        assert rows == [row + 1.0 for row in bench.model("first").answers]

    def test_refused_request_is_told(self, bench: Bench) -> None:
        """A request that the scoring server refuses is an error with the server's words.

        If this fails: raise `DeployError` with the code `invocation_failed` for any status but success, and with the
        answer's body in the message.
        """
        declared(self.invokes, "invokes")
        self.needs(bench, CREATE)
        standing = bench.standing()
        self.needs(bench, ANSWER)
        with pytest.raises(DeployError) as raised:
            bench.invoke(standing.name, UNREADABLE)
        assert raised.value.code == "invocation_failed", f"the code is {raised.value.code}: {raised.value}"
        assert "'x'" in raised.value.message, f"the server's words are missing: {raised.value.message}"

    def test_absent_does_not_answer(self, bench: Bench) -> None:
        """A request to what is not deployed is an error that says so.

        If this fails: raise `DeployError` with the code `not_deployed` and the name in the message.
        """
        declared(self.invokes, "invokes")
        self.needs(bench, CREATE)
        name = bench.name()
        with pytest.raises(DeployError) as raised:
            bench.invoke(name)
        assert raised.value.code == "not_deployed", f"the code is {raised.value.code}: {raised.value}"
        assert name in raised.value.message, f"the error does not show {name!r}: {raised.value}"

    def test_log_is_read(self, bench: Bench) -> None:
        """The log of a deployment has lines, at most as many as were asked for, and that of an absent one is an error.

        If this fails: answer text without line ends, the last `query.lines` of them, oldest first; raise `DeployError`
        with the code `not_deployed` where nothing stands.
        """
        declared(self.has_logs, "has_logs")
        self.needs(bench, CREATE)
        standing = bench.standing()
        if self.invokes:
            self.needs(bench, ANSWER)
        everything = list(bench.logs(standing.name, 1000))
        assert everything, "the log is empty"
        assert all("\n" not in line for line in everything), "a line of the log has a line end"
        last = list(bench.logs(standing.name, 1))
        assert len(last) == 1, f"asked for was a line, and there are {len(last)}"
        assert last[0] in list(bench.logs(standing.name, 1000))[len(everything) - 1 :], "it is not the last line"
        with pytest.raises(DeployError) as raised:
            list(bench.logs(bench.name(), 1))
        assert raised.value.code == "not_deployed", f"the code is {raised.value.code}: {raised.value}"

    def test_traffic_is_divided(self, bench: Bench) -> None:
        """Traffic is divided among the variants as it was asked for, and `get` says so.

        If this fails: answer the variants with their shares in percent.
        """
        declared(self.divides_traffic, "divides_traffic")
        self.needs(bench, CREATE)
        name = bench.name()
        bench.deploy(name)
        traffic = dict(self.add_variant(bench.options, name))
        divided = bench.set_traffic(name, traffic)
        for found in (divided, bench.get(name)):
            assert {variant.name: variant.traffic for variant in found.variants} == pytest.approx(traffic)

    def test_documents_are_exported(self, bench: Bench) -> None:
        """The request can be had as documents, the same each time, and nothing is changed by that.

        If this fails: answer the text of each document by a plain file name; keep times and random names out.
        """
        declared(self.exports, "exports")
        self.needs(bench, CREATE)
        name, before = bench.name(), bench.footprint()
        documents = bench.export(name)
        assert documents, "there is no document"
        for file, text in documents.items():
            assert file == file.strip("/").rpartition("/")[2], f"{file!r} is no plain file name"
            assert text.strip(), f"{file} is empty"
        assert any(name in text for text in documents.values()), f"no document names {name}"
        assert bench.export(name) == documents
        assert bench.footprint() == before

    def test_batch_job_scores(self, bench: Bench) -> None:
        """A batch job writes a prediction for each row, and the same call again finds it done.

        If this fails: wait for nothing in `submit_batch`; answer from `get_batch` how far the job of that name is,
        `absent` when there is none; remove what was made for the job alone when it is over.
        """
        declared(self.runs_batch_jobs, "runs_batch_jobs")
        self.needs(bench, CREATE)
        name, answers = bench.name(), bench.model("first").answers
        assert bench.get_batch(name).state == "absent"
        rows = "\n".join(["x", *(str(answer - 1.0) for answer in answers), ""]).encode()
        source, destination = self.batch_data(bench.options, rows)
        job = bench.submit_batch(name, source, destination)
        after, asked = bench.footprint(), self.changes(bench.options)
        assert job.state == "succeeded", f"the job is {job.state}: {job.reason}"
        assert _numbers(self.predictions(bench.options, destination)) == answers
        again = bench.submit_batch(name, source, destination)
        assert again.state == "succeeded", f"the same job again is {again.state}: {again.reason}"
        assert bench.footprint() == after, "the same job again left something behind"
        assert self.changes(bench.options) == asked, "the same job was started twice"

    def test_serves_on_this_machine(self, bench: Bench) -> None:
        """`run_local` serves the model until it is told to stop, and leaves nothing behind.

        If this fails: listen on the host and port of the context, tell where by `progress`, and end what was started
        when the process gets SIGTERM.
        """
        declared(self.runs_locally, "runs_locally")
        self.needs(bench, CREATE)
        before = bench.footprint()
        with local_server(bench) as server:
            assert server.answers() == bench.model("first").answers
            assert server.stopped() == 0, f"the exit code is not 0: {server.output()}"
        assert bench.footprint() == before

    def test_unsupported_is_said(self, bench: Bench) -> None:
        """A verb that the target does not have is refused as such, and not silently done.

        If this fails: leave the verb out, so that the one of `Target` answers; or declare it in the test class
        (`invokes`, `has_logs`, `divides_traffic`, `exports`, `runs_batch_jobs`, `runs_locally`).
        """
        self.needs(bench, CREATE)
        standing = bench.standing()
        calls: dict[str, tuple[bool, Callable[[], object]]] = {
            "invoke": (self.invokes, lambda: bench.invoke(standing.name)),
            "logs": (self.has_logs, lambda: list(bench.logs(standing.name, 1))),
            "set_traffic": (self.divides_traffic, lambda: bench.set_traffic(standing.name, {"a": 100.0})),
            "export": (self.exports, lambda: bench.export(standing.name)),
            "get_batch": (self.runs_batch_jobs, lambda: bench.get_batch(standing.name)),
            "submit_batch": (self.runs_batch_jobs, lambda: bench.submit_batch(bench.name(), "in", "out")),
            "run_local": (self.runs_locally, lambda: self._run_local(bench)),
        }
        for verb, (has, call) in calls.items():
            if not has:
                with pytest.raises(DeployError) as raised:
                    call()
                assert raised.value.code == "unsupported", f"{verb}: the code is {raised.value.code}: {raised.value}"
                assert self.target in raised.value.message, f"{verb}: the error does not name {self.target!r}"

    def _run_local(self, bench: Bench) -> int:
        model = bench.model("first").path
        return verbs.run_local(model, target=self.target, options=bench.options, port=0, plugins=bench.manager)


def _numbers(predictions: bytes) -> list[float]:
    """The last column of a CSV file, with or without a header."""
    last = [line.rpartition(",")[2] for line in predictions.decode().split()]
    return [float(cell) for cell in last[not last[0].replace(".", "").isdigit() :]]
