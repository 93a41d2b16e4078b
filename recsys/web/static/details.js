// Shows the details of an article as a dialog over the page. Closing it follows its "×" link.
let opener = null;

function show(element) {
  const dialog = element.querySelector('dialog');
  if (!dialog) {
    const card = opener && document.querySelector(opener);
    opener = null;
    return card?.focus({preventScroll: true});
  }
  if (dialog.open) return;
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
  dialog.showModal();
}

export function watchDetails(element) {
  show(element);
  new MutationObserver(() => show(element)).observe(element, {childList: true, subtree: true});
}
