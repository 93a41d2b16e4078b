// Arrows beside galleries that are wider than the page, and one article marked in all columns.

// An arrow is there while there is something to see in its direction. The cards are links, so the
// keyboard needs no arrows.
function showArrows() {
  for (const row of document.querySelectorAll('.gallery .row')) {
    const matches = row.querySelector('.matches');
    const left = Math.abs(matches.scrollLeft), most = matches.scrollWidth - matches.clientWidth;
    const [back, on] = row.querySelectorAll('.arrow');
    if (!on) continue;
    back.hidden = left < 8;
    on.hidden = left > most - 8;
  }
}

function scroll(arrow) {
  const matches = arrow.closest('.row').querySelector('.matches');
  const way = getComputedStyle(matches).direction === 'rtl' ? -1 : 1;
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const left = way * arrow.dataset.scroll * matches.clientWidth * 0.85;
  matches.scrollBy({left, behavior: calm ? 'auto' : 'smooth'});
}

function markArticle({target}) {
  const article = target.closest?.('.compared [data-article]')?.dataset.article;
  for (const each of document.querySelectorAll('.compared [data-article]')) {
    each.classList.toggle('same', each.dataset.article === article);
  }
}

export function watchGalleries(answer) {
  document.addEventListener('click', ({target}) => {
    const arrow = target.closest('.arrow');
    if (arrow) scroll(arrow);
  });
  document.addEventListener('mouseover', markArticle);
  document.addEventListener('focusin', markArticle);
  document.addEventListener('scroll', showArrows, true);
  window.addEventListener('resize', showArrows);
  new MutationObserver(showArrows).observe(answer, {childList: true, subtree: true});
  new ResizeObserver(showArrows).observe(answer);
  showArrows();
}
