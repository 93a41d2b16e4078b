// What goes wrong before the server's events are reached, Gradio writes into a note of its own. The
// page shows it as a message, in plain words.
import {NO_CONNECTION} from './connection.js';
import {reveal} from './frame.js';
import {finish} from './navigation.js';

const find = (selector) => document.querySelector(selector);

function sentence(note) {
  if (note.startsWith('Connection to the server was lost')) return NO_CONNECTION;
  const answer = /^HTTP \d+: (.*)$/s.exec(note)?.[1] ?? note;
  try {
    return String(JSON.parse(answer).detail);
  } catch {
    return answer;
  }
}

export function showMessage(text) {
  const top = find('#top .top');
  top.querySelector('.message')?.remove();
  const message = document.createElement('div');
  message.className = 'message';
  message.setAttribute('role', 'alert');
  message.textContent = text;
  top.append(message);
  reveal(message);
}

function showNote() {
  const note = find('.toast-message-text');
  if (!note || !find('#top .top')) return;
  finish();
  showMessage(sentence(note.textContent));
  document.querySelectorAll('.toast-close').forEach((each) => each.click());
}

export const startMessages = () =>
  new MutationObserver(showNote).observe(find('.toast-wrap'), {childList: true, subtree: true});
