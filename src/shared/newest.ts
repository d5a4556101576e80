/** Maps that keep the newest of their entries. */

/** Puts an entry at the end of a map. Of more than `most` the first, oldest one is taken out and returned. */
export function keepNewest<Key, Value>(kept: Map<Key, Value>, key: Key, value: Value, most: number): Value | undefined {
  kept.delete(key);
  kept.set(key, value);
  if (kept.size <= most) return undefined;
  const [[oldest, dropped]] = kept as unknown as [[Key, Value]];
  kept.delete(oldest);
  return dropped;
}
