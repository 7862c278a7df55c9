// The chat page opened on its own, without a site around it: loaded only then.

/** The page's storage is its own. */
export function alone(id) {
  const key = `deskbell:${id}`;
  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(key)) || {};
    } catch {
      return {}; // Refused or unreadable: this visit is remembered only while the page stays.
    }
  };
  const saved = read();
  return {
    framed: false,
    resume: saved.resume,
    kept: saved.kept || {},
    shown: true,
    locale: navigator.language,
    keep(fields) {
      try {
        localStorage.setItem(key, JSON.stringify({ ...read(), ...fields }));
      } catch {
        // As above.
      }
    },
    context: async () => ({ page: { url: location.href, title: document.title, referrer: document.referrer } }),
    token: async () => null,
    tell() {},
    on() {},
  };
}
