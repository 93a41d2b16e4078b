"""Photos are shown at the size they have on the page."""

from page_outline import Outline, macro

from recsys.web.photo_view import own_photo_view


def test_an_uploaded_photo_is_shown_from_its_own_bytes() -> None:
    photo = own_photo_view(b"\xff\xd8photo")
    shown = Outline(macro("photo.html", "photo", photo)).attributes("img")
    assert shown == [{"src": "data:image/jpeg;base64,/9hwaG90bw==", "alt": "Your photo"}]
