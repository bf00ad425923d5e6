/** What this browser remembers. One that keeps nothing (private windows, blocked storage) still plays, as somebody new each time. */

export const memory = {
  recall(key) {
    try {
      return localStorage.getItem(`snowpeople.${key}`);
    } catch {
      return null;
    }
  },
  keep(key, value) {
    try {
      localStorage.setItem(`snowpeople.${key}`, value);
    } catch {
      // Nothing is lost but the next visit's memory.
    }
  },
};
