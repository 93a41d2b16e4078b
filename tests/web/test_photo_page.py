"""A visitor's own photo: made small in the browser, kept there, and sent again when needed."""

import base64
import io
import re
from pathlib import Path
from typing import Any

import pytest
from browsing import Visit
from PIL import Image, ImageDraw
from test_page import some_id

from recsys.models.registry import COMBINED, IMAGE
from recsys.release.reader import Release
from recsys.serving.recommender import Recommender
from recsys.web.sessions import VisitorPhotos

pytestmark = pytest.mark.browser

GONE = "Photos aren't stored. Add yours again."
NO_PICTURE = "This file is not a picture that can be read; use JPEG, PNG, WebP, GIF or AVIF."

DROP = """([kind, files, texts]) => {
    const carried = new DataTransfer();
    for (const [name, type, data] of files) {
        const bytes = Uint8Array.from(atob(data), each => each.charCodeAt(0));
        carried.items.add(new File([bytes], name, {type}));
    }
    for (const [type, text] of texts) carried.setData(type, text);
    const options = {bubbles: true, cancelable: true};
    const event = kind === 'paste'
        ? new ClipboardEvent(kind, {clipboardData: carried, ...options})
        : new DragEvent(kind, {dataTransfer: carried, ...options});
    return !document.querySelector('#answer').dispatchEvent(event);
}"""

File = tuple[str, str, bytes]
"""Name, type and content."""


def drop(visit: Visit, *files: File, kind: str = "drop", **texts: str) -> bool:
    """Drop or paste files; return whether the page took them from the browser."""
    encoded = [(name, type_, base64.b64encode(data).decode()) for name, type_, data in files]
    given = [(name.replace("_", "/").replace("urilist", "uri-list"), texts[name]) for name in texts]
    return bool(visit.view.evaluate(DROP, [kind, encoded, given]))


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def photos(release: Release, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Photos of two articles, as large as a phone takes them."""
    folder, paths = tmp_path_factory.mktemp("photos"), []
    for row in (5, 40):
        picture = Image.open(io.BytesIO(release.photo(row) or b""))
        paths.append(folder / f"{row}.jpg")
        picture.resize((2400, 3600)).save(paths[-1], "JPEG", quality=95)
    return paths


def answered(visit: Visit) -> str:
    """Wait for the answer to a photo; return the photo's name in the address."""
    visit.view.get_by_role("heading", name="Your photo").wait_for()
    visit.view.locator("body:not(.busy)").wait_for()
    return str(visit.view.locator(".query img").get_attribute("data-own"))


def found(visit: Visit) -> list[str]:
    return [card["article"] for card in visit.cards(IMAGE.name)]


def kept(visit: Visit, name: str) -> Image.Image:
    """The photo that the browser keeps."""
    data = visit.view.evaluate("name => sessionStorage.getItem(name)", name)
    return Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2])))


def test_a_photo_is_sent_small_and_shown_at_once_with_the_filters_of_the_page(
    visit: Visit, release: Release, photos: list[Path]
) -> None:
    visit.open(
        f"?article={some_id(release)}&k=6&with_photo=1&weight.image=3&open={some_id(release)}"
    )
    visit.details().wait_for()
    visit.page.keyboard.press("Escape")
    visit.details().wait_for(state="detached")
    sent: list[int] = []
    visit.page.on("request", lambda each: sent.append(len(each.post_data or "")))
    sending = visit.view.locator(".token.sending")
    assert not sending.is_visible()
    network = visit.context.new_cdp_session(visit.page)
    slow = {"offline": False, "latency": 50, "uploadThroughput": 50_000, "downloadThroughput": -1}
    network.send("Network.emulateNetworkConditions", slow)
    visit.upload(photos[0])
    sending.wait_for()
    assert sending.get_by_role("progressbar", name="Sending your photo").is_visible()
    visit.view.wait_for_function("document.querySelector('.sending img').naturalWidth")
    assert visit.view.locator(".token:visible").count() == 1
    name = answered(visit)
    network.detach()
    assert not sending.is_visible()
    fields = f"photo={name}&with_photo=1&weight.image=3&k=6"
    assert visit.view.locator(".top").get_attribute("data-address") == f"?{fields}"
    assert max(kept(visit, name).size) == 1024
    assert photos[0].stat().st_size > max(sent)
    assert max(sent) < 400_000
    assert all(width > 0 for width in visit.photo_widths())
    assert visit.errors == []


def test_reload_back_forward_a_new_tab_and_a_restarted_server_keep_the_photo(
    visit: Visit, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    visit.open()
    visit.upload(photos[0])
    one = answered(visit)
    first = found(visit)
    visit.upload(photos[1])
    visit.view.locator(f'.query img[data-own="{one}"]').wait_for(state="detached")
    other = answered(visit)
    second = found(visit)
    assert first != second
    visit.page.go_back()
    visit.view.locator(f'.query img[data-own="{one}"]').wait_for()
    assert found(visit) == first
    visit.page.reload()
    assert (answered(visit), found(visit)) == (one, first)
    visit.page.go_forward()
    visit.view.locator(f'.query img[data-own="{other}"]').wait_for()
    assert found(visit) == second
    assert visit.photo_widths()[0] > 0

    chip = visit.view.locator(f'#answer a[href*="photo={other}"]').first
    with visit.context.expect_page() as opened:
        chip.evaluate("""link => {
            for (const part of document.querySelectorAll('details')) part.open = true;
            link.dispatchEvent(new MouseEvent('click', {ctrlKey: true, bubbles: true}));
        }""")
    opened.value.locator(f'.query img[data-own="{other}"][src^="data:"]').wait_for()
    opened.value.close()

    lost = lambda self, secret: None  # noqa: E731
    monkeypatch.setattr(VisitorPhotos, "find", lost)
    visit.say("in red")
    visit.page.wait_for_url(f"**photo={other}&words=in+red")
    assert answered(visit) == other
    assert visit.view.get_by_role("alert").count() == 0
    assert visit.errors == []


def test_a_photo_that_no_tab_has_is_asked_for_and_the_rest_is_answered(visit: Visit) -> None:
    visit.open("?photo=own-00000000")
    assert visit.message() == GONE
    visit.view.locator("#answer .welcome").wait_for()
    visit.open("?photo=own-00000000&words=black+dress&k=6")
    visit.view.get_by_role("alert").filter(has_text=GONE).wait_for()  # Encoders may be loading.
    visit.page.wait_for_url("**/?words=black+dress&k=6")
    assert len(visit.cards(COMBINED.name)) == 6
    assert visit.errors == []


def test_the_photo_survives_in_a_frame(framed: Visit, photos: list[Path]) -> None:
    """This browser denies storage to frames of other sites."""
    framed.open()
    framed.upload(photos[0])
    name = answered(framed)
    framed.say("in red")
    framed.view.locator(f'.top[data-address*="photo={name}&words=in+red"]').wait_for()
    framed.view.evaluate("location.reload()")
    framed.view.locator(f'.top[data-photo="{name}"]').wait_for()
    assert answered(framed) == name
    assert framed.errors == []


def test_what_is_no_photo_is_refused_at_once_and_the_answer_stays(
    visit: Visit, release: Release
) -> None:
    visit.open(f"?article={some_id(release)}")
    visit.answer_about(some_id(release))
    sent: list[str] = []
    visit.page.on("request", lambda each: sent.append(each.url))
    alert = visit.view.get_by_role("alert")
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
    for name, type_, data, complaint in (
        ("a.pdf", "application/pdf", b"%PDF-1.7", NO_PICTURE),
        ("a.mp4", "video/mp4", bytes(1000), NO_PICTURE),
        ("a.txt", "text/plain", b"Dear diary,", NO_PICTURE),
        ("folder", "", b"\0", NO_PICTURE),
        ("a.jpg", "image/jpeg", b"Dear diary,", NO_PICTURE),
        ("a.jpg", "image/jpeg", b"", "This file is empty; choose a photo."),
        ("IMG_1.HEIC", "", heic, "This browser can't open HEIC photos. Save it as JPEG first."),
        ("IMG_1.jpg", "image/jpeg", heic, "This browser can't open HEIC photos."),
    ):
        visit.view.evaluate("document.querySelector('.message')?.remove()")
        assert drop(visit, (name, type_, data)), name
        alert.filter(has_text=complaint).wait_for()
        assert alert.count() == 1
        assert not visit.view.locator(".token.sending").is_visible()
    visit.view.evaluate("document.querySelector('.message')?.remove()")
    shop = "https://shop.example/dress"
    assert drop(visit, text_urilist=shop, text_html=f'<img src="{shop}.jpg">')
    alert.filter(has_text="Save the picture first, then add the file.").wait_for()
    assert not drop(visit, text_plain="black dress")
    assert visit.article_id() == some_id(release)
    assert sent == []
    assert visit.errors == []


def test_of_three_pictures_the_first_is_searched_with(
    visit: Visit, recommender: Recommender, release: Release
) -> None:
    ids = [some_id(release), *(each.article_id for each in recommender.example_articles(2))]
    files = [(f"{id_}.jpg", "image/jpeg", recommender.photo(id_) or b"") for id_ in ids]
    visit.open()
    drop(visit, *files, kind="paste")
    assert visit.message() == "One photo at a time: the first one was used."
    answered(visit)
    assert visit.message() == "One photo at a time: the first one was used."
    assert found(visit)[0] == ids[0]


def test_a_result_that_is_dragged_to_the_search_box_is_searched_with(
    visit: Visit, release: Release
) -> None:
    visit.page.set_viewport_size({"width": 1440, "height": 3000})  # Both are on the screen.
    visit.open(f"?article={some_id(release)}&k=6")
    visit.answer_about(some_id(release))
    card = visit.view.locator(f'#answer [data-model="{IMAGE.name}"] .match a').nth(1)
    dragged = str(card.get_attribute("data-article"))
    card.drag_to(visit.view.locator(".search .box"))
    visit.answer_about(dragged)
    visit.page.wait_for_url(f"**/?article={dragged}&k=6")
    assert visit.errors == []


def halves(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """A picture, red above and blue below."""
    picture = Image.new("RGB", size, "red")
    ImageDraw.Draw(picture).rectangle((0, size[1] // 2, *size), "blue")
    return picture.convert(mode)


def rotated() -> bytes:
    """A photo that a phone took on its side: 6 is "the first row is the right-hand side"."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(halves((600, 300)).rotate(90, expand=True), "JPEG", exif=exif, quality=95)


def animated() -> bytes:
    frames = [halves((300, 600)), Image.new("RGB", (300, 600), "green")]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


def large() -> bytes:
    return saved(halves((10_000, 6_000)), "JPEG")


def transparent() -> bytes:
    picture = halves((300, 600), "RGBA")
    picture.paste((0, 0, 0, 0), (0, 300, 300, 600))
    return saved(picture, "PNG")


@pytest.mark.parametrize(
    ("name", "data", "shape", "below"),
    [
        ("on its side.jpg", rotated, (600, 300), "blue"),
        ("clear.png", transparent, (300, 600), "white"),
        ("moving.gif", animated, (300, 600), "blue"),
        ("print.jpg", lambda: saved(halves((300, 600), "CMYK"), "JPEG"), (300, 600), "blue"),
        pytest.param("60 megapixels.jpg", large, (1024, 614), "blue", marks=pytest.mark.exhaustive),
    ],
    ids=["orientation", "transparency", "animation", "CMYK", "large"],
)
def test_photos_of_every_kind_arrive_upright_and_on_white(
    visit: Visit, name: str, data: Any, shape: tuple[int, int], below: str
) -> None:
    visit.open()
    drop(visit, (name, "" if name.endswith("png") else "image/jpeg", data()))
    photo = kept(visit, answered(visit)).convert("RGB")
    assert photo.size == shape
    middle = photo.width // 2
    colours = {"red": (255, 0, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
    for place, colour in ((10, "red"), (photo.height - 10, below)):
        pixel = photo.getpixel((middle, place))
        assert all(abs(a - b) < 60 for a, b in zip(pixel, colours[colour], strict=True)), colour  # type: ignore[arg-type]
    assert visit.errors == []


def test_of_many_photos_the_last_are_kept_whatever_the_browser_has_room_for(visit: Visit) -> None:
    visit.open()
    # The browser's storage, but for what one photo needs, is full.
    visit.view.evaluate("sessionStorage.setItem('x', 'x'.repeat(5 * 1024 * 1024 - 60_000))")
    names = []
    for number in range(6):
        noise = Image.effect_noise((200 + number, 200), 60)
        drop(visit, ("a.png", "image/png", saved(noise, "PNG")))
        before = f'.query img:not([data-own="{names[-1]}"])' if names else ".query img"
        visit.view.locator(f"#answer {before}").wait_for()
        names.append(answered(visit))
    stored = visit.view.evaluate("Object.keys(sessionStorage)")
    assert names[-1] in stored
    assert names[0] not in stored
    for _ in range(2):
        visit.page.go_back()
    visit.page.wait_for_url(re.compile(names[-3]))
    visit.view.locator(f'.query img[data-own="{names[-3]}"][src^="data:"]').wait_for()
    assert visit.view.get_by_role("alert").count() == 0
    assert visit.errors == []
