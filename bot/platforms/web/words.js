/** Every sentence the page says itself. The bot's answers and refusals come from the server. */

export const WORDS = {
  game: 'Snow people',
  room: 'Room',
  invite: 'Invite',
  log: 'Photos and answers',
  close: 'Close',
  newest: 'Newest',

  invitation: 'Show me a snow person!',
  invitationMore: 'I know two: Olaf and the Abominable Snowman. Can you fool me?',
  choose: 'Show me a photo',
  hint: 'or drop or paste one here',
  dropHere: 'Let it drop like snow!',

  playingAs: 'Playing as',
  changeName: ', change your name',
  nameTitle: 'What shall we call you?',
  nameLabel: 'Everybody in the room sees this name.',
  surprise: 'Surprise me',
  saveName: 'That’s me!',
  nameStarts: ['Frosty', 'Snowy', 'Cosy', 'Jolly', 'Sparkly', 'Merry', 'Fluffy', 'Twinkly', 'Brave', 'Sleepy'],
  nameEnds: ['Penguin', 'Reindeer', 'Polar Bear', 'Snow Owl', 'Mitten', 'Husky', 'Seal', 'Pine Cone', 'Arctic Fox', 'Icicle'],

  here: (count) => `${count} here:`,
  you: '(you)',
  reconnecting: 'Reconnecting…',
  full: 'It’s a full house right now. I’ll keep knocking…',

  shareTitle: 'Invite your family',
  shareHow: 'Point a phone’s camera at this picture, or send the link.',
  shareQr: 'QR code of this room’s link',
  shareLink: 'Link to this room',
  shareSend: 'Send…',
  copy: 'Copy link',
  copied: 'Copied!',
  copyYourself: 'The link is selected: copy it with a long press or Ctrl+C.',

  photoBy: (name) => `Photo from ${name}`,
  yourPhoto: 'Your photo',
  sending: 'Sending your photo',
  thinking: 'Hmm, let me look',
  howSure: 'How sure I am',
  tryAgain: 'Try again',
  noPreview: 'I can’t show this one here.',
  melted: 'This photo has melted away.',
  notAPhoto: 'I could not catch a photo there. Save it on this device first, then show it to me.',
  problems: {
    network: 'Brr, the connection froze. I kept your photo.',
    server: 'Oh no, I slipped on the ice. Shall we try that again?',
    tooLarge: 'That file is too heavy for my sledge: 20 MB is the most I can pull.',
  },
};
