/** The ways to show a photo: choose or take one, paste it, let it drop. */

const byId = (id) => document.getElementById(id);

/** @param {{take: (files: File[]) => void, none: () => void, cancel?: () => void}} on `none`: no file was in what dropped */
export function listenForPhotos({ take, none, cancel = () => {} }) {
  const file = byId('file');
  // Chromium on Android 14 and later offers no camera for image types alone; any other type brings it back
  // (https://issues.chromium.org/issues/40937303).
  if (/Android/.test(navigator.userAgent) && !/Firefox/.test(navigator.userAgent)) file.accept += ',android/allowCamera';
  byId('choose').addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    take([...file.files]);
    file.value = '';
  });
  file.addEventListener('cancel', cancel);
  document.addEventListener('paste', ({ clipboardData }) => {
    if (clipboardData?.files.length) take([...clipboardData.files]);
  });
  listenForDrops(take, none);
}

function listenForDrops(take, none) {
  const overlay = byId('drop');
  const cover = (isOver) => (overlay.hidden = !isOver);
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    cover(event.dataTransfer.types.includes('Files'));
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) cover(false);
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    cover(false);
    const { files } = event.dataTransfer;
    if (files.length) take([...files]);
    else none();
  });
}
