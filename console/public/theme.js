// Runs before anything is painted, so that nobody sees the other theme for a moment.
try {
  const chosen = localStorage.getItem("provost.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the system's theme holds.
}
