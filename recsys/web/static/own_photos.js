// The visitor's own photos, which no server stores: kept in this tab by the name that addresses have
// for them, and handed to other tabs of the page that ask.
const MOST = 5;
const LIST = 'own-photos';  // The key of their names in sessionStorage, the one used last at the end.
const ANSWER_TIME = 1000;  // Milliseconds; an open tab answers within a few.
export const NAME = /^own-[0-9a-f]{8}$/;
const photos = new Map(), asked = new Map();
let channel = null;

// FNV-1a: `crypto.subtle`, which has better hashes, exists on https and localhost only.
function nameOf(photo) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < photo.length; at++) hash = Math.imul(hash ^ photo.charCodeAt(at), 0x01000193);
  return `own-${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

function write(names) {
  for (const key of Object.keys(sessionStorage)) {
    if (NAME.test(key) && !names.includes(key)) sessionStorage.removeItem(key);
  }
  for (const name of names) sessionStorage.setItem(name, photos.get(name));
  sessionStorage.setItem(LIST, JSON.stringify(names));
}

// Where the browser has no room for all of them, the oldest are in this page's memory only.
function save() {
  const names = [...photos.keys()];
  for (let first = 0; first < names.length; first++) {
    try {
      return write(names.slice(first));
    } catch { /* It is full, or closed to pages in frames. */ }
  }
}

// A browser may deny storage to a page in a frame. What is noted beside its address in the browser's
// history survives when the frame is loaded again.
export function noteInHistory(name) {
  if (!photos.has(name) || isStored(name) || history.state?.photo) return;
  history.replaceState({...history.state, photo: photos.get(name)}, '');
}

function isStored(name) {
  try {
    return sessionStorage.getItem(name) !== null;
  } catch {
    return false;
  }
}

function read() {
  const noted = history.state?.photo;
  if (noted) photos.set(nameOf(noted), noted);
  try {
    for (const name of JSON.parse(sessionStorage.getItem(LIST) ?? '[]')) {
      const photo = sessionStorage.getItem(name);
      if (photo) photos.set(name, photo);
    }
  } catch { /* As above. */ }
}

// Keep a photo, given as a data: address, and return its name.
export function keep(photo) {
  const name = nameOf(photo);
  photos.delete(name);
  photos.set(name, photo);
  if (photos.size > MOST) photos.delete(photos.keys().next().value);
  save();
  return name;
}

// The photo with a name, of this tab or else of another one; undefined if no tab has it.
export async function photoNamed(name) {
  const photo = photos.get(name) ?? await ofOtherTabs(name);
  if (photo) keep(photo);
  return photo;
}

function ofOtherTabs(name) {
  return new Promise((resolve) => {
    asked.set(name, resolve);
    setTimeout(resolve, channel ? ANSWER_TIME : 0);
    channel?.postMessage({wanted: name});
  });
}

function onMessage({data: {wanted, photo}}) {
  if (photos.has(wanted)) channel.postMessage({photo: photos.get(wanted)});
  if (photo) asked.get(nameOf(photo))?.(photo);
}

// The server sends no photo back: it says where one belongs.
export function showOwnPhotos() {
  for (const picture of document.querySelectorAll('img[data-own]')) {
    const photo = photos.get(picture.dataset.own);
    if (photo && picture.getAttribute('src') !== photo) picture.src = photo;
  }
}

export function startOwnPhotos() {
  read();
  try {
    channel = new BroadcastChannel(LIST);
    channel.onmessage = onMessage;
  } catch { /* As above. */ }
}
