// What the first paint must know, in the head: the colour scheme (the address decides, else the reader's system), and
// whether this reader has been here before.
window.wardlightSystem = window.matchMedia("(prefers-color-scheme: dark)");
(function () {
  const asked = new URLSearchParams(window.location.search).get("scheme");
  const system = window.wardlightSystem.matches ? "dark" : "light";
  document.documentElement.dataset.scheme = asked === "dark" || asked === "light" ? asked : system;
  try {
    if (!localStorage.getItem("wardlight-help-read")) document.documentElement.dataset.help = "";
  } catch {
    // A browser that keeps nothing would explain itself on every page: it is asked for by the button then.
  }
})();
