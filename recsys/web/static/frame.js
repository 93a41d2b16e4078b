// The page in the frame of another page, as in a Space: the frame is as tall as the page, and the other
// page scrolls. So "where the visitor is" and scrolling are questions to the host.
import {hostAddress} from './address.js';

export const framed = window.parent !== window;

const LOOK_EVERY = 80;  // Milliseconds; the host's scrolling is followed this closely.

// The part of the page that is on the visitor's screen, {top, height} from the page's top. A browser
// tells it to a frame of another site only by an IntersectionObserver, and only when that is new.
const visiblePart = () => new Promise((resolve) => {
  new IntersectionObserver(([{intersectionRect}], observer) => {
    observer.disconnect();
    resolve({top: intersectionRect.top + window.scrollY, height: intersectionRect.height});
  }).observe(document.documentElement);
});

// Tell `callback` the visible part of a framed page, again and again until it returns false.
export async function onPlace(callback) {
  while (callback(await visiblePart()) !== false) {
    await new Promise((next) => setTimeout(next, LOOK_EVERY));
  }
}

// Scroll the host to a height of the framed page.
export const scrollHost = (top) => window.parentIFrame?.scrollToOffset(0, Math.max(0, Math.round(top)));

// Show a visitor an element, or the page's top, whichever page scrolls; with all above it, if that fits.
export async function reveal(element) {
  if (!framed) return element ? element.scrollIntoView({block: 'nearest'}) : window.scrollTo({top: 0});
  const seen = await visiblePart(), at = element?.getBoundingClientRect();
  const top = at ? at.top + window.scrollY : 0, bottom = top + (at?.height ?? 0);
  if (top < seen.top || bottom > seen.top + seen.height) scrollHost(bottom < seen.height ? 0 : top);
}

// The browser shows this page only in frames of sites that the server allows (frame-ancestors), so
// whichever site the parent is may know the address. Firefox has no `ancestorOrigins`.
function hostOrigin() {
  const known = window.location.ancestorOrigins?.[0] ?? (document.referrer || null);
  const origin = known && URL.canParse(known) ? new URL(known).origin : 'null';
  return ['null', window.location.origin].includes(origin) ? null : origin;
}

// A Space's page follows: huggingface.co/docs/hub/spaces-handle-url-parameters.
export function tellHost(address) {
  const origin = framed && hostOrigin();
  if (!origin) return;
  window.parent.postMessage({queryString: hostAddress(address).slice(1)}, origin);
}

// While the class "busy" is on, the bar that says so is where the visitor is.
export function showBusy() {
  const {classList, style} = document.body;
  if (framed) onPlace(({top}) => {
    style.setProperty('--bar', `${top}px`);
    return classList.contains('busy');
  });
}

if (framed) document.body.classList.add('framed');
