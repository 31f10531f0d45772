"""The page with Gradio behind it, asked as a browser asks it."""

import json

import pytest

pytest.importorskip("gradio")
pytest.importorskip("av")
httpx = pytest.importorskip("httpx")

pytestmark = pytest.mark.slow  # starts the server


class Browser:
    """As much of one as the page needs: cookies, uploads, events."""

    def __init__(self, address):
        self.http = httpx.Client(base_url=address, timeout=120)
        self.page = self.http.get("/").text
        config = self.http.get("/config").json()
        self.events = {each["api_name"]: each["id"] for each in config["dependencies"]}

    def upload(self, *paths):
        files = [("files", (path.name, path.read_bytes())) for path in paths]
        answer = self.http.post("/gradio_api/upload", files=files)
        answer.raise_for_status()
        return [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in answer.json()]

    def join(self, event, *data):
        body = {"data": data, "fn_index": self.events[event], "session_hash": "tab"}
        return self.http.post("/gradio_api/queue/join", json=body)

    def ask(self, event, *data):
        """What comes out of an event."""
        self.join(event, *data).raise_for_status()
        route = "/gradio_api/queue/data?session_hash=tab"
        with self.http.stream("GET", route) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line.removeprefix("data:"))
                    if message["msg"] == "process_completed":
                        assert message["success"], message
                        return message["output"]["data"]
        raise AssertionError("the stream ended before the work did")


@pytest.fixture
def browser(address):
    return Browser(address)


def told(output):
    (line,) = [each for each in output if isinstance(each, str) and 'class="told' in each]
    return line


def test_a_video_goes_in_and_comes_out(browser, clip, tmp_path):
    (file,) = browser.upload(clip)
    output = browser.ask("video", file, "classical", "4x", "")
    assert "6 frames in, 21 out, 48 frames/s" in told(output)
    path = output[0]["path"]
    video = browser.http.get(f"/gradio_api/file={path}")
    assert video.headers["content-type"] == "video/mp4"
    (tmp_path / "out.mp4").write_bytes(video.content)
    import av

    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 21


def test_what_one_uploads_and_gets_nobody_else_reads(browser, address, clip):
    (file,) = browser.upload(clip)
    made = browser.ask("video", file, "classical", "2x", "")[0]["path"]
    other = Browser(address)
    for path in (file["path"], made):
        assert browser.http.get(f"/gradio_api/file={path}").status_code == 200
        assert other.http.get(f"/gradio_api/file={path}").status_code == 403
    assert other.join("video", file, "classical", "2x", "").status_code == 403


@pytest.mark.parametrize("path", ["/etc/passwd", "https://example.org/in.mp4"])
def test_no_file_of_the_server_and_none_from_elsewhere(browser, path):
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    assert browser.join("video", file, "classical", "2x", "").status_code == 403
    assert browser.http.get(f"/gradio_api/file={path}").status_code == 403


def test_pictures_go_in_and_come_out(browser, pictures):
    items = [{"image": file, "caption": None} for file in browser.upload(*pictures[:2])]
    output = browser.ask("pictures", items, None, "classical", "0.5 0.25", "before")
    assert "made with classical at 0.25, 0.5" in told(output)
    (slider,) = [each["value"] for each in output if is_pair(each)]
    for shown in slider:
        answer = browser.http.get(f"/gradio_api/file={shown['path']}")
        assert answer.headers["content-type"] == "image/png"
    assert "flow to right, wheel" in json.dumps(output)


def is_pair(each):
    value = each.get("value") if isinstance(each, dict) else None
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], dict)


def test_what_goes_wrong_is_a_sentence(browser, clip, tmp_path):
    (file,) = browser.upload(clip)
    assert "there is no video yet" in told(browser.ask("video", None, "classical", "2x", ""))
    assert "must be a number" in told(browser.ask("video", file, "classical", "frames/s", "x"))
    (tmp_path / "text.mp4").write_text("text")
    (text,) = browser.upload(tmp_path / "text.mp4")
    line = told(browser.ask("video", text, "classical", "2x", ""))
    assert ">text.mp4 is damaged, or not a video" in line
    assert "Traceback" not in line


def test_a_file_that_is_too_big_is_not_taken(browser, tmp_path):
    (tmp_path / "big.mp4").write_bytes(bytes(1_100_000))
    with pytest.raises(httpx.HTTPStatusError, match="413"):
        browser.upload(tmp_path / "big.mp4")


def test_nobody_is_told_that_the_page_is_visited(browser):
    config = json.loads(browser.page.split("window.gradio_config = ")[1].split(";</script>")[0])
    assert config["analytics_enabled"] is False
    assert "fonts.googleapis.com" not in browser.page
