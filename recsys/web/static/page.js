// The page's script: what clicks and forms do. `start` is called once, when Gradio has made the page.
import {copyLink} from './address.js';
import {watchDetails} from './details.js';
import {watchMaps} from './maps.js';
import {startMessages} from './messages.js';
import {navigate, startNavigation} from './navigation.js';
import {pick, startPhotos} from './photo.js';
import {toggleFold} from './restore.js';

// A form's fields as an address. Weights are sent only where one was changed.
function addressOf(form) {
  const fields = new FormData(form), sliders = form.querySelector('.sliders');
  const weighed = !sliders || sliders.dataset.weighed === '1';
  const used = [...fields].filter(([name, value]) => value && (weighed || !name.startsWith('weight.')));
  return '?' + new URLSearchParams(used);
}

function onClick(event) {
  if (event.target.closest('[data-pick]')) return pick();
  const copies = event.target.closest('[data-copy]');
  if (copies) return copyLink(copies);
  const fold = event.target.closest('[data-fold]');
  if (fold) return toggleFold(fold);
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const keeps = link.matches('.match a, .close, .controls a, [data-does]');
  navigate(link.getAttribute('href'), keeps ? 'keep' : 'link');
}

function onSubmit(event) {
  const form = event.target;
  if (!form.matches('.search, .controls')) return;
  event.preventDefault();
  navigate(addressOf(form), form.matches('.controls') ? 'keep' : 'link');
}

// `trigger` and `watch` are those that Gradio gives the script of a `gr.HTML`.
export function start(trigger, watch) {
  document.addEventListener('click', onClick);
  document.addEventListener('submit', onSubmit);
  document.addEventListener('input', ({target}) => {
    if (target.name?.startsWith('weight.')) target.closest('.sliders').dataset.weighed = '1';
  });
  document.addEventListener('change', ({target}) => {
    const form = target.closest('.controls');
    if (form) navigate(addressOf(form), 'keep');
  });
  document.addEventListener('open-article', ({detail}) => navigate(`?article=${detail.article}`));
  startPhotos();
  startMessages();
  watchDetails(document.querySelector('#detail'));
  watchMaps(document.querySelector('#answer'));
  startNavigation(trigger, watch);
  document.body.classList.add('ready');  // Tests wait for it.
}
