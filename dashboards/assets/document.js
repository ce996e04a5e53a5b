// What only the browser can do: its colour scheme, the window's title and language, and the grid's own CSV export.
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
    download(clicks) {
      return clicks ? true : window.dash_clientside.no_update;
    },
  },
});

window.wardlightSystem.addEventListener("change", () => {
  const { pathname, search } = window.location;
  window.dash_clientside.set_props("visit", { data: window.dash_clientside.wardlight.visit(pathname, search) });
});
