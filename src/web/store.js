/**
 * One state object, one direction: something happens, the reducer gives the next state, views are drawn from it.
 *
 * @template S
 * @typedef {{get: () => S, dispatch: (action: {type: string}) => void, watch: (run: (state: S) => void) => () => void,
 *   view: (inputs: (state: S) => any[], draw: (state: S) => void) => void}} Store
 */

/**
 * @template S
 * @param {(state: S, action: any) => S} reduce pure; returns the same object when nothing changes
 * @param {S} initial
 * @returns {Store<S>}
 */
export function createStore(reduce, initial) {
  let state = initial;
  let due = false;
  /** @type {Set<(state: S) => void>} */
  const watchers = new Set();

  // Drawn once per turn however many frames it brought. A microtask and not an animation frame: those stop in a
  // hidden tab, and the title and the alerts must be right before the tab is looked at.
  function draw() {
    due = false;
    for (const run of [...watchers]) run(state);
  }

  function watch(run) {
    watchers.add(run);
    return () => watchers.delete(run);
  }

  return {
    get: () => state,
    dispatch(action) {
      const next = reduce(state, action);
      if (next === state) return;
      state = next;
      if (!due) {
        due = true;
        queueMicrotask(draw);
      }
    },
    watch,
    /** Draws only when one of its inputs is another object than the last time. */
    view(inputs, run) {
      let last = null;
      const step = (now) => {
        const seen = inputs(now);
        if (last && seen.length === last.length && seen.every((one, i) => Object.is(one, last[i]))) return;
        last = seen;
        run(now);
      };
      watch(step);
      step(state);
    },
  };
}
