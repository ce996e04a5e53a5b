// What only the browser can do: its colour scheme, the window's title and language, and pictures of charts.
window.dash_clientside = Object.assign({}, window.dash_clientside, {
  wardlight: {
    visit(pathname, search) {
      // The address is not known yet when the page is put together.
      if (pathname === undefined) return window.dash_clientside.no_update;
      return { pathname, search, system: window.wardlightSystem.matches ? "dark" : "light" };
    },
    describe_document(description) {
      if (description) {
        document.title = description.title;
        document.documentElement.lang = description.language;
        document.documentElement.dataset.scheme = description.scheme;
      }
      return window.dash_clientside.no_update;
    },
    follow_address(addresses) {
      // Replaced, not pushed: a way back for every step of a slider would be none. Dash is not told, the page is as it is.
      const [address] = addresses;
      if (address && address !== window.location.pathname + window.location.search) {
        window.history.replaceState(window.history.state, "", address);
      }
      return addresses.map(() => window.dash_clientside.no_update);
    },
  },
});

window.wardlightSystem.addEventListener("change", () => {
  const { pathname, search } = window.location;
  window.dash_clientside.set_props("visit", { data: window.dash_clientside.wardlight.visit(pathname, search) });
});

// A picture is passed on without its page: it carries the chart's title and the release that it is of.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-picture]");
  const chart = button?.closest("figure").querySelector(".js-plotly-plot");
  if (!chart || !window.Plotly) return;
  const style = getComputedStyle(document.documentElement);
  const heading = button.closest("section")?.querySelector("h2, h3") ?? document.querySelector("h1");
  const source = [...document.querySelectorAll(".identity .city, .facts > span > .release-id")].map((each) => each.textContent);
  const { width, height } = chart.getBoundingClientRect();
  const note = (text, size, y, anchor) => ({
    text, x: 0, y, xref: "paper", yref: "paper", xanchor: "left", yanchor: anchor, showarrow: false, font: { size }, name: "picture",
  });
  const [top, bottom] = [44, 44];
  const { margin } = chart._fullLayout;
  const layout = {
    ...chart.layout,
    paper_bgcolor: style.getPropertyValue("--surface"),
    margin: { ...margin, t: margin.t + top, b: margin.b + bottom, l: Math.max(margin.l, 16) },
    annotations: [
      ...(chart.layout.annotations ?? []),
      { ...note(heading?.textContent ?? "", 16, 1, "bottom"), yshift: margin.t + 12 },
      { ...note(source.join(" · "), 11, 0, "top"), yshift: -margin.b - 18 },
    ],
  };
  const subject = new URLSearchParams(window.location.search).get("indicator");
  const page = window.location.pathname.slice(1) || "overview";
  const filename = ["wardlight", page, subject, button.dataset.picture].filter(Boolean).join("_");
  window.Plotly.downloadImage(
    { data: chart.data, layout },
    { format: "png", scale: 2, width: Math.round(width), height: Math.round(height) + top + bottom, filename },
  );
});

// The explanation of first use, until it is put away for good.
document.addEventListener("click", (event) => {
  const wanted = event.target.closest?.("[data-help]:not(html)")?.dataset.help;
  if (!wanted) return;
  if (wanted === "close") {
    delete document.documentElement.dataset.help;
    localStorage.setItem("wardlight-help-read", "1");
  } else {
    document.documentElement.dataset.help = "";
    window.scrollTo({ top: 0 });
    document.querySelector(".first-use button")?.focus();
  }
});
