// Links and forms of the page ask in place; the address follows, so that all of it can be shared,
// and "back" goes back. The server renders everything: this only carries addresses to it.
const READ_BY_ENCODERS = /[?&]words=/;
const find = (selector) => document.querySelector(selector);
const body = document.body;
const PATIENCE = 15000;
let trip = null, waiting = null, watched = null, unfolded = false, patience = 0;

// `keep` are forms and details, which leave the window where it is; `back` is the browser's history.
// One question at a time: of those that come meanwhile, the last is asked next.
function ask(address, how = 'link') {
  if (body.classList.contains('busy')) return void (waiting = [address, how]);
  setOff(how);
  trigger(READ_BY_ENCODERS.test(address) ? 'submit' : 'select', {address});
}

function setOff(how) {
  trip = {how, focus: focused(), open: opened(), scrolled: scrolled()};
  body.classList.add('busy');
  clearTimeout(patience);
  patience = setTimeout(settle, PATIENCE);  // The server may never answer.
  // Not all of #answer: what Gradio says of its progress is in there, too.
  if (watched !== find('#answer .html-container')) {
    watched = find('#answer .html-container');
    const attributeFilter = ['checked', 'value', 'selected'];
    new MutationObserver(restore).observe(watched, {childList: true, subtree: true, attributeFilter});
  }
}

function settle() {
  clearTimeout(patience);
  body.classList.remove('busy', 'arriving', 'elsewhere');
  const next = waiting;
  if (next) setTimeout(() => (waiting === next) && (waiting = null, ask(...next)));
}

function addressOf(form) {
  const fields = new FormData(form), sliders = form.querySelector('.sliders');
  const weighed = !sliders || sliders.dataset.weighed === '1';
  const kept = [...fields].filter(([name, value]) => value && (weighed || !name.startsWith('weight.')));
  return '?' + new URLSearchParams(kept);
}

// What a visitor had in hand is found again in an answer that has taken the place of the last.
function focused() {
  const at = document.activeElement;
  if (!at || at === body) return null;
  if (at.id) return `#${CSS.escape(at.id)}`;
  if (at.name) {
    const value = at.type === 'checkbox' ? `[value="${CSS.escape(at.value)}"]` : '';
    return `.controls [name="${CSS.escape(at.name)}"]${value}`;
  }
  const model = at.closest('[data-model]')?.dataset.model;
  return at.dataset.article && model
    ? `[data-model="${model}"] [data-article="${at.dataset.article}"]` : null;
}
const opened = () => [...document.querySelectorAll('details[data-name]')]
  .map((each) => [each.dataset.name, each.open]);
const scrolled = () => [...document.querySelectorAll('.choices')].map((each) =>
  [each.closest('details').dataset.name, each.scrollTop]);

function arrived() {
  const {address, title} = find('.top').dataset;
  settle();
  if (waiting) return;
  retype(find('#top'));
  document.title = title;
  if (address !== (location.search || '?')) {
    const move = trip && trip.how !== 'back' ? 'pushState' : 'replaceState';
    history[move](null, '', address === '?' ? location.pathname : address);
  }
  if (find('.message')) find('#top').scrollIntoView({block: 'nearest'});
  else if (trip?.how === 'link') window.scrollTo({top: 0});
  if (trip?.focus?.startsWith('#')) find(trip.focus)?.focus({preventScroll: true});
}

// Gradio changes the parts of a page where they stand, and what was typed in one outlives that.
function retype(part) {
  for (const each of part.querySelectorAll('input, option')) {
    if (each === document.activeElement && each.matches('[type="range"], [type="number"]')) continue;
    if (each.matches('option')) each.selected = each.defaultSelected;
    else if (each.type === 'checkbox') each.checked = each.defaultChecked;
    else if (each.type !== 'hidden') each.value = each.defaultValue;
  }
}

// The answer may come before or after what stands above it.
function restore() {
  find('.fold')?.setAttribute('aria-expanded', unfolded);
  retype(watched);
  if (trip?.how !== 'keep') return;
  for (const [name, open] of trip.open) {
    const each = find(`#answer details[data-name="${name}"]`);
    if (each && open) each.open = true;
  }
  for (const [name, at] of trip.scrolled) {
    const choices = find(`#answer details[data-name="${name}"] .choices`);
    if (choices) choices.scrollTop = at;
  }
  if (trip.focus) find(trip.focus)?.focus({preventScroll: true});
}

function bring(file) {
  const input = find('#photo input[type=file]');
  if (!input || !file?.type.startsWith('image/')) return;
  const carrier = new DataTransfer();
  carrier.items.add(file);
  input.files = carrier.files;
  input.dispatchEvent(new Event('change', {bubbles: true}));
}

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-pick]')) return find('#photo input[type=file]')?.click();
  const fold = event.target.closest('[data-fold]');
  if (fold) return fold.setAttribute('aria-expanded', (unfolded = !unfolded));
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const stays = link.matches('.match a, .close, .controls a, [data-does]');
  ask(link.getAttribute('href'), stays ? 'keep' : 'link');
});
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!form.matches('.search, .controls')) return;
  event.preventDefault();
  ask(addressOf(form), form.matches('.controls') ? 'keep' : 'link');
});
document.addEventListener('input', (event) => {
  if (event.target.name?.startsWith('weight.')) event.target.closest('.sliders').dataset.weighed = '1';
});
document.addEventListener('change', (event) => {
  const form = event.target.closest('.controls');
  if (form) ask(addressOf(form), 'keep');
  if (event.target.closest('#photo')) setOff('link');
});
document.addEventListener('open-article', (event) => ask(`?article=${event.detail.article}`));
document.addEventListener('paste', (event) => bring(event.clipboardData.files[0]));
document.addEventListener('dragover', (event) => {
  if (![...event.dataTransfer.types].includes('Files')) return;
  event.preventDefault();
  body.classList.add('dropping');
});
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) body.classList.remove('dropping');
});
document.addEventListener('drop', (event) => {
  body.classList.remove('dropping');
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  bring(event.dataTransfer.files[0]);
});
window.addEventListener('popstate', () => ask(location.search || '?', 'back'));

watch('value', arrived);
if (location.search) {
  // Who follows a link sees the shape of what is coming until it comes, and nothing jumps.
  body.classList.add(/[?&]see=/.test(location.search) ? 'elsewhere' : 'arriving');
  ask(location.search, 'back');
}
