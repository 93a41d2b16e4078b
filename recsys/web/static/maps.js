// Draws the maps of articles. A map shows the name of the article under the pointer; a click opens it.
const MARGIN = 12;  // Pixels around the points.
const NEAR = 18;  // Pixels: articles farther from the pointer are not meant.

const points = (canvas) => (canvas.points ??= JSON.parse(canvas.dataset.points));
const articles = (canvas) => {
  const maps = canvas.closest('.maps');
  return (maps.articles ??= JSON.parse(maps.dataset.articles));
};
const position = (canvas, at) => {
  const side = canvas.clientWidth - 2 * MARGIN;
  return [0, 1].map((axis) => MARGIN + (points(canvas)[2 * at + axis] / 999) * side);
};

function draw(canvas) {
  const side = canvas.clientWidth, scale = window.devicePixelRatio || 1;
  if (!side) return;
  canvas.width = canvas.height = Math.round(side * scale);
  const context = canvas.getContext('2d'), style = getComputedStyle(canvas);
  context.scale(scale, scale);
  context.globalAlpha = 0.75;
  const [, , departments] = articles(canvas), size = departments.length > 1000 ? 1.6 : 2.6;
  departments.forEach((department, at) => {
    context.fillStyle = style.getPropertyValue(`--department-${department}`);
    context.beginPath();
    context.arc(...position(canvas, at), size, 0, 7);
    context.fill();
  });
}

function nearest(canvas, event) {
  const box = canvas.getBoundingClientRect();
  let best = -1, least = NEAR * NEAR;
  for (let at = 0; at < points(canvas).length / 2; at++) {
    const [x, y] = position(canvas, at);
    const far = (x - event.clientX + box.left) ** 2 + (y - event.clientY + box.top) ** 2;
    if (far < least) [best, least] = [at, far];
  }
  return best;
}

function showName(canvas, at) {
  const tip = canvas.parentElement.querySelector('.tip');
  tip.hidden = at < 0;
  if (at < 0) return;
  const [x, y] = position(canvas, at);
  tip.textContent = articles(canvas)[1][at];
  tip.style.top = `${canvas.offsetTop + y + 10}px`;
  tip.style.left = `${Math.max(0, Math.min(x, canvas.clientWidth - tip.offsetWidth))}px`;
}

const resized = new ResizeObserver((entries) => entries.forEach((each) => draw(each.target)));

function start(element) {
  element.querySelectorAll('canvas[data-points]').forEach((canvas) => {
    if (canvas.started) return;
    canvas.started = true;
    resized.observe(canvas);
    canvas.addEventListener('pointermove', (event) => showName(canvas, nearest(canvas, event)));
    canvas.addEventListener('pointerleave', () => showName(canvas, -1));
    canvas.addEventListener('click', (event) => {
      const at = nearest(canvas, event);
      if (at < 0) return;
      const detail = {article: articles(canvas)[0][at]};
      canvas.dispatchEvent(new CustomEvent('open-article', {bubbles: true, detail}));
    });
  });
}

// Start the maps that the element has now, and those that it will have.
export function watchMaps(element) {
  start(element);
  new MutationObserver(() => start(element)).observe(element, {childList: true, subtree: true});
  const redraw = () => element.querySelectorAll('canvas[data-points]').forEach(draw);
  new MutationObserver(redraw).observe(
    document.body, {attributes: true, attributeFilter: ['class']});
}
