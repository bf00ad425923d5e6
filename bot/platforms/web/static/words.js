/** Every sentence of the page's own, in the language of the moment. The bot's come from the server. */

/** Look a sentence up when it is shown, and not before: the room may change its language. */
export const WORDS = {};

/** Loads a language; until it is there, the page goes on in the one before. */
export async function loadLanguage(language) {
  const response = await fetch(new URL(`words.${language}.json`, import.meta.url));
  Object.assign(WORDS, await response.json());
  document.documentElement.lang = language;
}

/** Fills the marked parts of the page: data-text, data-label (the accessible name), data-placeholder. */
export function translate(root = document) {
  for (const element of root.querySelectorAll('[data-text]')) element.textContent = WORDS[element.dataset.text];
  for (const element of root.querySelectorAll('[data-label]')) element.setAttribute('aria-label', WORDS[element.dataset.label]);
  for (const element of root.querySelectorAll('[data-placeholder]')) element.placeholder = WORDS[element.dataset.placeholder];
}

/** Puts values into a sentence: fill('{count} here:', { count: 2 }). */
export function fill(sentence, values) {
  return sentence.replace(/{(\w+)}/g, (_, name) => values[name]);
}

/** Dates are written as this person's own region does, where it has the page's language. */
export function dateLocale() {
  const { lang } = document.documentElement;
  return navigator.languages.find((tag) => tag.split('-')[0] === lang) ?? lang;
}
