"""Photos are shown at the size they have on the page."""

from page_outline import Outline, macro

from recsys.web.photo_view import own_photo_view


def test_a_visitor_s_photo_is_named_and_the_browser_shows_it() -> None:
    photo = own_photo_view("own-0123abcd")
    shown = Outline(macro("photo.html", "photo", photo)).attributes("img")
    assert shown == [{"data-own": "own-0123abcd", "alt": "Your photo"}]
