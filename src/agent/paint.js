/** Sets the remembered theme before the first paint, so that a dark room is not lit for a moment. No module: those come after it. */
try {
  const own = JSON.parse(localStorage.getItem("deskbell.pref.theme") || '""');
  const theme = own || localStorage.getItem("deskbell.desk_theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the desk's theme comes with the first picture.
}
