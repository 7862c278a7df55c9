// Older pages of the conversation, and what an outage longer than a welcome can carry left out.

const HISTORY_LIMIT = 50;

/** Where messages are missing: `before` of the page to ask for, or null. Seqs run from 1 without a gap (REQ D-17). */
function gap(thread) {
  const { messages } = thread;
  for (let i = messages.length - 1; i > 0; i--) if (messages[i].seq !== messages[i - 1].seq + 1) return messages[i].seq;
  return null;
}

/** The page of history that comes next when the customer reads upwards, or null at the beginning. */
function older(state) {
  const oldest = state.threads[0];
  if (oldest && oldest.messages[0].seq > 1) return { conversation: oldest.id, before: oldest.messages[0].seq };
  return state.mode === "persistent" && state.earlier.length ? { conversation: state.earlier[0].id } : null;
}

/** @param {{get: () => object, dispatch: (action: object) => void, set: (fields: object) => void, line: any}} parts */
export function openPast({ get, dispatch, set, line }) {
  return {
    /** Fetches what is missing between two messages. */
    async mend() {
      for (let turns = 0; turns < 40; turns++) {
        const thread = get().threads.at(-1);
        const before = thread && gap(thread);
        if (!before) return;
        const answer = await line.request("history", { conversation: thread.id, before, limit: HISTORY_LIMIT });
        if (!answer.messages.length) return;
        dispatch({ type: "messages", messages: answer.messages });
      }
    },

    async readOlder() {
      const want = older(get());
      if (!want) return;
      set({ reading: true });
      try {
        const answer = await line.request("history", { ...want, limit: HISTORY_LIMIT });
        dispatch({ type: "messages", messages: answer.messages });
        if (!want.before) dispatch({ type: "earlier read", id: want.conversation });
      } catch (error) {
        if (error.code !== "lost" && !want.before) dispatch({ type: "earlier read", id: want.conversation });
      }
      set({ reading: false });
    },
  };
}
