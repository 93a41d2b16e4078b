// Focus, opened details and scroll positions, restored in the answer that replaces the last one.
const having = (attribute, value) => `[${attribute}=${JSON.stringify(value)}]`;

export function focusedSelector() {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  if (at.id) return having('id', at.id);
  if (at.name) {
    const value = at.type === 'checkbox' ? having('value', at.value) : '';
    return `.controls ${having('name', at.name)}${value}`;
  }
  const menu = at.matches('summary') && at.parentElement.dataset.name;
  if (menu) return `${having('data-name', menu)} > summary`;
  if (at.closest('.controls')) return `.controls ${having('href', at.getAttribute('href'))}`;
  const model = at.closest('[data-model]')?.dataset.model;
  return at.dataset.article && model
    ? `${having('data-model', model)} ${having('data-article', at.dataset.article)}` : null;
}

// What had the focus may be gone, as a filter that was removed: then the first filter gets it.
export function focus(selector) {
  const bar = selector.startsWith('.controls') ? '.controls summary' : null;
  const at = document.querySelector(selector) ?? (bar && document.querySelector(bar));
  at?.focus({preventScroll: true});
}

// Those that a visitor closes before the answer comes stay closed.
const closed = new Set();

export function openDetails() {
  closed.clear();
  return [...document.querySelectorAll('details[data-name]')]
    .map((each) => [each.dataset.name, each.open]);
}

export function closeByHand(each) {
  each.open = false;
  closed.add(each.dataset.name);
}

export const scrollPositions = () => [...document.querySelectorAll('[data-keep]')].map((each) =>
  [each.dataset.keep, each.scrollLeft, each.scrollTop]);

// Gradio updates elements in place, so what a visitor has typed or checked outlives an answer.
export function resetInputs(part) {
  for (const each of part.querySelectorAll('input, option')) {
    if (each === document.activeElement && each.matches('[type="range"], [type="number"]')) continue;
    if (each.matches('option')) each.selected = each.defaultSelected;
    else if (each.type === 'checkbox') each.checked = each.defaultChecked;
    else if (each.type !== 'hidden') each.value = each.defaultValue;
  }
}

// The answer may change before or after the part above it.
export function restore(answer, request) {
  resetInputs(answer);
  if (request?.how !== 'keep') return;
  for (const [name, isOpen] of request.open) {
    const each = answer.querySelector(`details[data-name="${name}"]`);
    if (each && isOpen && !closed.has(name)) each.open = true;
  }
  for (const [name, left, top] of request.scrolled) {
    answer.querySelector(having('data-keep', name))?.scrollTo({left, top, behavior: 'instant'});
  }
  if (request.focus) focus(request.focus);
}
