// Links and forms of the page are answered in place, and the address follows, so that every view can
// be shared and "back" works. The server renders everything: this script only sends it addresses.
import {photoFor} from './photo.js';
import {focus, focusedSelector, openDetails, resetInputs, restore, scrollPositions} from './restore.js';

const NEEDS_ENCODER = /[?&]words=/;
const TIMEOUT = 15000;
const find = (selector) => document.querySelector(selector);
let send = null, request = null, queued = null, observed = null, timer = 0;

// Show an address. `how`: "link" scrolls up; "keep", for forms and details, leaves the window where
// it is; "back" is the browser's history. One request at a time; of later ones the last is next.
export function navigate(address, how = 'link') {
  if (document.body.classList.contains('busy')) return void (queued = [address, how]);
  begin(how);
  ask(address, false);
}

// `again`: the server has lost the visitor's photo, which it had been sent.
async function ask(address, again) {
  request.address = address;
  const photo = await photoFor(address, again);
  send(photo || NEEDS_ENCODER.test(address) ? 'submit' : 'select', {address, photo});
}

export function begin(how) {
  request = {how, focus: focusedSelector(), open: openDetails(), scrolled: scrollPositions()};
  document.body.classList.add('busy');
  clearTimeout(timer);
  timer = setTimeout(finish, TIMEOUT);  // The server may never answer.
  // Not all of #answer, which also contains Gradio's progress display.
  if (observed !== find('#answer .html-container')) {
    observed = find('#answer .html-container');
    const attributeFilter = ['checked', 'value', 'selected'];
    const options = {childList: true, subtree: true, attributeFilter};
    new MutationObserver(() => restore(observed, request)).observe(observed, options);
  }
}

export function finish() {
  clearTimeout(timer);
  document.body.classList.remove('busy', 'arriving', 'elsewhere');
  const next = queued;
  if (next) setTimeout(() => (queued === next) && (queued = null, navigate(...next)));
}

// Runs when the part above the answer has changed: every answer changes it.
function onAnswer() {
  const {address, title, wants} = find('.top').dataset;
  if (wants && request) return ask(request.address, true);
  finish();
  if (queued) return;
  resetInputs(find('#top'));
  document.title = title;
  if (address !== (location.search || '?')) {
    const move = request && request.how !== 'back' ? 'pushState' : 'replaceState';
    history[move](null, '', address === '?' ? location.pathname : address);
  }
  if (find('.message')) find('#top').scrollIntoView({block: 'nearest'});
  else if (request?.how === 'link') window.scrollTo({top: 0});
  if (request?.focus?.startsWith('#')) focus(request.focus);
}

// A refused request never becomes an answer. Gradio shows the sentence that comes with it.
const REFUSALS = [408, 413, 429, 503];
function finishRefused() {
  const fetchFirst = window.fetch;
  window.fetch = async (...sent) => {
    const response = await fetchFirst(...sent);
    if (REFUSALS.includes(response.status)) finish();
    return response;
  };
}

// `trigger` sends an event to the server; `watch` calls back when the server has changed the top.
export function startNavigation(trigger, watch) {
  send = trigger;
  finishRefused();
  watch('value', onAnswer);
  window.addEventListener('popstate', () => navigate(location.search || '?', 'back'));
  if (find('.top').dataset.answered !== undefined) return onAnswer();
  // Visitors who follow a link see the shape of the answer until it comes, so that nothing jumps.
  if (location.search) {
    document.body.classList.add(/[?&]see=/.test(location.search) ? 'elsewhere' : 'arriving');
  }
  navigate(location.search || '?', 'back');
}
