/** Who plays on this device: one person, or several who hand it on. Each is a player of their own. */

import { randomId } from './wire.js';

const SECRET = /^[A-Za-z0-9_-]{16,64}$/;

/** @typedef {{player: string, name: string}} Person `player` is the secret by which the server knows them */

export class Family {
  #memory;
  /** @type {Person[]} */
  #people;
  /** @type {Person} whose turn it is */
  current;

  /**
   * @param {{recall: (key: string) => string|null, keep: (key: string, value: string) => void}} memory
   * @param {() => string} suggestName
   */
  constructor(memory, suggestName) {
    this.#memory = memory;
    const [player, name] = [memory.recall('player'), memory.recall('name')];
    const me = { player: SECRET.test(player ?? '') ? player : randomId(), name: name || suggestName() };
    this.#people = this.#recalled();
    const known = this.#people.find((person) => person.player === me.player);
    if (!known) this.#people.unshift(me);
    this.current = known ?? me;
    this.#keep();
  }

  get isAlone() {
    return this.#people.length < 2;
  }

  /** The secret of who was here first: by it a party night knows the device, whoever holds it. */
  get first() {
    return this.#people[0].player;
  }

  /** Hands the device on to the next of them. */
  next() {
    this.current = this.#people[(this.#people.indexOf(this.current) + 1) % this.#people.length];
    this.#keep();
  }

  /** One more person plays here. */
  add(name) {
    this.current = { player: randomId(), name };
    this.#people.push(this.current);
    this.#keep();
  }

  /** The person whose turn it is plays here no more. */
  remove() {
    const index = this.#people.indexOf(this.current);
    this.#people.splice(index, 1);
    this.current = this.#people[index % this.#people.length];
    this.#keep();
  }

  rename(name) {
    this.current.name = name;
    this.#keep();
  }

  #recalled() {
    try {
      const people = JSON.parse(this.#memory.recall('family') ?? '[]');
      return people.filter(({ player, name }) => SECRET.test(player) && typeof name === 'string');
    } catch {
      return [];
    }
  }

  #keep() {
    this.#memory.keep('player', this.current.player);
    this.#memory.keep('name', this.current.name);
    this.#memory.keep('family', JSON.stringify(this.#people));
  }
}
