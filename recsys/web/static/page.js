// The page's script: what clicks and forms do. `start` is called once, when Gradio has made the page.
import {copyLink} from './address.js';
import {watchDetails} from './details.js';
import {addressOf, watchFilters} from './filters.js';
import {watchGalleries} from './galleries.js';
import {watchMaps} from './maps.js';
import {startMessages} from './messages.js';
import {navigate, startNavigation} from './navigation.js';
import {pick, startPhotos} from './photo.js';

function onClick(event) {
  if (event.target.closest('[data-pick]')) return pick();
  const copies = event.target.closest('[data-copy]');
  if (copies) return copyLink(copies);
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const keeps = link.matches('.match a, .compared a, .close, .controls a, [data-does]');
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
  document.addEventListener('change', ({target}) => {
    const form = target.closest('.controls');
    if (form) navigate(addressOf(form), 'keep');
  });
  document.addEventListener('open-article', ({detail}) => navigate(`?article=${detail.article}`));
  watchFilters();
  watchGalleries(document.querySelector('#answer'));
  startPhotos();
  startMessages();
  watchDetails(document.querySelector('#detail'));
  watchMaps(document.querySelector('#answer'));
  startNavigation(trigger, watch);
  document.body.classList.add('ready');  // Tests wait for it.
}
