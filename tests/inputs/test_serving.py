"""The scoring server: whatever arrives is answered in one message, in JSON, and nobody starves the others."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
import uvicorn

from churnclv.bundle import serving
from churnclv.bundle.pyfunc import RefusedInputError
from churnclv.bundle.serving import ServedBundle, ServingLimits, TimedProtocol, bind, build_app, host_name
from churnclv.bundle.shared_scoring import SharedScoring
from churnclv.data.settings import DataSettings
from churnclv.errors import InputError

COLUMNS = ["customer_id", "timestamp", "amount"]
LIMITS = ServingLimits(waiting=3, together=1, body_bytes=20_000, request_seconds=0.5, hosts=("scores.example.com",))
JSON = {"Content-Type": "application/json"}
RECORD = {"customer_id": "a", "timestamp": "2023-01-01", "amount": 5}
FAULT = "as_of=soon is not a date.\n  -> write it as 2011-09-09."


@dataclass
class Specification:
    data: DataSettings = field(default_factory=DataSettings)


class FakeScorer:
    """Scores customers with a and without b; refuses or fails where a cell is so named."""

    def __init__(self):
        self.specification, self.gate, self.calls = Specification(), threading.Event(), 0
        self.gate.set()

    def predict(self, events, as_of=None):
        self.calls += 1
        assert self.gate.wait(20)
        if as_of == "soon":
            raise InputError("as_of=soon is not a date.", remedy="write it as 2011-09-09.")
        ids = [str(value) for value in events["customer_id"]]
        if "ambiguous" in ids:
            raise InputError("days or months first?", remedy="set data.day_first=true or data.day_first=false.")
        if "bug" in ids:
            raise KeyError("/srv/bundles/secret.json")
        scores = [np.nan if name == "b" else 0.5 for name in ids]
        return pd.DataFrame({"customer_id": ids, "as_of": as_of, "churn_score": scores, "n": np.arange(len(ids))})


class JoiningScorer(FakeScorer):
    """Scores several requests in one pass, unless a customer is named `ambiguous` or `bug`; counts its passes."""

    def __init__(self):
        super().__init__()
        self.passes = []

    def predict_together(self, frames, as_of):
        self.passes.append(len(frames))
        return [self.predict(frame, as_of) for frame in frames]


def score_at_once(scorer, *requests):
    """Score requests, (id, as_of), that come while the first is scored; return what each got: an id or an error."""
    shared, got = SharedScoring(scorer), {}

    def ask(name, as_of):
        try:
            got[name] = shared.predict(pd.DataFrame({"customer_id": [name]}), as_of)["customer_id"].tolist()
        except Exception as error:  # noqa: BLE001 # a bug is what this is about
            got[name] = type(error).__name__

    scorer.gate.clear()
    threads = [threading.Thread(target=ask, args=request) for request in requests]
    threads[0].start()
    while not scorer.calls:
        time.sleep(0.001)
    for thread in threads[1:]:
        thread.start()
    while len(shared._queue) < len(requests) - 1:
        time.sleep(0.001)
    scorer.gate.set()
    for thread in threads:
        thread.join(20)
    return got


def model_of(scorer):
    """Return a scorer as MLflow calls it, with a bundle's signature."""
    from mlflow.models import Model, ModelSignature
    from mlflow.pyfunc import PyFuncModel
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    signature = ModelSignature(
        Schema([ColSpec(AnyType(), name, required=False) for name in COLUMNS]),
        params=ParamSchema([ParamSpec("as_of", "string", "")]),
    )
    return PyFuncModel(Model(signature=signature), ServedBundle(scorer, {}))


@pytest.fixture(scope="module")
def server():
    """Return the scorer behind a running server, and its port."""
    scorer, bound = FakeScorer(), bind("127.0.0.1", 0)
    app = build_app(model_of(scorer), LIMITS)
    protocol = type("Protocol", (TimedProtocol,), {"seconds": LIMITS.request_seconds})
    running = uvicorn.Server(uvicorn.Config(app, http=protocol, ws="none", lifespan="off", log_level="critical"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [bound]})
    thread.start()
    yield scorer, bound.getsockname()[1]
    running.should_exit = True
    thread.join()
    bound.close()


def call(port, body=b"", headers=JSON, path="/invocations", method="POST"):
    """Return the status, the text and the headers of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


def score(port, records, **params):
    return call(port, json.dumps({"dataframe_records": records, "params": params}).encode())


def strict(text: str):
    """Parse JSON as other languages do: NaN is none."""

    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_requests_that_wait_share_a_pass():
    scorer = JoiningScorer()
    got = score_at_once(scorer, *[(name, "2023-02-01") for name in "abcde"])
    assert got == {name: [name] for name in "abcde"}
    assert scorer.passes == [4]


def test_requests_for_different_days_share_none():
    scorer = JoiningScorer()
    got = score_at_once(scorer, ("a", "2023-02-01"), ("b", "2023-02-02"), ("c", "2023-02-03"))
    assert got == {name: [name] for name in "abc"}
    assert scorer.passes == []


@pytest.mark.parametrize(("name", "error"), [("ambiguous", "InputError"), ("bug", "KeyError")])
def test_the_fault_of_one_request_is_no_others(name, error):
    scorer = JoiningScorer()
    got = score_at_once(scorer, *[(each, "2023-02-01") for each in ("a", "c", name, "d")])
    assert got == {"a": ["a"], "c": ["c"], "d": ["d"], name: error}
    assert scorer.passes == [3]


def test_a_bundle_of_an_earlier_version_scores_each_request_alone():
    scorer = FakeScorer()
    shared = SharedScoring(scorer)
    scores = shared.predict(pd.DataFrame({"customer_id": ["a"]}), "2023-02-01")
    assert scores["customer_id"].tolist() == ["a"]
    assert scorer.calls == 1


def test_undefined_values_are_null(server):
    status, text, _ = score(server[1], [RECORD, RECORD | {"customer_id": "b"}])
    assert status == 200
    assert [row["churn_score"] for row in strict(text)["predictions"]] == [0.5, None]
    assert [row["n"] for row in strict(text)["predictions"]] == [0, 1]


def test_a_fault_of_the_caller_is_answered_with_its_sentence_alone(server):
    status, text, _ = score(server[1], [RECORD], as_of="soon")
    assert status == 400
    assert strict(text) == {"error_code": "INVALID_PARAMETER_VALUE", "message": FAULT}


def test_a_remedy_names_no_setting_of_training(server):
    status, text, _ = score(server[1], [RECORD | {"customer_id": "ambiguous"}])
    message = strict(text)["message"]
    assert status == 400
    assert message.startswith("days or months first?\n  -> send each cell as the training file has it")
    assert "data." not in message


def test_mlflows_own_server_answers_the_sentence_too(server):
    from mlflow.pyfunc import scoring_server

    model = model_of(server[0])
    body = {"dataframe_records": [RECORD], "params": {"as_of": "soon"}}
    with pytest.raises(RefusedInputError) as refused:
        scoring_server.invocations(json.dumps(body), "application/json", model, None)
    answer = json.loads(refused.value.serialize_as_json())
    assert (answer["message"], answer["error_code"]) == (FAULT, "INVALID_PARAMETER_VALUE")
    assert "stack_trace" not in answer
    assert refused.value.get_http_status_code() == 400


def test_a_fault_of_ours_tells_no_places(server):
    status, text, _ = score(server[1], [RECORD | {"customer_id": "bug"}])
    assert status == 500
    assert strict(text)["error_code"] == "INTERNAL_ERROR"
    assert "/" not in text
    assert "Traceback" not in text


HOSTILE = {
    "no JSON": (b"{", 400, "no JSON that can be read"),
    "nested 100,000 deep": (b'{"dataframe_records":' + b"[" * 9000 + b"]" * 9000 + b"}", 400, ""),
    "an id of 5,000 digits": (
        b'{"dataframe_records":[{"customer_id":' + b"9" * 5000 + b"}]}",
        400,
        "Write ids as text",
    ),
    "a list": (b"[1]", 400, "exactly one of dataframe_records"),
    "a number": (b"5", 400, "exactly one of dataframe_records"),
    "two forms": (b'{"inputs":{},"instances":[]}', 400, "exactly one of dataframe_records"),
    "a chat": (b'{"messages":[]}', 400, "exactly one of dataframe_records"),
    "records that are none": (b'{"dataframe_records":5}', 400, "must be a list of records"),
    "no records": (b'{"dataframe_records":[]}', 400, "no row with one of the columns customer_id, timestamp, amount"),
    "other columns": (b'{"instances":[[1,2]]}', 400, "no row with one of the columns"),
    "half a surrogate": (b'{"dataframe_records":[{"customer_id":"\\ud800"}]}', 400, "surrogates"),
    "as_of a number": (b'{"dataframe_records":[{"customer_id":"a"}],"params":{"as_of":5}}', 400, "as_of"),
    "no text": (b"\xff\xfe\x00", 400, "no JSON that can be read"),
    "too large": (b" " * 30_000, 413, "larger than 20,000 bytes"),
}


@pytest.mark.parametrize(("body", "status", "phrase"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_requests_are_answered_in_one_message(server, body, status, phrase):
    answered, text, _ = call(server[1], body)
    answer = strict(text)
    assert answered == status
    assert set(answer) == {"error_code", "message"}
    assert phrase in answer["message"]
    assert len(text) < 3000
    assert not [trace for trace in ("Traceback", "site-packages", ".py") if trace in text]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_what_is_not_read_is_named(server, headers, status):
    answered, text, _ = call(server[1], json.dumps({"dataframe_records": [RECORD]}).encode(), headers)
    assert answered == status
    assert status == 200 or strict(text)["message"]


def test_csv_is_read_as_text(server):
    csv = "customer_id,timestamp,amount\n007,2023-01-01,5\nNA,2023-01-01,5\n"
    status, text, _ = call(server[1], csv.encode(), {"Content-Type": "text/csv"}, "/invocations?as_of=2023-05-05")
    assert status == 200
    rows = strict(text)["predictions"]
    assert [(row["customer_id"], row["as_of"]) for row in rows] == [("007", "2023-05-05"), ("NA", "2023-05-05")]


@pytest.mark.parametrize("csv", [b'a,b\n"x', b"\xff", b""])
def test_what_is_no_csv_is_answered_in_one_message(server, csv):
    status, text, _ = call(server[1], csv, {"Content-Type": "text/csv"})
    assert status == 400
    assert "no CSV that can be read" in strict(text)["message"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
        ("LOCALHOST:5001", 200),
        ("[::1]:5001", 200),
        ("scores.example.com", 200),
    ],
)
def test_only_names_of_this_server_are_answered(server, host, status):
    assert call(server[1], headers={"Host": host}, path="/ping", method="GET")[0] == status


def test_the_name_in_a_host_header():
    named = ["a.b:80", "a.b", "[::1]:80", "[::1]", ""]
    assert [host_name(header) for header in named] == ["a.b", "a.b", "::1", "::1", ""]


def test_a_burst_is_answered_at_once_and_leaves_nothing_behind(server):
    scorer, port = server
    scorer.gate.clear()
    answers = []

    def one():
        answers.append(score(port, [RECORD]))

    threads = [threading.Thread(target=one) for _ in range(20)]
    before = scorer.calls
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 15
    while len(answers) < 16 and time.monotonic() < deadline:  # one is scored, three wait
        time.sleep(0.02)
    assert [status for status, _, _ in answers] == [503] * 16
    assert {headers["retry-after"] for _, _, headers in answers} == {"10"}
    scorer.gate.set()
    for thread in threads:
        thread.join()
    assert Counter(status for status, _, _ in answers) == {503: 16, 200: 4}
    assert scorer.calls - before == 4


def test_who_has_gone_away_is_not_scored(server):
    scorer, port = server
    scorer.gate.clear()
    before = scorer.calls
    first = threading.Thread(target=score, args=(port, [RECORD]))
    first.start()
    while scorer.calls == before:
        time.sleep(0.02)
    body = json.dumps({"dataframe_records": [RECORD]})
    head = "POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port)) as gone:
        gone.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        time.sleep(0.3)
    time.sleep(0.3)
    scorer.gate.set()
    first.join()
    assert score(port, [RECORD])[0] == 200
    assert scorer.calls - before == 2


SLOW = {
    "silent": b"",
    "half a head": b"POST /invoc",
    "one byte of a body": b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
}


def test_slow_callers_are_closed_and_keep_nobody_waiting(server):
    _, port = server
    slow = [(start, socket.create_connection(("127.0.0.1", port))) for start in SLOW.values() for _ in range(30)]
    for start, caller in slow:
        caller.sendall(start)
    assert score(port, [RECORD])[0] == 200
    time.sleep(2.5 * LIMITS.request_seconds)
    closed = 0
    for _, caller in slow:
        caller.settimeout(0.5)
        try:
            closed += caller.recv(1) == b""
        except ConnectionError:
            closed += 1
        caller.close()
    assert closed == len(slow)


def test_a_second_request_on_a_connection_has_its_own_clock(server):
    connection = http.client.HTTPConnection("127.0.0.1", server[1], timeout=20)
    for pause in (0.0, 0.4, 0.4):  # together longer than one request may take
        time.sleep(pause)
        connection.request("GET", "/ping")
        assert connection.getresponse().read() == b"\n"
    connection.close()


def test_a_port_that_is_taken_is_named():
    with bind("127.0.0.1", 0) as first, pytest.raises(InputError, match=r"port .* in use"):
        bind("127.0.0.1", first.getsockname()[1])
    with pytest.raises(InputError, match="take another with PORT"):
        bind("127.0.0.1", 99_999)


def test_large_requests_share_a_bounded_memory():
    held = serving.ScoringServer(None, LIMITS)
    held._held_bytes = LIMITS.body_bytes * serving._MOST_BODIES + 1
    with pytest.raises(serving.RefusedRequestError, match="too many large requests"):
        held._require_room(1)


def test_answers_are_counted_by_status(server):
    before = metrics_of(server[1])
    score(server[1], [RECORD])
    score(server[1], [RECORD], as_of="soon")
    after = metrics_of(server[1])
    for status in ("200", "400"):
        name = f'churnclv_requests_total{{status="{status}"}}'
        assert after[name] == before.get(name, 0) + 1
    assert after["churnclv_request_seconds_count"] == before["churnclv_request_seconds_count"] + 2
    assert after["churnclv_request_seconds_sum"] > before["churnclv_request_seconds_sum"]
    assert after["churnclv_waiting_requests"] == 0


def metrics_of(port):
    """Return the counters by name."""
    status, text, headers = call(port, path="/metrics", method="GET")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_a_full_queue_is_not_ready(server):
    scorer, port = server
    assert call(port, path="/ready", method="GET")[0] == 200
    scorer.gate.clear()
    threads = [threading.Thread(target=score, args=(port, [RECORD])) for _ in range(LIMITS.waiting + 1)]
    try:
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while metrics_of(port)["churnclv_waiting_requests"] < LIMITS.waiting and time.monotonic() < deadline:
            time.sleep(0.05)
        status, _, headers = call(port, path="/ready", method="GET")
        assert (status, headers["retry-after"]) == (503, "10")
    finally:
        scorer.gate.set()
        for thread in threads:
            thread.join()
    assert call(port, path="/ready", method="GET")[0] == 200


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/metrics", None, 401), ("/metrics", "Bearer wrong", 401), ("/metrics", "s3cret-t0ken", 401),
        ("/metrics", "Bearer s3cret-t0ken", 200),
        ("/nowhere", None, 401), ("/health", None, 200), ("/ready", None, 200),
    ],
)  # fmt: skip
def test_a_server_with_a_token_answers_nobody_without_it(path, token, status):
    limits = ServingLimits(token="s3cret-t0ken")  # noqa: S106 # of this test
    headers = [(b"host", b"localhost")] + ([] if token is None else [(b"authorization", token.encode())])
    answer = asyncio.run(call_app(build_app(model_of(FakeScorer()), limits), path, headers))
    assert answer[0]["status"] == status
    if status == 401:
        assert (b"www-authenticate", b"Bearer") in answer[0]["headers"]
        assert json.loads(answer[1]["body"])["error_code"] == "UNAUTHENTICATED"
    assert "s3cret" not in f"{answer}{limits}"


async def call_app(app, path, headers):
    """Return the messages of an application's answer to a GET, without a server."""
    messages = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        messages.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": headers,
        "query_string": b"", "scheme": "http", "root_path": "", "http_version": "1.1", "server": ("localhost", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    return messages
