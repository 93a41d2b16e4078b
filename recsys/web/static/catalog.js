const MARGIN = 12, NEAR = 18;

const points = (canvas) => (canvas.points ??= JSON.parse(canvas.dataset.points));
const articles = (canvas) => {
  const maps = canvas.closest('.maps');
  return (maps.articles ??= JSON.parse(maps.dataset.articles));
};
const place = (canvas, at) => {
  const side = canvas.clientWidth - 2 * MARGIN;
  return [0, 1].map((axis) => MARGIN + (points(canvas)[2 * at + axis] / 999) * side);
};

function draw(canvas) {
  const side = canvas.clientWidth, scale = window.devicePixelRatio || 1;
  if (!side) return;
  canvas.width = canvas.height = Math.round(side * scale);
  const pen = canvas.getContext('2d'), style = getComputedStyle(canvas);
  pen.scale(scale, scale);
  pen.globalAlpha = 0.75;
  const [, , groups] = articles(canvas), size = groups.length > 1000 ? 1.6 : 2.6;
  groups.forEach((group, at) => {
    pen.fillStyle = style.getPropertyValue(`--department-${group}`);
    pen.beginPath();
    pen.arc(...place(canvas, at), size, 0, 7);
    pen.fill();
  });
}

function nearest(canvas, event) {
  const box = canvas.getBoundingClientRect();
  let best = -1, least = NEAR * NEAR;
  for (let at = 0; at < points(canvas).length / 2; at++) {
    const [x, y] = place(canvas, at);
    const far = (x - event.clientX + box.left) ** 2 + (y - event.clientY + box.top) ** 2;
    if (far < least) [best, least] = [at, far];
  }
  return best;
}

function tell(canvas, at) {
  const tip = canvas.parentElement.querySelector('.tip');
  tip.hidden = at < 0;
  if (at < 0) return;
  const [x, y] = place(canvas, at);
  tip.textContent = articles(canvas)[1][at];
  tip.style.top = `${canvas.offsetTop + y + 10}px`;
  tip.style.left = `${Math.max(0, Math.min(x, canvas.clientWidth - tip.offsetWidth))}px`;
}

const resized = new ResizeObserver((entries) => entries.forEach((each) => draw(each.target)));

function begin() {
  element.querySelectorAll('canvas[data-points]').forEach((canvas) => {
    if (canvas.begun) return;
    canvas.begun = true;
    resized.observe(canvas);
    canvas.addEventListener('pointermove', (event) => tell(canvas, nearest(canvas, event)));
    canvas.addEventListener('pointerleave', () => tell(canvas, -1));
    canvas.addEventListener('click', (event) => {
      const at = nearest(canvas, event);
      if (at < 0) return;
      const detail = {article: articles(canvas)[0][at]};
      canvas.dispatchEvent(new CustomEvent('open-article', {bubbles: true, detail}));
    });
  });
}

begin();
new MutationObserver(begin).observe(element, {childList: true, subtree: true});
new MutationObserver(() => element.querySelectorAll('canvas[data-points]').forEach(draw)).observe(
  document.body, {attributes: true, attributeFilter: ['class']});
