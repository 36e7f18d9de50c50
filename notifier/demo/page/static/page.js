"use strict";

// Asks for the page it stands in once a second, and takes over what is new in the parts that
// are marked with data-live. Without it the page works too, by reloading.
(() => {
  const PAUSE = 1000;
  const PAUSE_WHEN_GONE = 5000;
  const DEADLINE = 10000;
  const SPOKEN = 3;

  const news = document.getElementById("news");
  const state = document.getElementById("state");
  const form = document.getElementById("send");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  let tag = "";
  let timer = 0;
  let asking = false;
  let sending = false;

  const show = (node) => {
    if (!still.matches) {
      node.animate({ opacity: [0, 1], transform: ["translateY(-0.5rem)", "none"] }, 250);
    }
  };

  // What has the focus keeps it: its counterpart is the link to the same place.
  const exchange = (old, fresh) => {
    const focused = old.contains(document.activeElement)
      ? document.activeElement.getAttribute("href")
      : null;
    old.replaceWith(fresh);
    if (focused !== null) {
      const links = [...fresh.querySelectorAll("a")];
      links.find((link) => link.getAttribute("href") === focused)?.focus();
    }
  };

  // Children are known by their ids; gives what the new ones say of themselves.
  const merge = (box, fresh) => {
    if (fresh.childElementCount === 0) {
      if (box.textContent !== fresh.textContent) {
        box.textContent = fresh.textContent;
      }
      return [];
    }
    const known = new Map([...box.children].map((child) => [child.id, child]));
    const said = [];
    let place = box.firstElementChild;
    for (const wanted of [...fresh.children]) {
      const here = known.get(wanted.id);
      known.delete(wanted.id);
      if (here === undefined) {
        box.insertBefore(wanted, place);
        show(wanted);
        if (wanted.dataset.news) {
          said.push(wanted.dataset.news);
        }
      } else if (here.isEqualNode(wanted)) {
        place = here.nextElementSibling;
      } else {
        exchange(here, wanted);
        place = wanted.nextElementSibling;
      }
    }
    known.forEach((gone) => gone.remove());
    return said;
  };

  // Seen by everybody in one line, and heard where a screen reader is.
  const say = (text) => {
    state.textContent = text;
    news.textContent = text;
  };

  const speak = (said) => {
    if (said.length === 0) {
      return;
    }
    const more = said.length > SPOKEN ? `, and ${said.length - SPOKEN} more` : "";
    say(`New: ${said.slice(0, SPOKEN).join("; ")}${more}`);
  };

  const take = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const said = [];
    for (const fresh of page.querySelectorAll("[data-live]")) {
      const box = document.getElementById(fresh.id);
      if (box) {
        said.push(...merge(box, fresh));
      }
    }
    speak(said);
  };

  const live = () => {
    if (!state.classList.contains("live")) {
      state.classList.add("live");
      state.textContent = "Live: what is new appears by itself";
    }
  };

  const gone = () => {
    if (state.classList.contains("live")) {
      state.classList.remove("live");
      say("The demo does not answer; this page shows what it saw last.");
    }
  };

  const ask = async () => {
    if (asking || document.hidden) {
      return;
    }
    asking = true;
    clearTimeout(timer);
    let pause = PAUSE;
    try {
      const answer = await fetch(location.pathname, {
        headers: { "if-none-match": tag },
        cache: "no-store",
        signal: AbortSignal.timeout(DEADLINE),
      });
      if (answer.status === 200) {
        live();
        take(await answer.text());
        tag = answer.headers.get("etag");
      } else if (answer.status === 304) {
        live();
      } else {
        gone();
      }
    } catch {
      gone();
      pause = PAUSE_WHEN_GONE;
    }
    asking = false;
    timer = setTimeout(ask, pause);
  };

  const send = async (event) => {
    event.preventDefault();
    if (sending) {
      return;
    }
    sending = true;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        signal: AbortSignal.timeout(DEADLINE),
      });
      if (answer.ok) {
        take(await answer.text());
      } else {
        say("That could not be sent.");
      }
    } catch {
      gone();
    }
    sending = false;
  };

  document.addEventListener("visibilitychange", ask);
  form?.addEventListener("submit", send);
  ask();
})();
