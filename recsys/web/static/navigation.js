// Links and forms of the page are answered in place, and the address follows, so that every view can
// be shared and "back" works. The server renders everything: this script only sends it addresses.
import {browserAddress, ownAddress} from './address.js';
import {GIVEN_UP, NO_CONNECTION, isHopeless, reloadWhenBack, watchConnection} from './connection.js';
import {reveal, showBusy, tellHost} from './frame.js';
import {showMessage} from './messages.js';
import {notePhoto, photoFor} from './photo.js';
import {focus, focusedSelector, openDetails, resetInputs, restore, scrollPositions} from './restore.js';

const NEEDS_ENCODER = /[?&]words=/;
const TIMEOUT = 45000;  // Milliseconds without an answer after which the page is loaded again.
const find = (selector) => document.querySelector(selector);
const {classList} = document.body;
let send = null, request = null, queued = null, observed = null, timer = 0;

// Show an address. `how`: "link" scrolls up; "keep", for forms and details, leaves the window where
// it is; "back" is the browser's history. One request at a time; of later ones the last is next.
export function navigate(address, how = 'link') {
  if (classList.contains('lost')) return leaveAddress(address);
  if (classList.contains('busy')) return void (queued = [address, how]);
  begin(how, address);
  ask(address, false);
}

// `again`: the server has lost the visitor's photo, which it had been sent.
async function ask(address, again) {
  const photo = await photoFor(address, again);
  send(photo || NEEDS_ENCODER.test(address) ? 'submit' : 'select', {address, photo});
}

export function begin(how, address = ownAddress(location.search)) {
  request = {how, address, focus: focusedSelector(), open: openDetails(), scrolled: scrollPositions()};
  classList.add('busy');
  showBusy();
  wait();
  // Not all of #answer, which also contains Gradio's progress display.
  if (observed !== find('#answer .html-container')) {
    observed = find('#answer .html-container');
    const attributeFilter = ['checked', 'value', 'selected'];
    const options = {childList: true, subtree: true, attributeFilter};
    new MutationObserver(() => restore(observed, request)).observe(observed, options);
  }
}

function wait() {
  clearTimeout(timer);
  timer = setTimeout(lose, TIMEOUT);
}

export function finish() {
  if (classList.contains('lost')) return;
  clearTimeout(timer);
  classList.remove('busy', 'arriving', 'elsewhere');
  const next = queued;
  if (next) setTimeout(() => (queued === next) && (queued = null, navigate(...next)));
}

// Let the browser's address be the one that was asked for, so that loading the page asks again.
function leaveAddress(address) {
  if (address !== ownAddress(location.search)) history.pushState(null, '', browserAddress(address));
  notePhoto(address);
}

// The answer will never come: the stream broke off, or the server was started anew. Gradio's client
// cannot go on after that; it, too, loads the page again.
function lose() {
  if (!classList.contains('busy') || classList.contains('lost')) return;
  clearTimeout(timer);
  classList.add('lost');
  showMessage(NO_CONNECTION);
  leaveAddress(queued?.[0] ?? request.address);
  reloadWhenBack();
}

// Runs when the part above the answer has changed: every answer changes it.
function onAnswer() {
  const {address, title, wants} = find('.top').dataset;
  if (wants && request) return ask(request.address, true);
  finish();
  if (queued) return;
  resetInputs(find('#top'));
  document.title = title;
  const isNew = address !== ownAddress(location.search) && request && request.how !== 'back';
  if (isNew) history.pushState(null, '', browserAddress(address));
  else history.replaceState({...history.state, reloads: 0}, '', browserAddress(address));
  tellHost(address);
  if (find('.message')) reveal(find('.message'));
  else if (request?.how === 'link') reveal();
  if (request?.focus?.startsWith('#')) focus(request.focus);
}

function say(text) {
  clearTimeout(timer);  // Nothing has been asked yet.
  if (find('.message')?.textContent !== text) showMessage(text);
}

// `trigger` sends an event to the server; `watch` calls back when the server has changed the top.
export function startNavigation(trigger, watch) {
  send = trigger;
  watchConnection({say, onAsked: wait, onBreak: lose, onRefusal: finish});
  watch('value', onAnswer);
  const here = () => ownAddress(location.search);
  window.addEventListener('popstate', () => navigate(here(), 'back'));
  if (find('.top').dataset.answered !== undefined) return onAnswer();
  if (isHopeless()) return showMessage(GIVEN_UP);
  // Visitors who follow a link see the shape of the answer until it comes, so that nothing jumps.
  if (here() !== '?') classList.add(/[?&]see=/.test(here()) ? 'elsewhere' : 'arriving');
  navigate(here(), 'back');
}
