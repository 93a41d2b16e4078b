// Shows the details of an article as a dialog over the page. Closing it follows its "×" link.
import {framed, onPlace, scrollHost} from './frame.js';

const LEAST = 320;  // Pixels of a framed page in which details can be read.
let opener = null;

function show(element) {
  const dialog = element.querySelector('dialog');
  if (!dialog) {
    const card = opener && document.querySelector(opener);
    opener = null;
    return card?.focus({preventScroll: true});
  }
  if (dialog.open || dialog.dataset.shown) return;
  dialog.dataset.shown = '1';
  const at = document.activeElement, model = at?.closest('[data-model]')?.dataset.model;
  if (model && at.dataset.article) {
    opener = `[data-model="${model}"] [data-article="${at.dataset.article}"]`;
  }
  const close = dialog.querySelector('.close');
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    close.click();
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) close.click();
  });
  if (framed) placed(dialog).then(() => dialog.isConnected && dialog.showModal());
  else dialog.showModal();
}

// Keep a dialog on the visitor's screen, wherever the host has scrolled to, until it is closed.
const placed = (dialog) => new Promise((resolve) => onPlace((seen) => {
  const height = Math.max(seen.height, LEAST);
  const top = Math.max(0, Math.min(seen.top, document.documentElement.scrollHeight - height));
  if (!dialog.open && seen.height < LEAST) scrollHost(top);
  dialog.style.setProperty('--top', `${top}px`);
  dialog.style.setProperty('--height', `${height}px`);
  resolve();
  return dialog.isConnected;
}));

export function watchDetails(element) {
  show(element);
  new MutationObserver(() => show(element)).observe(element, {childList: true, subtree: true});
}
