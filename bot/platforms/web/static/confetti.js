/** Snow, ice and bits of carrot, for a moment when somebody fooled the bot. */

import { make } from './elements.js';

const MOST_PIECES = 130;
const PIECE_PX = 5; // of the window's width: on a phone there are fewer
const LONGEST_MS = 4_500;
const GRAVITY = 900; // of everything here: CSS pixels and seconds
const DRAG = 1.4;
const COLOURS = ['#ffffff', '#ffffff', '#d7efff', '#8fd0f7', '#3d9be0', '#ee7f2d'];
const EDGE = 'rgb(60 120 175 / .55)';

const STILL = matchMedia('(prefers-reduced-motion: reduce)');

/** Lets it snow out of both lower corners; nothing for who wants no motion, or does not look. */
export function celebrate() {
  document.querySelector('.confetti')?.remove();
  if (STILL.matches || document.hidden) return;
  const canvas = make('canvas', { class: 'confetti', 'aria-hidden': 'true' });
  const scale = Math.min(devicePixelRatio, 2);
  const [width, height] = [innerWidth, innerHeight];
  canvas.width = width * scale;
  canvas.height = height * scale;
  document.body.append(canvas);
  const pen = canvas.getContext('2d');
  pen.scale(scale, scale);
  const count = Math.min(MOST_PIECES, width / PIECE_PX);
  let pieces = Array.from({ length: count }, (_, index) => thrown(index % 2, width, height));
  const began = performance.now();
  let before = began;

  const draw = (now) => {
    const seconds = Math.min(0.05, (now - before) / 1000);
    before = now;
    pieces = pieces.filter((piece) => piece.y < height + 30);
    if (!canvas.isConnected) return;
    if (!pieces.length || now - began > LONGEST_MS || STILL.matches) {
      canvas.remove();
      return;
    }
    pen.clearRect(0, 0, width, height);
    pen.globalAlpha = Math.min(1, (LONGEST_MS - (now - began)) / 600);
    for (const piece of pieces) {
      move(piece, seconds);
      drawPiece(pen, piece);
    }
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
}

function between(least, most) {
  return least + Math.random() * (most - least);
}

function thrown(fromRight, width, height) {
  const [away, up] = [between(0.1, 0.75) * Math.max(width, 500), between(0.75, 1.9) * height];
  return {
    x: fromRight ? width + 10 : -10,
    y: height * between(0.75, 1),
    right: fromRight ? -away * 1.3 : away * 1.3,
    down: -up,
    turn: between(0, 6),
    spin: between(-5, 5),
    size: between(4, 11),
    colour: COLOURS[Math.floor(Math.random() * COLOURS.length)],
    isFlake: Math.random() < 0.45,
  };
}

function move(piece, seconds) {
  const slower = Math.exp(-DRAG * seconds);
  piece.right *= slower;
  piece.down = piece.down * slower + GRAVITY * seconds;
  piece.x += piece.right * seconds;
  piece.y += piece.down * seconds;
  piece.turn += piece.spin * seconds;
}

function drawPiece(pen, { x, y, turn, size, colour, isFlake }) {
  pen.save();
  pen.translate(x, y);
  pen.rotate(turn);
  pen.beginPath();
  if (isFlake) {
    for (let arm = 0; arm < 3; arm += 1) {
      pen.rotate(Math.PI / 3);
      pen.moveTo(-size, 0);
      pen.lineTo(size, 0);
    }
    pen.lineCap = 'round';
    for (const [style, width] of [[EDGE, 4], [colour, 2.4]]) {
      pen.strokeStyle = style;
      pen.lineWidth = width;
      pen.stroke();
    }
  } else {
    pen.arc(0, 0, size / 1.7, 0, 2 * Math.PI);
    pen.fillStyle = colour;
    pen.fill();
    pen.strokeStyle = EDGE;
    pen.stroke();
  }
  pen.restore();
}
