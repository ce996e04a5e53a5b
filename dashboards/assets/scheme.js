// The colour scheme of the first paint: the address decides, else the reader's system. Runs in the head.
window.wardlightSystem = window.matchMedia("(prefers-color-scheme: dark)");
(function () {
  const asked = new URLSearchParams(window.location.search).get("scheme");
  const system = window.wardlightSystem.matches ? "dark" : "light";
  document.documentElement.dataset.scheme = asked === "dark" || asked === "light" ? asked : system;
})();
