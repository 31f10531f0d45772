"""The page in a real browser; needs ``pip install playwright`` and a Chromium on the path."""

import shutil
from urllib.parse import urlsplit

import pytest

pytest.importorskip("gradio")
pytest.importorskip("av")
playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")

pytestmark = [
    pytest.mark.slow,  # starts the server and a browser
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path"),
]


@pytest.fixture
def page(address):
    """The page, loaded; at the end nothing was wanted from elsewhere and no script had failed."""
    visited, failed = set(), []
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 390, "height": 800})
        page.on("request", lambda request: visited.add(urlsplit(request.url).netloc))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.on("console", lambda line: failed.append(line.text) if line.type == "error" else None)
        page.goto(address)
        page.wait_for_selector("#video-make")
        yield page
        chromium.close()
    assert visited - {""} == {urlsplit(address).netloc}  # "" is data within the page
    assert failed == []


def drop(page, tab, files):
    page.set_input_files(f"#{tab}-source input[type=file]", [str(file) for file in files])


def test_two_pictures_are_dropped_and_one_between_appears(page, pictures):
    page.click("button[role=tab]:has-text('Pictures')")
    drop(page, "pictures", pictures[:2])
    page.wait_for_selector("#pictures-source img >> nth=1")
    page.click("#pictures-make")
    page.wait_for_selector("#pictures-told .made:has-text('at 0.5')")
    page.wait_for_selector("#pictures-seen img >> nth=5")
    made = page.query_selector_all("#pictures-result img")
    assert len(made) == 2
    shown = page.query_selector_all("#pictures-result img, #pictures-seen img")
    page.wait_for_function(
        "[...document.querySelectorAll('#pictures-result img, #pictures-seen img')]"
        ".every(image => image.complete)"
    )
    widths = [image.evaluate("image => image.naturalWidth") for image in shown]
    assert widths[:8] == [64] * 8  # more where the default model weighs pictures
    assert 0 not in widths
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_of_many_pictures_the_middle_two_are_chosen_and_others_can_be(page, pictures):
    page.click("button[role=tab]:has-text('Pictures')")
    drop(page, "pictures", [pictures[i] for i in (3, 0, 2, 1)])
    between = page.get_by_label("Between")
    playwright.expect(between).to_have_value("p1.png and p2.png")
    between.click()
    page.get_by_role("option", name="p2.png and p3.png").click()
    page.click("#pictures-make")
    page.wait_for_selector("#pictures-told .made")


def test_a_video_is_made_and_compared(page, clip):
    drop(page, "video", [clip])
    page.wait_for_selector("#video-told :text('clip.mp4: 64x48, 12 frames/s, 0.5 s, no sound')")
    page.click("#video-make")
    page.wait_for_selector("#video-told :text('6 frames in, 11 out, 24 frames/s')")
    video = page.wait_for_selector("#video-result video")
    page.wait_for_function("document.querySelector('#video-result video').videoWidth === 64")
    assert video.evaluate("video => video.error") is None
    page.wait_for_selector("#video-pair img >> nth=1")


def test_what_is_wrong_is_a_sentence_on_the_page(page, tmp_path):
    page.click("#video-make")
    page.wait_for_selector("#video-told .refused:has-text('there is no video yet')")


def test_others_wait_in_line_and_cancelling_lets_them_in(page, address, tmp_path):
    from lift15.data import photo_scene
    from vfiblocks.video import write_video

    slow = write_video(tmp_path / "slow.mp4", photo_scene(40, height=256, width=384), rate=12)
    other = page.context.browser.new_page()
    other.goto(address)
    other.wait_for_selector("#video-make")
    for each in (page, other):
        drop(each, "video", [slow])
        each.wait_for_selector("#video-told .made:has-text('slow.mp4')")
    page.click("text=4x")
    page.click("#video-make")
    page.wait_for_selector("#video-result :text('of 157 frames')")
    other.click("#video-make")
    other.wait_for_selector("#video-result :text('queue: 1/1')")
    page.click("#video-cancel")
    page.wait_for_selector("#video-told .stopped:has-text('cancelled; nothing was kept')")
    other.wait_for_selector("#video-result :text('of 79 frames')")
    other.close()  # which ends its work as well
    page.click("text=2x")
    page.click("#video-make")
    page.wait_for_selector("#video-result :text('of 79 frames')")
    page.click("#video-cancel")
