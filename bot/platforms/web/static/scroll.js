/** The log scrolls along with what is new. */

const AT_BOTTOM_PX = 90;

/**
 * Keeps the newest bubble in sight, unless somebody has scrolled up to look at older ones.
 * @param {HTMLElement} scroller
 * @param {HTMLElement} list
 * @param {HTMLButtonElement} newest leads back down
 */
export function followNewest(scroller, list, newest) {
  let following = true;
  let lastTop = 0;
  const toBottom = () => {
    following = true;
    scroller.scrollTo(0, scroller.scrollHeight);
    lastTop = scroller.scrollTop;
  };
  const isAtBottom = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < AT_BOTTOM_PX;
  const resized = new ResizeObserver(() => following && toBottom());
  resized.observe(scroller);
  resized.observe(list);
  // At once: a log that shrinks and grows before the next frame is drawn looks as if somebody had scrolled up.
  new MutationObserver(() => {
    newest.hidden = following;
    if (following) toBottom();
  }).observe(list, { childList: true, subtree: true });
  scroller.addEventListener('scroll', () => {
    // Not being at the bottom is no proof: a bubble may have come in since.
    if (scroller.scrollTop < lastTop) following = false;
    if (isAtBottom()) following = true;
    lastTop = scroller.scrollTop;
    if (following) newest.hidden = true;
  });
  newest.addEventListener('click', toBottom);
  return toBottom;
}
