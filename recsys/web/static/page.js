// Links and forms of the page are answered in place, and the address follows, so that every view can
// be shared and "back" works. The server renders everything: this script only sends it addresses.
const NEEDS_ENCODER = /[?&]words=/;
const TIMEOUT = 15000;
const find = (selector) => document.querySelector(selector);
const body = document.body;
let request = null, queued = null, observed = null, unfolded = false, timer = 0;

// Show an address. `how`: "link" scrolls up; "keep", for forms and details, leaves the window where
// it is; "back" is the browser's history. One request at a time; of later ones the last is next.
function navigate(address, how = 'link') {
  if (body.classList.contains('busy')) return void (queued = [address, how]);
  begin(how);
  trigger(NEEDS_ENCODER.test(address) ? 'submit' : 'select', {address});
}

function begin(how) {
  request = {how, focus: focusedSelector(), open: openDetails(), scrolled: scrollPositions()};
  body.classList.add('busy');
  clearTimeout(timer);
  timer = setTimeout(finish, TIMEOUT);  // The server may never answer.
  // Not all of #answer, which also contains Gradio's progress display.
  if (observed !== find('#answer .html-container')) {
    observed = find('#answer .html-container');
    const attributeFilter = ['checked', 'value', 'selected'];
    new MutationObserver(restore).observe(observed, {childList: true, subtree: true, attributeFilter});
  }
}

function finish() {
  clearTimeout(timer);
  body.classList.remove('busy', 'arriving', 'elsewhere');
  const next = queued;
  if (next) setTimeout(() => (queued === next) && (queued = null, navigate(...next)));
}

// A refused request never becomes an answer. Gradio shows the sentence that comes with it.
const REFUSALS = [408, 413, 429, 503];
const send = window.fetch;
window.fetch = async (...request) => {
  const response = await send(...request);
  if (REFUSALS.includes(response.status)) finish();
  return response;
};

function addressOf(form) {
  const fields = new FormData(form), sliders = form.querySelector('.sliders');
  const weighed = !sliders || sliders.dataset.weighed === '1';
  const used = [...fields].filter(([name, value]) => value && (weighed || !name.startsWith('weight.')));
  return '?' + new URLSearchParams(used);
}

// Focus, opened details and scroll positions are restored in the answer that replaces the last one.
const having = (attribute, value) => `[${attribute}=${JSON.stringify(value)}]`;
function focusedSelector() {
  const at = document.activeElement;
  if (!at || at === body) return null;
  if (at.id) return having('id', at.id);
  if (at.name) {
    const value = at.type === 'checkbox' ? having('value', at.value) : '';
    return `.controls ${having('name', at.name)}${value}`;
  }
  const model = at.closest('[data-model]')?.dataset.model;
  return at.dataset.article && model
    ? `${having('data-model', model)} ${having('data-article', at.dataset.article)}` : null;
}
const openDetails = () => [...document.querySelectorAll('details[data-name]')]
  .map((each) => [each.dataset.name, each.open]);
const scrollPositions = () => [...document.querySelectorAll('.choices')].map((each) =>
  [each.closest('details').dataset.name, each.scrollTop]);

// Runs when the part above the answer has changed: every answer changes it.
function onAnswer() {
  const {address, title} = find('.top').dataset;
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
  if (request?.focus?.startsWith('#')) find(request.focus)?.focus({preventScroll: true});
}

// Gradio updates elements in place, so what a visitor has typed or checked outlives an answer.
function resetInputs(part) {
  for (const each of part.querySelectorAll('input, option')) {
    if (each === document.activeElement && each.matches('[type="range"], [type="number"]')) continue;
    if (each.matches('option')) each.selected = each.defaultSelected;
    else if (each.type === 'checkbox') each.checked = each.defaultChecked;
    else if (each.type !== 'hidden') each.value = each.defaultValue;
  }
}

// The answer may change before or after the part above it.
function restore() {
  find('.fold')?.setAttribute('aria-expanded', unfolded);
  resetInputs(observed);
  if (request?.how !== 'keep') return;
  for (const [name, isOpen] of request.open) {
    const each = find(`#answer details[data-name="${name}"]`);
    if (each && isOpen) each.open = true;
  }
  for (const [name, top] of request.scrolled) {
    const choices = find(`#answer details[data-name="${name}"] .choices`);
    if (choices) choices.scrollTop = top;
  }
  if (request.focus) find(request.focus)?.focus({preventScroll: true});
}

function upload(file) {
  const input = find('#photo input[type=file]');
  if (!input || !file?.type.startsWith('image/')) return;
  const transfer = new DataTransfer();
  transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event('change', {bubbles: true}));
}

// What goes wrong before the server's events are reached, as an upload that is too large, Gradio
// writes into a note of its own. The page shows it as a message, in plain words.
function sentence(note) {
  const size = /maximum allowed size of (\d+)/.exec(note)?.[1];
  if (size) return `This file is larger than ${size} MB; choose a smaller one.`;
  const answer = /^HTTP \d+: (.*)$/s.exec(note)?.[1] ?? note;
  try {
    return String(JSON.parse(answer).detail);
  } catch {
    return answer;
  }
}

function showNote() {
  const note = find('.toast-message-text'), top = find('#top .top');
  if (!note || !top) return;
  finish();
  top.querySelector('.message')?.remove();
  const message = document.createElement('div');
  message.className = 'message';
  message.setAttribute('role', 'alert');
  message.textContent = sentence(note.textContent);
  top.append(message);
  find('#top').scrollIntoView({block: 'nearest'});
  document.querySelectorAll('.toast-close').forEach((each) => each.click());
}

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-pick]')) return find('#photo input[type=file]')?.click();
  const fold = event.target.closest('[data-fold]');
  if (fold) return fold.setAttribute('aria-expanded', (unfolded = !unfolded));
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const keeps = link.matches('.match a, .close, .controls a, [data-does]');
  navigate(link.getAttribute('href'), keeps ? 'keep' : 'link');
});
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!form.matches('.search, .controls')) return;
  event.preventDefault();
  navigate(addressOf(form), form.matches('.controls') ? 'keep' : 'link');
});
document.addEventListener('input', (event) => {
  if (event.target.name?.startsWith('weight.')) event.target.closest('.sliders').dataset.weighed = '1';
});
document.addEventListener('change', (event) => {
  const form = event.target.closest('.controls');
  if (form) navigate(addressOf(form), 'keep');
  if (event.target.closest('#photo')) begin('link');
});
document.addEventListener('open-article', (event) => navigate(`?article=${event.detail.article}`));
document.addEventListener('paste', (event) => upload(event.clipboardData.files[0]));
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
  upload(event.dataTransfer.files[0]);
});
window.addEventListener('popstate', () => navigate(location.search || '?', 'back'));

watch('value', onAnswer);
new MutationObserver(showNote).observe(find('.toast-wrap'), {childList: true, subtree: true});
if (location.search) {
  // Visitors who follow a link see the shape of the answer until it comes, so that nothing jumps.
  body.classList.add(/[?&]see=/.test(location.search) ? 'elsewhere' : 'arriving');
  navigate(location.search, 'back');
}
