// Photos that visitors choose, drop or paste: made small here, and sent with the address that names
// them.
import {showMessage} from './messages.js';
import {navigate} from './navigation.js';
import {NAME, keep, noteInHistory, photoNamed, showOwnPhotos, startOwnPhotos} from './own_photos.js';

const LONGEST = 1024;  // Pixels of the longest side: no model uses more.
const ENOUGH = 400000;  // Characters of a data: address, 8 s at 400 kbit/s; the server takes 1.4 million.
const NOT_STORED = 'gone';  // Sent instead of a photo that no tab has.
const ARTICLE = 'application/x-article';
const EMPTY = 'This file is empty; choose a photo.';
const NOT_A_PHOTO = 'This file is not a picture that can be read; use JPEG, PNG, WebP, GIF or AVIF.';
const HEIC = "This browser can't open HEIC photos. Save it as JPEG first.";
const ONE_AT_A_TIME = 'One photo at a time: the first one was used.';
const SAVE_FIRST = 'Save the picture first, then add the file.';
// Fields of an address that belong to one query; filters, weights and their like stay.
const OF_A_QUERY = /^(see|shopper|basket|article|photo|words|words_weight|ignore|open|show|upto|correct\..*)$/;

const find = (selector) => document.querySelector(selector);
const input = document.createElement('input');
let turn = 0, note = null;

export const pick = () => input.click();

// What to send with an address: the photo that it names; nothing where there is none, or the server
// has read it. `again`: the server has it no longer.
export async function photoFor(address, again) {
  const name = new URLSearchParams(address).get('photo');
  if (!NAME.test(name) || (!again && name === find('.top').dataset.photo)) return undefined;
  const photo = await photoNamed(name);
  if (photo) showSending(photo);
  return photo ?? NOT_STORED;
}

// Note the photo of the browser's present address where only the history can keep it.
export const notePhoto = (address) => noteInHistory(new URLSearchParams(address).get('photo'));

// The photo in the search box and how it is getting on, until the answer comes.
function showSending(photo) {
  const sending = find('#top .sending');
  if (!sending) return;
  sending.hidden = false;
  if (photo) sending.querySelector('img').src = photo;
}

// The address of a search with one more field, with the filters and weights of this page. Words
// that were typed and not yet searched are part of it, unless they have a number of an article.
function addressWith(field, value) {
  const fields = new URLSearchParams(find('.top').dataset.address), words = find('#words');
  for (const name of [...fields.keys()]) if (OF_A_QUERY.test(name)) fields.delete(name);
  const typed = words && words.value !== words.defaultValue && !/\d{6}/.test(words.value);
  if (field === 'photo' && typed && words.value) fields.set('words', words.value);
  return `?${new URLSearchParams([[field, value], ...fields])}`;
}

function complaint(file) {
  if (!file.size) return EMPTY;
  return file.type && !file.type.startsWith('image/') ? NOT_A_PHOTO : '';
}

async function unreadable(file) {
  const start = await file.slice(4, 12).text().catch(() => '');
  return /^ftyp(hei|hev|mif)/.test(start) || /hei[cf]/i.test(file.type + file.name) ? HEIC : NOT_A_PHOTO;
}

// A picture as a small JPEG, upright and on white, as a data: address.
async function shrunk(file) {
  const picture = await createImageBitmap(file, {imageOrientation: 'from-image'});
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const photo = canvas.toDataURL('image/jpeg', 0.85);
  return photo.length > ENOUGH ? canvas.toDataURL('image/jpeg', 0.6) : photo;
}

async function search(files) {
  const file = files.find((each) => !complaint(each)), mine = ++turn;
  if (!file) return showMessage(complaint(files[0]));
  document.body.classList.add('reading');
  showSending();
  const photo = await shrunk(file).catch(() => null);
  if (mine !== turn) return;  // Another one was added meanwhile.
  document.body.classList.remove('reading');
  if (!photo) return showMessage(await unreadable(file));
  const name = keep(photo);
  note = files.length > 1 ? name : null;
  navigate(addressWith('photo', name), 'link');
}

// Runs when the answer has come.
function onChange() {
  showOwnPhotos();
  setTimeout(() => notePhoto(location.search));  // The script that has the address comes first.
  if (!note || find('.top').dataset.photo !== note) return;
  note = null;
  showMessage(ONE_AT_A_TIME);
}

function onDragStart({target, dataTransfer}) {
  const article = target.closest?.('[data-article]')?.dataset.article ?? /photos\/(\d+)/.exec(target.src)?.[1];
  if (article) dataTransfer.setData(ARTICLE, article);
}

// Whether something else than text is dragged, which would otherwise replace the page.
const isPicture = ({types}) => ['Files', 'text/uri-list', 'text/html'].some((each) => types.includes(each));

function onDrop(event) {
  document.body.classList.remove('dropping');
  if (!isPicture(event.dataTransfer)) return;
  event.preventDefault();
  const article = event.dataTransfer.getData(ARTICLE), files = [...event.dataTransfer.files];
  if (article) navigate(addressWith('article', article), 'link');
  else if (files.length) search(files);
  else showMessage(SAVE_FIRST);
}

function watchDrags() {
  document.addEventListener('dragstart', onDragStart);
  document.addEventListener('dragover', (event) => {
    if (!isPicture(event.dataTransfer)) return;
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) document.body.classList.remove('dropping');
  });
  document.addEventListener('drop', onDrop);
}

export function startPhotos() {
  startOwnPhotos();
  Object.assign(input, {type: 'file', accept: 'image/*,.heic,.heif', hidden: true});
  input.dataset.photoInput = '';
  document.body.append(input);  // Not in a part of the page that answers replace.
  input.addEventListener('change', () => {
    search([...input.files]);
    input.value = '';  // So that the same file can be chosen again.
  });
  document.addEventListener('paste', (event) => {
    const files = [...event.clipboardData.files];
    const intoText = event.target.matches?.('input, textarea') && event.clipboardData.getData('text/plain');
    if (!files.length || intoText) return;
    event.preventDefault();
    search(files);
  });
  watchDrags();
  const options = {childList: true, subtree: true, attributeFilter: ['src', 'data-own', 'data-turn']};
  for (const part of ['#top', '#answer']) new MutationObserver(onChange).observe(find(part), options);
}
