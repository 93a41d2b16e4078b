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
  const model = at.closest('[data-model]')?.dataset.model;
  return at.dataset.article && model
    ? `${having('data-model', model)} ${having('data-article', at.dataset.article)}` : null;
}

export const focus = (selector) => document.querySelector(selector)?.focus({preventScroll: true});

export const openDetails = () => [...document.querySelectorAll('details[data-name]')]
  .map((each) => [each.dataset.name, each.open]);

export const scrollPositions = () => [...document.querySelectorAll('.choices')].map((each) =>
  [each.closest('details').dataset.name, each.scrollTop]);

// Gradio updates elements in place, so what a visitor has typed or checked outlives an answer.
export function resetInputs(part) {
  for (const each of part.querySelectorAll('input, option')) {
    if (each === document.activeElement && each.matches('[type="range"], [type="number"]')) continue;
    if (each.matches('option')) each.selected = each.defaultSelected;
    else if (each.type === 'checkbox') each.checked = each.defaultChecked;
    else if (each.type !== 'hidden') each.value = each.defaultValue;
  }
}

let unfolded = false;

// Show or hide what small screens fold away.
export const toggleFold = (fold) => fold.setAttribute('aria-expanded', (unfolded = !unfolded));

// The answer may change before or after the part above it.
export function restore(answer, request) {
  answer.querySelector('.fold')?.setAttribute('aria-expanded', unfolded);
  resetInputs(answer);
  if (request?.how !== 'keep') return;
  for (const [name, isOpen] of request.open) {
    const each = answer.querySelector(`details[data-name="${name}"]`);
    if (each && isOpen) each.open = true;
  }
  for (const [name, top] of request.scrolled) {
    const choices = answer.querySelector(`details[data-name="${name}"] .choices`);
    if (choices) choices.scrollTop = top;
  }
  if (request.focus) focus(request.focus);
}
