// The details of an article are a dialog over the page; closing it goes where its "×" leads.
let from = null;

function show() {
  const dialog = element.querySelector('dialog');
  if (!dialog) {
    const card = from && document.querySelector(from);
    from = null;
    return card?.focus({preventScroll: true});
  }
  if (dialog.open) return;
  const at = document.activeElement, model = at?.closest('[data-model]')?.dataset.model;
  if (model && at.dataset.article) {
    from = `[data-model="${model}"] [data-article="${at.dataset.article}"]`;
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

show();
new MutationObserver(show).observe(element, {childList: true, subtree: true});
