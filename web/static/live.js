// Follows a run: replaces the regions of its page that the server says have
// changed. Without it, the page is as it was when it was loaded.
"use strict";
(() => {
  const run = document.querySelector("[data-events]");
  if (!run || !window.EventSource) return;
  const lost = document.getElementById("lost");
  let source = null;
  let ended = false;

  const replace = (event) => {
    const { id, version, html } = JSON.parse(event.data);
    const region = document.getElementById(id);
    if (!region || region.dataset.version === version) return;
    region.dataset.version = version;
    region.innerHTML = html; // the server's own templates, escaped there
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };
  const open = () => {
    if (source || ended) return;
    source = new EventSource(run.dataset.events);
    source.addEventListener("open", () => { lost.hidden = true; });
    source.addEventListener("region", replace);
    source.addEventListener("end", () => { ended = true; lost.hidden = true; close(); });
    source.addEventListener("error", () => {
      lost.hidden = false;
      if (source && source.readyState === EventSource.CLOSED) {
        close(); // refused for good, or the server was starting
        setTimeout(open, 5000);
      }
    });
  };
  // A browser holds few connections to a server: a page that nobody sees
  // leaves its own to the others.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close(); else open();
  });
  if (!document.hidden) open();
})();
