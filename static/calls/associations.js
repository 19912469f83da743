// How often this page's visit was connected. An attacker in the middle has one guess at the words of each connection, so there are few
// of them. Kept for the tab, so that a reload does not begin to count anew.

// Higher: more patience with a line that breaks. Lower: fewer guesses. Eight on each side leave at most 2^-28 for a visit.
export const ASSOCIATIONS_MAX = 8;

/**
 * @param {string} visit
 * @param {Pick<Storage, "getItem"|"setItem">} storage
 */
export function associations(visit, storage) {
  const kept = `connected ${visit}`;
  // What a script or a person wrote there counts as a full measure, not as none.
  const read = () => {
    const text = storage.getItem(kept);
    return text === null ? 0 : /^[0-9]$/.test(text) ? Number(text) : ASSOCIATIONS_MAX;
  };
  let count = read();
  return {
    /** One more. False when there were too many already. */
    another() {
      count = Math.max(count, read());
      if (count >= ASSOCIATIONS_MAX) return false;
      count += 1;
      storage.setItem(kept, String(count));
      return true;
    },
    /** Whether there was one before this. */
    get again() { return count > 1; },
  };
}
