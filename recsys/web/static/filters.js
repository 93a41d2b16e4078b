// The filter bar: what its form asks for, its menus, and the shares beside its sliders.
import {closeByHand} from './restore.js';

// A form's fields as an address. Weights are sent only where one was changed.
export function addressOf(form) {
  const fields = new FormData(form), sliders = form.querySelector('.sliders');
  const weighed = !sliders || sliders.dataset.weighed === '1';
  for (const menu of form.querySelectorAll('[data-named]')) {
    // The words tick these: they are sent as filters, in place of the words', once any was changed.
    const column = menu.dataset.named, boxes = [...menu.querySelectorAll('input')];
    if (boxes.every((each) => each.checked === each.defaultChecked)) fields.delete(column);
    else fields.append('ignore', column);
  }
  const used = [...fields].filter(([name, value]) => value && (weighed || !name.startsWith('weight.')));
  return '?' + new URLSearchParams(used);
}

// Called while a slider is dragged, before the answer follows.
function showShares({target}) {
  if (target.name === 'words_weight') {
    target.closest('label').querySelector('.share').textContent = `${Math.round(100 * target.value)} %`;
  }
  if (!target.name?.startsWith('weight.')) return;
  const part = target.closest('.sliders'), sliders = [...part.querySelectorAll('input')];
  part.dataset.weighed = '1';
  const total = sliders.reduce((sum, each) => sum + Number(each.value), 0) || 1;
  for (const each of sliders) {
    each.closest('label').querySelector('.share').textContent = `${Math.round(100 * each.value / total)} %`;
  }
}

// Panels begin below their menu, and must end within the page.
function placePanel({target}) {
  const panel = target.open && target.matches?.('details.menu') && target.querySelector('.panel');
  if (!panel) return;
  panel.style.translate = 'none';
  const over = panel.getBoundingClientRect().right - target.closest('.controls').getBoundingClientRect().right;
  panel.style.translate = `${Math.min(0, -over)}px`;
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (menu !== except) closeByHand(menu);
  }
}

function onEscape(event) {
  const menu = document.querySelector('details.menu[open]');
  if (event.key !== 'Escape' || !menu || document.querySelector('dialog[open]')) return;
  const inside = menu.contains(document.activeElement);
  closeByHand(menu);
  if (inside) menu.querySelector('summary').focus();
}

export function watchFilters() {
  document.addEventListener('input', showShares);
  document.addEventListener('toggle', placePanel, true);
  document.addEventListener('keydown', onEscape);
  document.addEventListener('click', ({target}) => closeMenus(target.closest('details.menu')));
  document.addEventListener('focusin', ({target}) => {
    if (target.closest('.controls')) closeMenus(target.closest('details.menu'));
  });
}
