// Questions are asked again when the connection or the server is lost. Gradio's client sends them with
// `fetch`: one request that asks, and a stream that brings the answers.
export const NO_CONNECTION = 'No connection. Trying again…';
export const GIVEN_UP = 'The server does not answer. Try again later.';

const LONGEST_PAUSE = 8000;  // Milliseconds.
const MOST_WAITS = 3;  // For a server that says when to come back.
const MOST_RELOADS = 3;  // A question that breaks the server is not asked for ever.
const LAST_MESSAGE = 500;  // Characters.

const fetchFirst = window.fetch;
const json = (response) => response.headers.get('content-type')?.includes('json');

// Wait longer after each try, but no longer than until the browser is online again.
const pause = (tries) => new Promise((resolve) => {
  const timer = setTimeout(end, Math.min(1000 * 2 ** tries, LONGEST_PAUSE) * (0.75 + Math.random() / 2));
  window.addEventListener('online', end);
  function end() {
    clearTimeout(timer);
    window.removeEventListener('online', end);
    resolve();
  }
});

// A proxy, or a Space that sleeps, answers instead of the app, whose own refusals are JSON.
const isAway = (response) => !response || ([502, 503, 504].includes(response.status) && !json(response));

async function refusal(response, tries) {
  const seconds = response.status === 429 && Number(response.headers.get('retry-after'));
  if (!seconds || seconds > 60 || tries >= MOST_WAITS) return null;
  const {detail} = await response.clone().json().catch(() => ({}));
  return {seconds, detail};
}

// Send a request until something answers. `say` gets what to tell the visitor meanwhile.
async function insist(sent, say) {
  for (let away = 0, refused = 0; ;) {
    const request = sent[0] instanceof Request ? [sent[0].clone(), sent[1]] : sent;
    const response = await fetchFirst(...request).catch((error) => {
      if (error.name === 'AbortError') throw error;
    });
    if (isAway(response)) {
      say(NO_CONNECTION);
      await pause(away++);
      continue;
    }
    const wait = await refusal(response, refused++);
    if (!wait) return response;
    if (wait.detail) say(wait.detail);
    await new Promise((next) => setTimeout(next, wait.seconds * 1000));
  }
}

// Call `onBreak` when a stream ends without the message that ends it, and nobody has aborted it.
async function watchEnd(response, onBreak) {
  const reader = response.clone().body.pipeThrough(new TextDecoderStream()).getReader();
  let end = '';
  try {
    for (let read; !(read = await reader.read()).done;) end = (end + read.value).slice(-LAST_MESSAGE);
  } catch (error) {
    if (error.name === 'AbortError') return;
  }
  if (!end.includes('"close_stream"')) onBreak();
}

// `say` tells the visitor something; `onAsked` runs when a question has arrived, `onRefusal` when the
// app has refused it, and `onBreak` when a stream of answers has broken off.
export function watchConnection({say, onAsked, onRefusal, onBreak}) {
  window.fetch = async (...sent) => {
    const url = String(sent[0]?.url ?? sent[0]);
    const asks = url.includes('/queue/join'), answers = url.includes('/queue/data');
    const response = await (asks || answers ? insist(sent, say) : fetchFirst(...sent));
    if (asks) response.ok ? onAsked() : onRefusal();
    if (answers && response.ok) watchEnd(response, onBreak);
    return response;
  };
}

// How often the page was loaded again for the question of its address. A browser may deny other storage
// to a page in a frame; this one is kept for as long as the address, and not for another.
const reloads = () => history.state?.reloads ?? 0;

// Whether a question has been asked often enough. The visitor may ask it once more.
export function isHopeless() {
  const hopeless = reloads() >= MOST_RELOADS;
  if (hopeless) history.replaceState({...history.state, reloads: 0}, '');
  return hopeless;
}

// Load the page again, at its present address, as soon as the server is there.
export async function reloadWhenBack() {
  history.replaceState({...history.state, reloads: reloads() + 1}, '');
  for (let tries = 0; ; tries++) {
    await pause(tries);
    const response = await fetchFirst(new URL('health', document.baseURI)).catch(() => null);
    if (response?.ok && json(response)) return window.location.reload();
  }
}
