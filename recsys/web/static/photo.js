// The visitor's photo: chosen, dropped or pasted.
import {begin} from './navigation.js';

const input = () => document.querySelector('#photo input[type=file]');

export const pick = () => input()?.click();

// Gradio writes names of files into the page as HTML, so it gets none of a visitor's.
function choose(file) {
  const transfer = new DataTransfer(), ending = /\.\w{1,5}$/.exec(file.name) ?? '';
  transfer.items.add(new File([file], `photo${ending}`, {type: file.type}));
  input().files = transfer.files;
  input().dispatchEvent(new Event('change', {bubbles: true}));
}

function upload(file) {
  if (input() && file?.type.startsWith('image/')) choose(file);
}

export function startPhotos() {
  const {classList} = document.body;
  document.addEventListener('change', (event) => {
    const file = event.target.closest('#photo') && event.target.files?.[0];
    if (!file || /^photo(\.\w{1,5})?$/.test(file.name)) return;
    event.stopImmediatePropagation();
    choose(file);
  }, true);
  document.addEventListener('change', (event) => event.target.closest('#photo') && begin('link'));
  document.addEventListener('paste', (event) => upload(event.clipboardData.files[0]));
  document.addEventListener('dragover', (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    classList.add('dropping');
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) classList.remove('dropping');
  });
  document.addEventListener('drop', (event) => {
    classList.remove('dropping');
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    upload(event.dataTransfer.files[0]);
  });
}
