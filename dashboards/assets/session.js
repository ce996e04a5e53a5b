// A session that has ended while a page is open: the server answers 401, and the reader is led to sign in and back.
(function () {
  const ask = window.fetch;
  window.fetch = async function (...given) {
    const answer = await ask.apply(this, given);
    if (answer.status !== 401 || new URL(answer.url).origin !== window.location.origin) return answer;
    const { sign_in: door, why } = await answer.clone().json().catch(() => ({}));
    if (!door) return answer;
    const { pathname, search } = window.location;
    const fields = new URLSearchParams({ next: pathname + search, why: why || "expired" });
    const chosen = new URLSearchParams(search);
    for (const name of ["lang", "scheme"]) if (chosen.get(name)) fields.set(name, chosen.get(name));
    window.location.assign(door + "?" + fields);
    // The page is about to go: what waited for the answer waits on.
    return new Promise(() => {});
  };
})();
