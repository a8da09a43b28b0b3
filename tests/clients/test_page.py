"""The pages in a real browser."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("playwright", reason="the pages are tested with playwright: pip install playwright")
from playwright.sync_api import Browser, BrowserContext, Page, expect

from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.signature import (
    Array,
    Column,
    ColumnSchema,
    DataType,
    ModelSignature,
    Param,
    Tensor,
    TensorSchema,
)

pytestmark = pytest.mark.slow

PLANE = ModelSignature(
    ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.LONG, "count"))),
    ColumnSchema((Column(DataType.DOUBLE, "z"),)),
    (Param("scale", DataType.DOUBLE, 1.0),),
)
EXAMPLE = pd.DataFrame({"x": [1.5, 2.5], "count": [10, 20]})


def plane(data: Any, params: Any) -> Any:
    """The sum of the columns, scaled."""
    if (data["x"] < 0).any():
        raise ValueError("no negative x")
    return (data["x"] + data["count"]).to_numpy() * params["scale"]


@dataclass
class Window:
    """A page of the browser, and what it did.

    Attributes:
        page: The page.
        context: The page's own profile.
        errors: What its scripts complained of.
        hosts: The hosts that it asked.
    """

    page: Page
    context: BrowserContext
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page: `open_page(url, color_scheme="dark")`; in the end it must have asked this machine alone."""
    windows: list[Window] = []

    def open_one(url: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        window = Window(context.new_page(), context)
        windows.append(window)
        window.page.set_default_timeout(10_000)
        window.page.on("console", lambda message: window.errors.append(message.text) if _is_error(message) else None)
        window.page.on("pageerror", lambda error: window.errors.append(str(error)))
        window.page.on("request", lambda request: window.hosts.add(request.url.split("/")[2].split(":")[0]))
        window.page.goto(url)
        return window.page

    yield open_one
    for window in windows:
        window.context.close()
    assert not [error for window in windows for error in window.errors]
    assert {host for window in windows for host in window.hosts} <= {"127.0.0.1"}


def _is_error(message: Any) -> bool:
    return message.type in {"error", "warning"} and "Failed to load resource" not in message.text


def drop(page: Page, file: Path, target: str = "#input") -> None:
    """Drop a file as a person does."""
    page.locator(target).scroll_into_view_if_needed()
    box = page.locator(target).bounding_box()
    assert box is not None
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 60}
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})


def cells(page: Page) -> list[str]:
    """The predictions in the table."""
    return page.locator("#result tbody td").all_inner_texts()


@pytest.fixture
def plane_url(make_model: Callable[..., PyFuncModel], serve: Callable[..., str]) -> str:
    """Where the plane is served."""
    return serve(make_model(PLANE, plane, example=EXAMPLE), model_name="plane")


def test_the_page_tells_what_is_served(open_page: Callable[..., Page], plane_url: str) -> None:
    """Name, signature, digest and environment; the form is filled from the stored example."""
    page = open_page(plane_url)
    expect(page).to_have_title("plane · modelpack")
    expect(page.get_by_role("heading", level=1)).to_have_text("plane")
    expect(page.locator("#subtitle")).to_have_text("x double, count long → z double")
    expect(page.locator("#about-content")).to_contain_text(f"sha256:{'0' * 64}")
    expect(page.locator("#about-content")).to_contain_text("Python 3.12.1")
    expect(page.locator("#health")).to_have_text("Ready")
    expect(page.get_by_label("x double")).to_have_value("1.5")
    expect(page.get_by_label("count long")).to_have_value("10")
    expect(page.get_by_label("scale double")).to_have_value("1")
    expect(page.locator("#row-position")).to_have_text("Row 1 of 2")


def test_rows_and_params_are_predicted(open_page: Callable[..., Page], plane_url: str) -> None:
    """Every row of the form, with the params that were entered."""
    page = open_page(plane_url)
    page.get_by_label("scale double").fill("2")
    page.get_by_role("button", name="Next row").click()
    page.get_by_label("x double").fill("0.25")
    page.get_by_role("button", name="Add a row").click()
    page.get_by_label("count long").fill("-1")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#status")).to_contain_text("3 predictions in")
    assert cells(page) == ["23", "40.5", "-1.5"]
    expect(page.get_by_role("img", name="z by row: 1 23, 2 40.5, 3 -1.5")).to_be_visible()
    expect(page.locator("#latency")).to_contain_text("1 call")


def test_the_only_prediction_is_shown_large(open_page: Callable[..., Page], plane_url: str) -> None:
    """One number needs no table."""
    page = open_page(plane_url)
    page.get_by_role("button", name="Remove it").click()
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#result output")).to_have_text("22.5")
    expect(page.locator("#status")).to_contain_text("1 prediction in")


@pytest.mark.parametrize(
    ("label", "text", "complaint"),
    [
        ("x double", "a lot", "a number is needed"),
        ("count long", "1.5", "a whole number"),
        ("count long", str(2**63), "64 bits"),
        ("count long", "", "a value is needed"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field(
    open_page: Callable[..., Page], plane_url: str, label: str, text: str, complaint: str
) -> None:
    """Nothing is sent; the field has the focus, and the complaint goes when it is edited."""
    page = open_page(plane_url)
    page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert").filter(has_text="Not sent")).to_contain_text(complaint)
    expect(page.get_by_label(label)).to_be_focused()
    expect(page.get_by_label(label)).to_have_attribute("aria-invalid", "true")
    page.get_by_label(label).fill("1")
    expect(page.get_by_label(label)).not_to_have_attribute("aria-invalid", "true")


def test_a_failure_of_the_model_is_told(open_page: Callable[..., Page], plane_url: str) -> None:
    """Status, code and message of the server; the next answer takes its place."""
    page = open_page(plane_url)
    page.get_by_label("x double").fill("-1")
    page.get_by_role("button", name="Predict").click()
    problem = page.locator("#problem")
    expect(problem).to_contain_text("500 MODEL_FAILURE")
    expect(problem).to_contain_text("no negative x")
    page.get_by_label("x double").fill("1")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#status")).to_contain_text("2 predictions")
    expect(problem).to_be_empty()


def test_what_the_schema_refuses_is_told(open_page: Callable[..., Page], plane_url: str) -> None:
    """Text that is pasted goes to the server as it is."""
    page = open_page(plane_url)
    page.get_by_role("tab", name="Text or file").click()
    page.get_by_label("Data").fill("x\n1\n")
    expect(page.get_by_label("Format")).to_have_value("text/csv")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#problem")).to_contain_text("422 SCHEMA_MISMATCH")
    expect(page.locator("#problem")).to_contain_text("count")


def test_a_click_is_not_lost_while_the_page_waits_for_the_model(open_page: Callable[..., Page], plane_url: str) -> None:
    """Tabs can be chosen from when they do something on."""
    page = open_page(plane_url)
    page.add_init_script(
        "const fetched = window.fetch; window.fetch = async (...words) => {"
        "  if (String(words[0]).endsWith('model')) await new Promise((done) => setTimeout(done, 1000));"
        "  return fetched(...words); };"
    )
    page.reload()
    for name in ("Form", "Text or file", "curl", "Python"):
        expect(page.get_by_role("tab", name=name)).to_be_disabled()
    for name in ("Predict", "Copy", "Reset"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    page.get_by_role("tab", name="Text or file").click()
    expect(page.get_by_label("Data")).to_be_visible()


def test_a_csv_file_can_be_dropped(open_page: Callable[..., Page], plane_url: str, tmp_path: Path) -> None:
    """Anywhere on the input; many numbers are drawn as a histogram."""
    file = tmp_path / "rows.csv"
    pd.DataFrame({"x": np.linspace(0, 1, 500), "count": range(500)}).to_csv(file, index=False)
    page = open_page(plane_url)
    expect(page.locator("#row-position")).to_be_visible()
    drop(page, file)
    expect(page.get_by_label("Data")).to_be_visible()
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#status")).to_contain_text("500 predictions")
    assert len(cells(page)) == 200
    expect(page.get_by_text("The first 200 of 500 rows.")).to_be_visible()
    expect(page.get_by_role("img", name="How z is spread: 500 values from 0 to 500")).to_be_visible()


def test_a_parquet_file_can_be_chosen(open_page: Callable[..., Page], plane_url: str, tmp_path: Path) -> None:
    """It is sent as it is, and can be taken back."""
    pytest.importorskip("pyarrow")
    file = tmp_path / "rows.parquet"
    EXAMPLE.to_parquet(file)
    page = open_page(plane_url)
    page.get_by_role("tab", name="Text or file").click()
    page.locator("#file").set_input_files(file)
    expect(page.locator("#file-name")).to_contain_text("rows.parquet")
    expect(page.locator("#snippet")).to_contain_text("--data-binary @rows.parquet")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#status")).to_contain_text("2 predictions")
    assert cells(page) == ["11.5", "22.5"]
    page.get_by_role("button", name="Remove").last.click()
    expect(page.get_by_label("Data")).to_be_visible()


def test_the_keyboard_is_enough(open_page: Callable[..., Page], plane_url: str) -> None:
    """From the address bar to the answer, and between the tabs by arrows."""
    page = open_page(plane_url)
    expect(page.locator("#row-position")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the input")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Form")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Text or file")).to_be_focused()
    expect(page.get_by_label("Data")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    for _ in range(8):
        if page.get_by_label("x double").evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(page.get_by_label("x double")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("5")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#status")).to_contain_text("2 predictions")
    assert cells(page) == ["15", "22.5"]


def test_every_control_has_a_name(open_page: Callable[..., Page], plane_url: str) -> None:
    """For those who hear the page."""
    page = open_page(plane_url)
    expect(page.locator("#row-position")).to_be_visible()
    for control in page.locator("button, input, select, textarea, a, [role=img]").all():
        name = control.evaluate(
            "node => node.getAttribute('aria-label') || node.textContent.trim() || [...(node.labels ?? [])].join()"
        )
        assert name, control.evaluate("node => node.outerHTML")


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(244, 246, 249)"), ("dark", "rgb(14, 19, 26)")])
def test_the_page_is_as_light_as_the_person_likes(
    open_page: Callable[..., Page], plane_url: str, scheme: str, background: str
) -> None:
    """Colours follow the system's choice."""
    page = open_page(plane_url, color_scheme=scheme)
    expect(page.locator("body")).to_have_css("background-color", background)


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_narrow_window_needs_no_scrolling_sideways(open_page: Callable[..., Page], plane_url: str, path: str) -> None:
    """On a telephone the page is one column."""
    page = open_page(plane_url + path, viewport={"width": 360, "height": 700})
    expect(page.locator("main .card").first).to_be_visible()
    width = page.locator("html").evaluate("node => node.scrollWidth")
    assert width <= 360


def test_an_api_key_is_asked_for(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], open_page: Callable[..., Page], tmp_path: Path
) -> None:
    """Again when it is wrong; it is kept nowhere, and shown nowhere."""
    keys = tmp_path / "keys"
    keys.write_text("right-key\n")
    keys.chmod(0o600)
    page = open_page(serve(make_model(PLANE, plane, example=EXAMPLE), api_key_file=keys))
    page.get_by_role("textbox", name="API key").fill("wrong-key")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("The server does not know this key.")).to_be_visible()
    page.get_by_role("textbox", name="API key").fill("right-key")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#status")).to_contain_text("2 predictions")
    expect(page.locator("#snippet")).to_contain_text("Bearer $MODELPACK_API_KEY")
    assert "right-key" not in page.content()
    assert page.context.storage_state() == {"cookies": [], "origins": []}


@pytest.mark.parametrize("language", ["curl", "Python"])
def test_the_request_can_be_copied_and_run(
    open_page: Callable[..., Page], plane_url: str, language: str, tmp_path: Path
) -> None:
    """The command gives the answer that the page shows."""
    page = open_page(plane_url, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("scale double").fill("3")
    page.get_by_role("tab", name=language).click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.locator("#snippet").inner_text()
    shell = shutil.which("sh")
    if language == "curl" and (shutil.which("curl") is None or shell is None):
        pytest.skip("curl is not installed")
    run = [str(shell), "-c", command] if language == "curl" else [sys.executable, "-c", command]
    answer = subprocess.run(run, capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60)
    read = ast.literal_eval if language == "Python" else json.loads
    assert read(answer.stdout) == {"predictions": [34.5, 67.5]}


def test_texts_with_quotes_can_be_copied(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], open_page: Callable[..., Page]
) -> None:
    """A quote in the data does not end the command."""
    signature = ModelSignature(ColumnSchema((Column(DataType.STRING, "text"),)))
    said = 'it\'s "so" $HOME `x` \\ ü\n2'
    page = open_page(
        serve(make_model(signature, lambda data, _: data["text"].tolist(), pd.DataFrame({"text": [said]})))
    )
    expect(page.get_by_label("text string")).to_have_value(said)
    for language, run in (("curl", ["sh", "-c"]), ("Python", [sys.executable, "-c"])):
        if shutil.which(run[0]) is None or (language == "curl" and shutil.which("curl") is None):
            continue
        page.get_by_role("tab", name=language).click()
        command = page.locator("#snippet").inner_text()
        answer = subprocess.run([*run, command], capture_output=True, check=True, timeout=60).stdout.decode()
        read = ast.literal_eval if language == "Python" else json.loads
        assert read(answer) == {"predictions": [said]}


def test_long_integers_keep_their_digits(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], open_page: Callable[..., Page]
) -> None:
    """Scripts count in doubles; identifiers of 64 bits come through all the same."""
    signature = ModelSignature(ColumnSchema((Column(DataType.LONG, "id"),)))
    number = 2**60 + 1
    model = make_model(signature, lambda data, _: data["id"].to_numpy() + 2, pd.DataFrame({"id": [number]}))
    page = open_page(serve(model))
    expect(page.get_by_label("id long")).to_have_value(str(number))
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#result output")).to_have_text(str(number + 2))


def test_a_wide_form_keeps_its_button_in_sight(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], open_page: Callable[..., Page]
) -> None:
    """With two hundred columns, and the answer comes into view."""
    names = [f"feature_{number}" for number in range(200)]
    signature = ModelSignature(ColumnSchema(tuple(Column(DataType.DOUBLE, name) for name in names)))
    page = open_page(serve(make_model(signature, lambda data, _: data.to_numpy().sum(axis=1))))
    expect(page.get_by_role("button", name="Predict")).to_be_in_viewport()
    page.get_by_label("feature_199 double").fill("0")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#result output")).to_have_text("298.5")
    expect(page.locator("#result output")).to_be_in_viewport()


def test_every_type_has_its_field(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], open_page: Callable[..., Page]
) -> None:
    """A choice for booleans, JSON for lists, and nothing at all for what is optional."""
    columns = (
        Column(DataType.BOOLEAN, "yes"),
        Column(DataType.DATETIME, "at"),
        Column(Array(DataType.DOUBLE), "list"),
        Column(DataType.STRING, "note", required=False),
    )
    model = make_model(ModelSignature(ColumnSchema(columns)), lambda data, _: data.astype(str).to_dict("records"))
    page = open_page(serve(model))
    page.get_by_label("yes boolean").select_option("false")
    page.get_by_label("at datetime").fill("2024-05-01")
    page.get_by_label("list array of double").fill("[1, 2.5]")
    page.get_by_label("note string, optional").fill("")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#result table")).to_contain_text("2024-05-01")
    assert cells(page) == ["False", "2024-05-01", "[1.0, 2.5]", "null"]


def test_tensors_are_entered_as_json(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], open_page: Callable[..., Page]
) -> None:
    """One field for each; what is no JSON is said beside it."""
    tensors = TensorSchema((Tensor("float32", (-1, 2), "a"), Tensor("int64", (-1,), "b")))
    model = make_model(ModelSignature(tensors), lambda data, _: np.c_[data["a"], data["b"]])
    page = open_page(serve(model))
    page.get_by_label(re.compile("^a float32 tensor")).fill("[[1, 2], [3")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert").filter(has_text="Not sent")).to_contain_text("it is no JSON")
    page.get_by_label(re.compile("^a float32 tensor")).fill("[[1, 2], [3, 4.5]]")
    page.get_by_label("b int64 tensor, any").fill("[5, 6]")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#status")).to_contain_text("2 predictions")
    assert cells(page) == ["1", "2", "5", "3", "4.5", "6"]


def test_a_model_without_signature_takes_text(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], open_page: Callable[..., Page]
) -> None:
    """There is nothing to make a form of."""
    page = open_page(serve(make_model(None, lambda data, _: [len(data)])))
    expect(page.get_by_label("Data")).to_have_value('{"inputs": [[1.5]]}')
    expect(page.get_by_role("tab", name="Form")).to_be_hidden()
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#result output")).to_have_text("1")


def test_names_are_never_markup(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], open_page: Callable[..., Page]
) -> None:
    """A model from elsewhere cannot run a script in the page, nor can its answer."""
    name = "<img src=x onerror=alert(1)>"
    signature = ModelSignature(ColumnSchema((Column(DataType.STRING, name),)))
    page = open_page(serve(make_model(signature, lambda _data, _: [{name: name}, {name: name}])))
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#result thead")).to_contain_text(name)
    assert page.locator("img[src=x]").count() == 0


def test_the_page_works_behind_a_prefix(
    make_model: Callable[..., PyFuncModel], serve: Callable[..., str], open_page: Callable[..., Page]
) -> None:
    """As a proxy serves several models."""

    def behind(app: Any) -> Any:
        async def stripped(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                assert scope["path"].startswith("/models/plane/"), scope["path"]
                scope = {**scope, "path": scope["path"].removeprefix("/models/plane")}
            await app(scope, receive, send)

        return stripped

    page = open_page(f"{serve(make_model(PLANE, plane, example=EXAMPLE), wrap=behind)}/models/plane/")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#status")).to_contain_text("2 predictions")
    expect(page.locator("#snippet")).to_contain_text("/models/plane/invocations")
    page.get_by_role("link", name="API reference").click()
    expect(page.locator("#invoke")).to_contain_text("/invocations")


def test_the_reference_shows_every_route(open_page: Callable[..., Page], plane_url: str) -> None:
    """With the types of the columns, the errors and the example."""
    page = open_page(f"{plane_url}/docs")
    invoke = page.locator("#invoke")
    expect(invoke).to_contain_text("number or null (double)")
    expect(invoke).to_contain_text("Example: pandas' split form, wrapped")
    expect(invoke).to_contain_text("422")
    paths = page.request.get(f"{plane_url}/openapi.json").json()["paths"]
    assert page.locator("#contents a").count() == sum(map(len, paths.values()))
    page.get_by_role("link", name="GET /metrics").click()
    expect(page.locator("#metrics")).to_be_in_viewport()


def test_a_server_that_is_gone_is_told(open_page: Callable[..., Page], plane_url: str) -> None:
    """The page says so, and goes on when it is back."""
    page = open_page(plane_url)
    expect(page.locator("#row-position")).to_be_visible()
    page.route("**/invocations", lambda route: route.abort())
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#problem")).to_contain_text("The server did not answer")
    page.unroute("**/invocations")
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#status")).to_contain_text("2 predictions")
