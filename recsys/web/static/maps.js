// Maps of articles. A map shows the article under the pointer with its photo; a click opens it, the
// wheel, two fingers and the buttons zoom, and dragging selects the articles of a rectangle.
const MARGIN = 12;  // Pixels around the points.
const NEAR = 18;  // Pixels: articles farther from the pointer are not meant.
const CLOSEST = 1 / 32;  // Share of a map's width that can be zoomed to.
const STEP = 0.7;  // What a zoom leaves of the visible width.
const DRAGGED = 6;  // Pixels: a shorter drag is a click.
const MOST_LISTED = 48;
const WHOLE = {left: 0, top: 0, size: 1};  // What is visible, in shares of the map's width.
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

const points = (canvas) => (canvas.points ??= JSON.parse(canvas.dataset.points));
const articles = (canvas) => {
  const maps = canvas.closest('.maps');
  return (maps.articles ??= JSON.parse(maps.dataset.articles));
};
const photo = (canvas, at) =>
  `photos/${articles(canvas)[0][at]}.webp?release=${canvas.closest('.maps').dataset.release}&width=160`;
const inside = (canvas) => canvas.clientWidth - 2 * MARGIN;
const place = (canvas, at) => [points(canvas)[2 * at] / 999, points(canvas)[2 * at + 1] / 999];
const toPixels = (canvas, [x, y]) => [
  MARGIN + ((x - canvas.view.left) / canvas.view.size) * inside(canvas),
  MARGIN + ((y - canvas.view.top) / canvas.view.size) * inside(canvas),
];
const toShares = (canvas, [x, y]) => [
  canvas.view.left + ((x - MARGIN) / inside(canvas)) * canvas.view.size,
  canvas.view.top + ((y - MARGIN) / inside(canvas)) * canvas.view.size,
];
const pointer = (canvas, event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left - canvas.clientLeft, event.clientY - box.top - canvas.clientTop];
};
const all = (canvas) => articles(canvas)[0].map((_, at) => at);

function draw(canvas) {
  const side = canvas.clientWidth, scale = window.devicePixelRatio || 1;
  if (!side) return;
  canvas.width = canvas.height = Math.round(side * scale);
  const context = canvas.getContext('2d'), style = getComputedStyle(canvas);
  context.scale(scale, scale);
  context.globalAlpha = 0.75;
  const departments = articles(canvas)[2], size = departments.length > 1000 ? 1.6 : 2.6;
  const larger = size / Math.sqrt(canvas.view.size);
  departments.forEach((department, at) => {
    context.fillStyle = style.getPropertyValue(`--department-${department}`);
    context.beginPath();
    context.arc(...toPixels(canvas, place(canvas, at)), Math.min(larger, 7), 0, 7);
    context.fill();
  });
  context.globalAlpha = 1;
  context.strokeStyle = style.color;
  if (canvas.dragged) context.strokeRect(...canvas.dragged);
  if (canvas.current >= 0) {
    context.beginPath();
    context.arc(...toPixels(canvas, place(canvas, canvas.current)), 9, 0, 7);
    context.stroke();
  }
}

function nearest(canvas, [x, y]) {
  const distance = (at) => {
    const [left, top] = toPixels(canvas, place(canvas, at));
    return (left - x) ** 2 + (top - y) ** 2;
  };
  const best = all(canvas).reduce((one, other) => (distance(other) < distance(one) ? other : one));
  return distance(best) < NEAR * NEAR ? best : -1;
}

// Show an article's name and photo beside its point; none for -1.
function showArticle(canvas, at) {
  const tip = canvas.parentElement.querySelector('.tip');
  tip.hidden = at < 0;
  if (at < 0 || canvas.current === at) return;
  canvas.current = at;
  const [x, y] = toPixels(canvas, place(canvas, at));
  tip.querySelector('img').src = photo(canvas, at);
  tip.querySelector('span').textContent = articles(canvas)[1][at];
  tip.style.top = `${canvas.offsetTop + y + 12}px`;
  tip.style.left = `${Math.max(0, Math.min(x, canvas.clientWidth - tip.offsetWidth))}px`;
  draw(canvas);
}

function forget(canvas) {
  canvas.current = -1;
  showArticle(canvas, -1);
  draw(canvas);
}

// Let `share` be what is left of the visible width, with the point at `[x, y]` pixels where it is.
function zoom(canvas, share, at = [canvas.clientWidth / 2, canvas.clientWidth / 2]) {
  const [x, y] = toShares(canvas, at), {left, top, size} = canvas.view;
  const next = Math.min(1, Math.max(CLOSEST, size * share)), kept = next / size;
  const within = (start) => Math.min(1 - next, Math.max(0, start));
  canvas.view = {left: within(x - (x - left) * kept), top: within(y - (y - top) * kept), size: next};
  forget(canvas);
}

function open(canvas, at) {
  if (at < 0) return;
  const detail = {article: articles(canvas)[0][at]};
  canvas.dispatchEvent(new CustomEvent('open-article', {bubbles: true, detail}));
}

// Select the articles of a rectangle, and list them below the maps as cards.
function select(canvas, [x, y, width, height]) {
  const [left, top] = toShares(canvas, [x, y]), [right, bottom] = toShares(canvas, [x + width, y + height]);
  const found = all(canvas).filter((at) => {
    const [across, down] = place(canvas, at);
    return across >= left && across <= right && down >= top && down <= bottom;
  });
  const list = canvas.closest('.wide').querySelector('.selected');
  const more = found.length > MOST_LISTED ? `, the first ${MOST_LISTED} below` : '';
  list.querySelector('[role=status]').textContent =
    `${found.length} article${found.length === 1 ? '' : 's'} selected${more}.`;
  list.querySelector('ol').replaceChildren(
    ...found.slice(0, MOST_LISTED).map((at) => card(canvas, at)));
}

function card(canvas, at) {
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const image = make('img', {src: photo(canvas, at), alt: '', loading: 'lazy', width: 160, height: 240});
  const name = make('span', {className: 'name', textContent: articles(canvas)[1][at]});
  const link = make('a', {}, make('span', {className: 'photo'}, image), name);
  link.setAttribute('href', `?article=${articles(canvas)[0][at]}`);
  return make('li', {className: 'match'}, link);
}

// Move to the nearest article in a direction. Straight ahead counts as nearer than aside.
function step(canvas, [dx, dy]) {
  const here = canvas.current >= 0 ? place(canvas, canvas.current) : toShares(canvas, [0, 0]);
  const cost = (at) => {
    const [x, y] = place(canvas, at).map((each, axis) => each - here[axis]);
    const ahead = x * dx + y * dy;
    return ahead > 0 ? ahead + 2 * Math.abs(x * dy - y * dx) : Infinity;
  };
  const best = all(canvas).reduce((one, other) => (cost(other) < cost(one) ? other : one));
  if (cost(best) < Infinity || canvas.current < 0) showArticle(canvas, best);
}

function onKey(canvas, event) {
  if (ARROWS[event.key]) step(canvas, ARROWS[event.key]);
  else if (event.key === 'Enter') open(canvas, canvas.current);
  else if (event.key === '+') zoom(canvas, STEP);
  else if (event.key === '-') zoom(canvas, 1 / STEP);
  else if (event.key === 'Escape') forget(canvas);
  else return;
  event.preventDefault();
}

function onWheel(canvas, event) {
  const closer = event.deltaY < 0;
  if (!closer && canvas.view.size === 1) return;  // The page scrolls.
  event.preventDefault();
  zoom(canvas, closer ? STEP : 1 / STEP, pointer(canvas, event));
}

// Dragging draws a rectangle; two fingers zoom.
function watchPointers(canvas) {
  const down = new Map();
  const apart = () => {
    const [[x1, y1], [x2, y2]] = down.values();
    return {distance: Math.hypot(x1 - x2, y1 - y2), middle: [(x1 + x2) / 2, (y1 + y2) / 2]};
  };
  let start = null;
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);  // A drag may end beside the map.
    down.set(event.pointerId, pointer(canvas, event));
    start = down.size === 1 ? pointer(canvas, event) : null;
  });
  canvas.addEventListener('pointermove', (event) => {
    const [x, y] = pointer(canvas, event);
    if (!down.has(event.pointerId)) return showArticle(canvas, nearest(canvas, [x, y]));
    const before = down.size === 2 && apart();
    down.set(event.pointerId, [x, y]);
    if (before) return zoom(canvas, before.distance / apart().distance, apart().middle);
    if (!start || Math.hypot(x - start[0], y - start[1]) < DRAGGED) return;
    canvas.dragged = [
      Math.min(x, start[0]), Math.min(y, start[1]), Math.abs(x - start[0]), Math.abs(y - start[1])];
    forget(canvas);
  });
  const end = (event) => {
    const {dragged} = canvas;
    down.delete(event.pointerId);
    canvas.dragged = null;
    if (dragged && event.type === 'pointerup') select(canvas, dragged);
    else if (start && event.type === 'pointerup') open(canvas, nearest(canvas, pointer(canvas, event)));
    start = null;
    if (dragged) draw(canvas);
  };
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  canvas.addEventListener('pointerleave', () => down.size || forget(canvas));
}

const resized = new ResizeObserver((entries) => entries.forEach((each) => draw(each.target)));

function startMap(canvas) {
  if (canvas.view) return;
  Object.assign(canvas, {view: WHOLE, current: -1});
  resized.observe(canvas);
  watchPointers(canvas);
  canvas.addEventListener('wheel', (event) => onWheel(canvas, event), {passive: false});
  canvas.addEventListener('keydown', (event) => onKey(canvas, event));
  canvas.addEventListener('blur', () => forget(canvas));
  canvas.parentElement.querySelectorAll('[data-zoom]').forEach((button) =>
    button.addEventListener('click', () => zoom(canvas, Number(button.dataset.zoom))));
}

const start = (element) => element.querySelectorAll('canvas[data-points]').forEach(startMap);

// Start the maps that the element has now, and those that it will have.
export function watchMaps(element) {
  start(element);
  new MutationObserver(() => start(element)).observe(element, {childList: true, subtree: true});
  const redraw = () => element.querySelectorAll('canvas[data-points]').forEach(draw);
  new MutationObserver(redraw).observe(
    document.body, {attributes: true, attributeFilter: ['class']});
}
