/**
 * The desktop's service worker. It serves notifications and nothing else: no cache, no fetch, so that a page is always the box's own.
 */

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(pass(event.notification.data?.id || event.notification.tag, event.action));
});

// Accept and the body bring the desktop forward; Reject does its work where it is.
async function pass(id, action) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => new URL(one.url).pathname.startsWith("/agent/"));
  if (!page) return self.clients.openWindow(`/agent/#n=${encodeURIComponent(id)}&do=${encodeURIComponent(action)}`);
  if (action !== "reject") await page.focus().catch(() => {});
  page.postMessage({ kind: "notification", id, action });
}
